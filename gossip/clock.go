package gossip

import (
	"sync"
	"time"

	"github.com/troupedb/troupe/slotmap"
)

// Clock is how far a peer's wall clock is ahead of ours, by its latest answer
// to a probe.
type Clock struct {
	Node   slotmap.NodeID
	Offset time.Duration
	RTT    time.Duration // Offset is off by at most half of it
	At     time.Time
}

// clocks is what answers to probes say of others' wall clocks.
type clocks struct {
	mu struct {
		sync.Mutex
		by map[slotmap.NodeID]Clock
	}
}

// note takes the time that a peer said it was, rtt after it was asked.
func (c *clocks) note(id slotmap.NodeID, theirs time.Time, rtt time.Duration) {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mu.by == nil {
		c.mu.by = make(map[slotmap.NodeID]Clock)
	}
	c.mu.by[id] = Clock{Node: id, Offset: theirs.Sub(now.Add(-rtt / 2)), RTT: rtt, At: now}
}

// of returns what is known of the given nodes and forgets all others.
func (c *clocks) of(nodes []Node) []Clock {
	c.mu.Lock()
	defer c.mu.Unlock()
	keep := make(map[slotmap.NodeID]Clock, len(nodes))
	var out []Clock
	for _, n := range nodes {
		if k, ok := c.mu.by[n.ID]; ok {
			keep[n.ID] = k
			out = append(out, k)
		}
	}
	c.mu.by = keep
	return out
}
