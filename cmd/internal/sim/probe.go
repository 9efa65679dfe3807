package sim

import (
	"slices"
	"time"

	"github.com/troupedb/troupe/gossip"
)

// probeTimeout is how late an answer to a probe may come.
const probeTimeout = 250 * time.Millisecond

// probe asks a place what its wall clock shows.
func (g *gossiper) probe(place int) {
	s, m := g.p.m.s, g.p.m
	asked := m.clock.mono(s.now)
	s.datagram(m.i, place, func(to *process) {
		shown := gossip.Clock{Node: to.gossip.self.node.ID, Wall: to.m.clock.wall(s.now).Milliseconds()}
		s.datagram(place, m.i, func(back *process) {
			if back == g.p {
				g.shows(shown, asked)
			}
		})
	})
}

// shows takes the answer to a probe that was asked at a time of the monotonic clock.
func (g *gossiper) shows(c gossip.Clock, asked time.Duration) {
	now := g.p.m.clock.mono(g.p.m.s.now)
	if c.RTT = now - asked; c.RTT <= probeTimeout {
		c.Mono = (asked + c.RTT/2).Milliseconds()
		g.clocks[c.Node] = c
	}
}

// Clocks implements actors.Gossip.
func (g *gossiper) Clocks() (out []gossip.Clock) {
	for id := range g.clocks {
		if _, ok := g.shown[id]; !ok {
			delete(g.clocks, id)
		}
	}
	for _, c := range g.clocks {
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b gossip.Clock) int { return a.Node.Compare(b.Node) })
	return out
}
