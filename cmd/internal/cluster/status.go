package cluster

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/troupedb/troupe/slotmap"
)

// askTimeout bounds a question to a node about its state. It is long: the machine may be busy with the load.
const askTimeout = 3 * time.Second

// System is a kind of cluster that can be run.
type System interface {
	// Command is the program and arguments that run a node.
	Command(*Node) ([]string, error)
	// Form makes a cluster of started nodes.
	Form(context.Context, *Cluster) error
	// Join makes a started node part of a cluster that serves.
	Join(context.Context, *Node) error
	// Shards asks the nodes that live. A node that does not answer is left out.
	Shards(context.Context, *Cluster) ([]Shard, error)
	// Show tells in words what the node has of a shard.
	Show(ctx context.Context, n *Node, shard int) string
	// Voters is how many copies each shard has when all is well.
	Voters(Options) int
	// Serves returns nil if the node calls the cluster whole.
	Serves(context.Context, *Node) error
}

// Shard is what the nodes say of a shard.
type Shard struct {
	ID      int
	Slots   []slotmap.Range
	Leader  int    // index of the node that leads it; -1 if none says so
	Term    uint64 // of that leader
	Voters  int    // copies, by the word of the leader
	Holders []int  // indexes of the nodes that say they hold one, the leader's too
	InStep  int    // holders that have carried out, but for the last moments, what the leader knows to be committed
}

// Followers are the indexes of the nodes that hold a copy and do not lead.
func (s Shard) Followers() []int {
	return slices.DeleteFunc(slices.Clone(s.Holders), func(i int) bool { return i == s.Leader })
}

func (s Shard) slots() int {
	n := 0
	for _, r := range s.Slots {
		n += int(r.Last) - int(r.First) + 1
	}
	return n
}

// Shards is what the nodes say, by shard id.
func (c *Cluster) Shards(ctx context.Context) ([]Shard, error) { return c.opts.System.Shards(ctx, c) }

// Show tells in words how far each node is with a shard.
func (c *Cluster) Show(ctx context.Context, shard int) string {
	var all []string
	for _, n := range c.Nodes() {
		text := "does not answer"
		if n.Answers() {
			text = c.opts.System.Show(ctx, n, shard)
		}
		all = append(all, n.Name+" "+text)
	}
	return strings.Join(all, "; ")
}

// LeaderOf returns the node that leads a shard.
func (c *Cluster) LeaderOf(ctx context.Context, shard int) (*Node, error) {
	shards, err := c.Shards(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range shards {
		if s.ID == shard && s.Leader >= 0 {
			return c.Node(s.Leader), nil
		}
	}
	return nil, fmt.Errorf("shard %d has no leader", shard)
}

// WaitReady returns when the cluster is healthy.
func (c *Cluster) WaitReady(ctx context.Context) error {
	return Until(ctx, 50*time.Millisecond, func() error { return c.Health(ctx) })
}

// Health returns nil when every node lives and calls the cluster whole, every slot belongs to a shard, and
// every shard has a leader and all its copies, in step with it; else what is missing.
func (c *Cluster) Health(ctx context.Context) error {
	for _, n := range c.Nodes() {
		if !n.Alive() {
			return c.whyDead(n)
		}
		if !n.Answers() {
			return fmt.Errorf("%s is paused", n.Name)
		}
		if err := c.opts.System.Serves(ctx, n); err != nil {
			return fmt.Errorf("%s: %w", n.Name, err)
		}
	}
	shards, err := c.Shards(ctx)
	if err != nil {
		return err
	}
	return whole(shards, c.opts.System.Voters(c.opts))
}

// whyDead tells a node that was killed from one that ended by itself.
func (c *Cluster) whyDead(n *Node) error {
	if state, yes := n.crashed(); yes {
		return fmt.Errorf("%s: %w (%s):\n%s", n.Name, ErrEnded, state, n.LogTail(10))
	}
	return fmt.Errorf("%s does not run", n.Name)
}

func whole(shards []Shard, voters int) error {
	slots := 0
	for _, s := range shards {
		slots += s.slots()
		switch {
		case s.Leader < 0:
			return fmt.Errorf("shard %d has no leader", s.ID)
		case s.Voters < voters || len(s.Holders) < voters:
			return fmt.Errorf("shard %d has %d of %d voters, %d nodes hold it", s.ID, s.Voters, voters, len(s.Holders))
		case s.InStep < voters:
			return fmt.Errorf("shard %d: %d of %d copies are in step", s.ID, s.InStep, voters)
		}
	}
	if slots != slotmap.Count {
		return fmt.Errorf("%d of %d slots belong to a shard", slots, slotmap.Count)
	}
	return nil
}
