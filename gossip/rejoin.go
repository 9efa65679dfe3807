package gossip

import (
	"context"
	"net/netip"
	"time"
)

const (
	maxDials = 16 // push/pulls of ours at a time

	// After a return under a new address every peer is told so, until none
	// was seen for this long to have us under the old one.
	staleFor   = 3 * time.Second
	staleRound = 500 * time.Millisecond
)

// rejoin dials every target until it was seen alive, and again when it dies.
func (g *Gossip) rejoin() {
	dials := make(chan struct{}, maxDials)
	timer := time.NewTimer(0)
	defer timer.Stop()
	var reintroduced time.Time
	for {
		select {
		case <-g.ctx.Done():
			return
		case <-g.kick:
		case <-timer.C:
		}
		now := time.Now()
		next := g.tryDue(now, dials)
		if g.isStale(now) {
			if now.Sub(reintroduced) >= staleRound {
				reintroduced = now
				g.reintroduce(dials)
			}
			next = min(next, staleRound)
		}
		timer.Reset(next)
	}
}

// tryDue dials what is due and returns how long until more is.
func (g *Gossip) tryDue(now time.Time, dials chan struct{}) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.leaving.Load() {
		return maxWait
	}
	due, next := g.mu.targets.due(now, g.mu.dir)
	for _, t := range due {
		if !g.dial(dials, func() { g.tryTarget(t) }) {
			return firstWait
		}
		t.busy = true
	}
	return max(next.Sub(now), time.Millisecond)
}

// dial runs f on a goroutine of its own if there is room for one more.
func (g *Gossip) dial(dials chan struct{}, f func()) bool {
	select {
	case dials <- struct{}{}:
	default:
		return false
	}
	g.wg.Go(func() {
		f()
		<-dials
	})
	return true
}

func (g *Gossip) tryTarget(t *target) {
	o := g.try(t.entry)
	g.mu.Lock()
	limit := maxWait
	if g.mu.self.Cluster.IsZero() {
		limit = maxWaitEmpty
	}
	t.note(o, time.Now(), limit)
	g.mu.Unlock()
	g.wake()
}

// try asks every address that entry stands for.
func (g *Gossip) try(entry string) outcome {
	ctx, cancel := context.WithTimeout(g.ctx, lookupTimeout)
	defer cancel()
	addrs, err := resolve(ctx, entry, g.own.bind.Addr().Is4())
	if err != nil {
		return outcome{answer: Answer{State: Unreachable}}
	}
	best := outcome{addrs: addrs, answer: Answer{State: Unreachable}}
	for _, a := range addrs {
		if g.own.is(a) {
			best.self = len(addrs) == 1
			continue
		}
		if o := g.ask(a); weight(o.answer.State) > weight(best.answer.State) {
			best.answer, best.who = o.answer, o.who
			best.self = o.self && len(addrs) == 1
		}
	}
	return best
}

// ask does a push/pull with whoever is at a, and so learns who that is.
func (g *Gossip) ask(a netip.AddrPort) outcome {
	addr := a.String()
	g.net.forget(addr)
	mark := g.spoke.mark()
	if _, err := g.list.Join([]string{addr}); err != nil {
		if g.net.listens(addr) {
			return outcome{answer: Answer{State: Silent}}
		}
		return outcome{answer: Answer{State: Unreachable}}
	}
	n, ok := attribute(addr, g.spoke.since(mark))
	switch {
	case !ok:
		return outcome{answer: Answer{State: Unasked}}
	case n.Cluster.IsZero():
		return outcome{answer: Answer{State: Empty}, who: n.ID, self: n.ID == g.id}
	}
	return outcome{answer: Answer{State: Named, Cluster: n.Cluster}, who: n.ID, self: n.ID == g.id}
}

// weight orders answers of several addresses behind one name: what says most
// counts, and doubt counts more than "empty".
func weight(s AnswerState) int {
	switch s {
	case Named:
		return 4
	case Silent:
		return 3
	case Unasked:
		return 2
	case Empty:
		return 1
	}
	return 0
}

// isStale tells whether some peer may still have us under an old address.
func (g *Gossip) isStale(now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return !g.mu.stale.IsZero() && now.Sub(g.mu.stale) < staleFor && !g.leaving.Load()
}

// reintroduce tells every peer where we are now.
func (g *Gossip) reintroduce(dials chan struct{}) {
	g.mu.Lock()
	nodes := g.mu.dir.nodes()
	g.mu.Unlock()
	for _, n := range nodes {
		g.dial(dials, func() { g.list.Join([]string{n.Gossip}) })
	}
}
