package actors

import (
	"testing"

	"github.com/troupedb/troupe/actors/replica"
)

// A node that is about to stop hands over what it leads, tells the others, and hands over again what comes back.
func TestWhoLeavesKeepsNoLeadership(t *testing.T) {
	c := startTrio(t)
	c.until("three voters everywhere, and a shard led by each", func() bool {
		leads, whole := c.spread()
		return whole && leads == [3]int{1, 1, 1}
	})
	leaver := c.nodes[0]
	<-leaver.HandOver()
	if led := leaver.Routes().Led(); len(led) > 0 {
		t.Errorf("it would stop while it leads %d shards", len(led))
	}
	c.until("the others know", func() bool {
		id := leaver.Routes().Self.ID
		return c.nodes[1].Routes().Nodes[id].Leaving && c.nodes[2].Routes().Nodes[id].Leaving
	})
	for _, h := range leaver.Routes().Handles {
		won := h.Gauges.Elections.Load()
		c.until("what comes back is handed over again", func() bool {
			if h.Gauges.Elections.Load() > won {
				return len(leaver.Routes().Led()) == 0
			}
			for _, n := range c.nodes[1:] {
				n.system.Root.Send(n.Routes().Handles[h.Shard].PID, &replica.Transfer{To: h.Gauges.Replica})
			}
			return false
		})
	}
}
