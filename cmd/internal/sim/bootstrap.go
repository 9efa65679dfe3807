package sim

import (
	"time"

	"github.com/troupedb/troupe/gossip"
)

const (
	bootTick  = 50 * time.Millisecond
	bootGrace = 300 * time.Millisecond
)

// Bootstrap implements actors.Gossip: it asks the listed addresses, and decides as package gossip does.
func (g *gossiper) Bootstrap(done func(gossip.Decision, error)) { g.decide(g.p.m.s.now, done) }

func (g *gossiper) decide(began time.Duration, done func(gossip.Decision, error)) {
	s := g.p.m.s
	s.after(bootTick, func() {
		if g.closed || g.p.over {
			return
		}
		if d := g.decision(s.now - began); !g.p.paused && d.Action != gossip.Wait {
			done(d, nil)
			return
		}
		g.decide(began, done)
	})
}

func (g *gossiper) decision(waited time.Duration) gossip.Decision {
	seen := map[string]gossip.Answer{}
	for _, n := range g.shown {
		seen[n.Gossip] = said(n)
	}
	for _, addr := range g.cfg.Join {
		if addr != g.self.node.Gossip {
			seen[addr] = g.ask(addr, waited)
		}
	}
	return gossip.Decide(g.self.node.Gossip, g.cfg.Join, seen)
}

func said(n gossip.Node) gossip.Answer {
	if n.Cluster.IsZero() {
		return gossip.Answer{State: gossip.Empty}
	}
	return gossip.Answer{State: gossip.Named, Cluster: n.Cluster}
}

// ask is what an address answers.
func (g *gossiper) ask(addr string, waited time.Duration) gossip.Answer {
	s, place := g.p.m.s, g.p.m.s.placeOf(addr)
	to := s.processAt(place)
	switch {
	case !s.net.both(g.p.m.i, place) && waited < dialTimeout, to == nil && waited < bootGrace:
		return gossip.Answer{}
	case !s.net.both(g.p.m.i, place), to == nil:
		return gossip.Answer{State: gossip.Unreachable}
	case to.paused || to.gossip == nil:
		return gossip.Answer{State: gossip.Silent}
	}
	return said(to.gossip.self.node)
}
