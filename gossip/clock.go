package gossip

import (
	"sync"
	"time"

	"github.com/troupedb/troupe/slotmap"
)

// Clock is what a peer's wall clock showed when it answered a probe last.
type Clock struct {
	Node slotmap.NodeID
	Wall int64         // Unix milliseconds
	Mono int64         // Config.Mono when it showed that, give or take half of RTT
	RTT  time.Duration // of the probe; no more than its timeout of 250 ms
}

// clocks is what answers to probes say of others' wall clocks.
type clocks struct {
	mu struct {
		sync.Mutex
		by map[slotmap.NodeID]Clock
	}
}

// note takes the latest answer of a peer.
func (c *clocks) note(k Clock) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mu.by == nil {
		c.mu.by = make(map[slotmap.NodeID]Clock)
	}
	c.mu.by[k.Node] = k
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
