package actors

import (
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/troupedb/troupe/actors/clock"
	"github.com/troupedb/troupe/gossip"
	"github.com/troupedb/troupe/slotmap"
)

// timekeeper judges this node's wall clock by those of the others. It belongs to the director; now may be called
// from any goroutine.
type timekeeper struct {
	wall   func() int64 // ms since 1970
	mono   func() int64 // ms, never backwards
	agreed atomic.Pointer[clock.Agreed]

	said   clock.Verdict // what the log was told last
	wrong  bool          // as others are told
	streak int           // how often in a row the verdict was another than said
}

// Verdicts in a row, one every clockTicks, until others are told. It takes longest for a clock that was wrong, so
// that leaderships do not come and go with one that is close to the limit.
const (
	untilWrong   = 6
	untilRight   = 20
	untilUnknown = 20
)

func newTimekeeper(wall, mono func() int64) *timekeeper {
	k := &timekeeper{wall: wall, mono: mono}
	k.agreed.Store(&clock.Agreed{})
	return k
}

func (k *timekeeper) now() clock.Now {
	return clock.Now{Wall: k.wall(), Mono: k.mono(), Agreed: *k.agreed.Load()}
}

// judge finds the agreed time anew from what the given nodes' clocks showed.
func (k *timekeeper) judge(shown []gossip.Clock, others map[slotmap.NodeID]bool) {
	now := k.now()
	var peers []clock.Reading
	for _, c := range shown {
		if others[c.Node] {
			half := (c.RTT/2 + 2*time.Millisecond).Milliseconds() // both clocks are rounded
			peers = append(peers, clock.Reading{Wall: c.Wall, Mono: c.Mono, Error: half})
		}
	}
	agreed := clock.Judge(clock.Reading{Wall: now.Wall, Mono: now.Mono}, peers, len(others)+1)
	k.agreed.Store(&agreed)
}

// tell logs a verdict that is new and lasts, and reports whether others have to be told.
func (k *timekeeper) tell(log *slog.Logger) bool {
	now := k.now()
	verdict := now.Verdict()
	if verdict == k.said || k.wrong && verdict == clock.Agrees && 2*max(now.Offset(), -now.Offset()) > clock.Tolerance {
		k.streak = 0
		return false
	}
	if k.streak++; k.streak < k.until(verdict) {
		return false
	}
	k.streak, k.said = 0, verdict
	was, off := k.wrong, time.Duration(now.Offset())*time.Millisecond
	switch verdict {
	case clock.Differs:
		k.wrong = true
		log.Error("the wall clock is wrong: shards led here count on by the monotonic clock, and leadership is handed over", "ahead", off)
	case clock.Agrees:
		k.wrong = false
		log.Info("the wall clock agrees with those of the other nodes", "ahead", off)
	case clock.Unknown:
		log.Warn("no time that most nodes' wall clocks agree on: shards count on by the monotonic clock", "known", now.Agreed.Told, "nodes", now.Agreed.Nodes)
	}
	return k.wrong != was
}

func (k *timekeeper) until(v clock.Verdict) int {
	switch {
	case v == clock.Unknown:
		return untilUnknown
	case v == clock.Agrees && k.wrong:
		return untilRight
	}
	return untilWrong
}

// judgeClock looks at the clocks of the nodes again.
func (d *director) judgeClock() {
	if d.gossip != nil && !d.cluster.IsZero() {
		d.time.judge(d.gossip.Clocks(), d.clockNodes())
	}
}

// tellClock gossips whether this node's wall clock is wrong.
func (d *director) tellClock() {
	if d.cluster.IsZero() || !d.time.tell(d.log) {
		return
	}
	d.self.WrongClock = d.time.wrong
	d.tellSelf()
}

// clockNodes are the other nodes of whose clocks most must agree: all of the cluster, whether they are alive or
// not, but for those that left or were replaced.
func (d *director) clockNodes() map[slotmap.NodeID]bool {
	nodes := map[slotmap.NodeID]bool{}
	for _, n := range d.gossip.Known() {
		if n.Cluster == d.cluster {
			nodes[n.ID] = true
		}
	}
	for _, sh := range d.slots.Shards() {
		for _, m := range sh.Members {
			nodes[m.Node] = true
		}
	}
	for dead := range d.replaced() {
		delete(nodes, dead)
	}
	delete(nodes, d.self.ID)
	return nodes
}
