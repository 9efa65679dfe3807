package gossip

import (
	"context"
	"fmt"
	"time"
)

const (
	// bootGrace is how long a listed node may take to listen, when all are
	// started at the same moment, before it counts as absent.
	bootGrace = 300 * time.Millisecond
	bootTick  = 50 * time.Millisecond
)

// Bootstrap waits until it is clear whether this node shall start a cluster or
// join one. With a cluster id in Config.Self it returns at once. It carries out
// nothing: the caller makes an id or takes the one found, and calls SetSelf;
// those who wait for this node see it then. On the end of ctx it returns what
// it waited for as an error.
func (g *Gossip) Bootstrap(ctx context.Context) (Decision, error) {
	if c := g.cluster(); !c.IsZero() {
		return Decision{Action: JoinCluster, Cluster: c}, nil
	}
	began := time.Now()
	tick := time.NewTicker(bootTick)
	defer tick.Stop()
	var said string
	for {
		d := g.decide(time.Since(began) < bootGrace)
		if d.Action != Wait {
			return d, nil
		}
		if time.Since(began) > time.Second && (d.Reason != said || g.limit.allow("bootstrap", time.Now())) {
			said = d.Reason
			g.log.Info("not in a cluster yet", "why", d.Reason)
		}
		select {
		case <-ctx.Done():
			return d, fmt.Errorf("gossip: %s: %w", d.Reason, ctx.Err())
		case <-g.ctx.Done():
			return d, ErrClosed
		case <-g.bootKick:
		case <-tick.C:
		}
	}
}

// decide applies Decide to what is known right now.
func (g *Gossip) decide(grace bool) Decision {
	g.mu.Lock()
	defer g.mu.Unlock()
	self := g.mu.self.Gossip
	seen := make(map[string]Answer)
	for _, n := range g.mu.dir.shown {
		seen[n.Gossip] = said(n)
	}
	var list []string
	for _, entry := range g.cfg.Join {
		t := g.mu.targets[entry]
		if t.self {
			list = append(list, self)
			continue
		}
		seat := t.seat()
		list = append(list, seat)
		seen[seat] = g.answerOf(t, grace)
	}
	if g.mu.self.Gateway {
		return gatewayDecision(seen)
	}
	return Decide(self, list, seen)
}

// answerOf prefers what a target's node says by gossip to what it answered.
//
// REQUIRES: g.mu held.
func (g *Gossip) answerOf(t *target, grace bool) Answer {
	if n, ok := t.livesIn(g.mu.dir); ok {
		return said(n)
	}
	switch t.answer.State {
	case Empty:
		return Answer{} // it said so, and is not there any more: ask again
	case Unreachable:
		if grace {
			return Answer{}
		}
	}
	return t.answer
}

func said(n Node) Answer {
	if n.Cluster.IsZero() {
		return Answer{State: Empty}
	}
	return Answer{State: Named, Cluster: n.Cluster}
}

// gatewayDecision joins or waits: a gateway holds no data to start with.
func gatewayDecision(seen map[string]Answer) Decision {
	if d, found := named(seen); found {
		return d
	}
	return Decision{Reason: "waiting for a cluster"}
}
