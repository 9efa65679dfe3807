package chaos

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/troupedb/troupe/cmd/internal/cluster"
	"github.com/troupedb/troupe/cmd/internal/netcut"
)

// Target is the cluster under test. Nodes are named by index. All methods are called from any goroutine.
type Target interface {
	Addrs() []string
	Name(node int) string
	Shards(context.Context) ([]cluster.Shard, error)
	// Health returns nil when the loss of any one node could be borne.
	Health(context.Context) error
	Alive(node int) bool
	// Crashes tells of each node that ended by itself.
	Crashes() []Crash
	// Show tells how far the log of a shard is at each node, in words.
	Show(ctx context.Context, shard int) string

	Kill(node int) error // returns when the node is gone
	Stop(ctx context.Context, node int) error
	Start(ctx context.Context, node int) error // returns when the node answers
	Pause(node int) error
	Resume(node int) error
	// Cut cuts these ways and opens all others.
	Cut(map[netcut.Way]bool) error
	Disk(node int) (Disk, error)
	// Replace starts a node that is gone with an empty disk.
	Replace(ctx context.Context, node int) error
	Add(context.Context) error
}

// Disk is a disk that can be made bad.
type Disk interface {
	Slow(by time.Duration)
	Fill(room int64)
	Free()
	Break(yes bool)
	FailedSyncs() int // since it was last broken
}

// Crash is the end of a node that nobody had told to end.
type Crash struct {
	Node int
	At   time.Time
	Text string
}

// processes is a cluster of real processes as a target.
type processes struct{ *cluster.Cluster }

// Processes makes a target of a cluster.
func Processes(c *cluster.Cluster) Target { return processes{c} }

func (p processes) Name(i int) string                      { return p.Node(i).Name }
func (p processes) Alive(i int) bool                       { return p.Node(i).Alive() }
func (p processes) Kill(i int) error                       { return p.Node(i).Kill9() }
func (p processes) Stop(ctx context.Context, i int) error  { return p.Node(i).Stop(ctx) }
func (p processes) Start(ctx context.Context, i int) error { return p.Node(i).Restart(ctx) }
func (p processes) Pause(i int) error                      { return p.Node(i).Pause() }
func (p processes) Resume(i int) error                     { return p.Node(i).Resume() }
func (p processes) Disk(i int) (Disk, error)               { return p.Node(i).Disk() }
func (p processes) Replace(ctx context.Context, i int) error {
	return p.Cluster.Replace(ctx, p.Node(i))
}
func (p processes) Show(ctx context.Context, shard int) string { return p.Cluster.Show(ctx, shard) }
func (p processes) Add(ctx context.Context) error {
	_, err := p.AddNode(ctx)
	return err
}

func (p processes) Crashes() (out []Crash) {
	for _, c := range p.Cluster.Crashes() {
		out = append(out, Crash{c.Node.Index, c.At, c.Node.Name + " ended by itself: " + c.State})
	}
	return out
}

// revive starts every node that is down.
func revive(ctx context.Context, t Target) (err error) {
	for i := range t.Addrs() {
		if !t.Alive(i) {
			err = errors.Join(err, named(t, i, t.Start(ctx, i)))
		}
	}
	return err
}

func named(t Target, i int, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", t.Name(i), err)
	}
	return nil
}
