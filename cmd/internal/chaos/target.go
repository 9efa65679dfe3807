package chaos

import (
	"context"
	"errors"

	"github.com/troupedb/troupe/cmd/internal/cluster"
)

// Target is the cluster under test. Nodes are named by index. All methods are called from any goroutine.
type Target interface {
	Addrs() []string
	Name(node int) string
	Shards(context.Context) ([]cluster.Shard, error)
	// Health returns nil when the loss of any one node could be borne.
	Health(context.Context) error
	// Kill returns when the node is gone.
	Kill(node int) error
	// Restart returns when the node answers.
	Restart(ctx context.Context, node int) error
	// Revive restarts all nodes that are down.
	Revive(context.Context) error
	// Crashes tells of each node that ended without having been killed.
	Crashes() []string
}

// processes is a cluster of real processes as a target.
type processes struct{ *cluster.Cluster }

func (p processes) Name(i int) string                        { return p.Node(i).Name }
func (p processes) Kill(i int) error                         { return p.Node(i).Kill9() }
func (p processes) Restart(ctx context.Context, i int) error { return p.Node(i).Restart(ctx) }
func (p processes) Revive(ctx context.Context) (err error) {
	for _, n := range p.Nodes() {
		if !n.Alive() {
			err = errors.Join(err, n.Restart(ctx))
		}
	}
	return err
}

func (p processes) Crashes() []string {
	var out []string
	for _, c := range p.Cluster.Crashes() {
		out = append(out, c.Node.Name+" ended by itself: "+c.State)
	}
	return out
}
