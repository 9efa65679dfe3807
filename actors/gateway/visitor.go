package gateway

import (
	"context"
	"net"
	"sync/atomic"
	"time"
)

// visitor is a connection that requests come on.
//
// Who was refused and does not wait as he was told has no turn while others get none either, for else whoever asks
// most often would be served, and refusing all the others would take the time to do so. His next requests are refused
// before anything of them is read, and in line with all who do so: meanwhile what he sends waits on his side.
type visitor struct {
	welcome atomic.Int64 // when he may ask again, ns since the gate's start
}

type visitorKey struct{}

// Visit tells connections apart for a Handler: it is the ConnContext of its http.Server. Without it no visitor is known
// from one request to the next.
func Visit(ctx context.Context, _ net.Conn) context.Context {
	return context.WithValue(ctx, visitorKey{}, new(visitor))
}

func visitorOf(ctx context.Context) *visitor {
	if v, ok := ctx.Value(visitorKey{}).(*visitor); ok {
		return v
	}
	return new(visitor)
}

const (
	// comeAgain is how long who is refused is told to wait.
	comeAgain = time.Second
	// earlyPace is the time from one answer to who came too early to the next, so that up to a thousand of these take a
	// small part of a processor. Nobody waits for longer than comeAgain.
	earlyPace = time.Millisecond
)

// turnsAway reports whether a request is to be refused as it is: because its visitor came too early, or nobody gets in
// at all. The former waits here until he is to be answered.
func (g *gate) turnsAway(ctx context.Context, v *visitor) bool {
	now, full, busy := g.now(), g.full(), g.patience() == 0
	welcome := time.Duration(v.welcome.Load())
	early := now < welcome && (full || busy)
	if !early && !(full && busy) {
		return false
	}
	if full {
		g.refuse()
	}
	if early {
		tarry(ctx, min(g.early.next(now), welcome)-now)
	}
	return true
}

// putOff notes that a visitor was told to come again.
func (g *gate) putOff(v *visitor) { v.welcome.Store(int64(g.now() + comeAgain)) }

// tarry waits, unless the visitor leaves.
func tarry(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// pace spreads what may happen only so often. Any goroutine.
type pace struct{ last atomic.Int64 }

// next is when the next may happen, from now on: at most comeAgain later.
func (p *pace) next(now time.Duration) time.Duration {
	for {
		last := p.last.Load()
		next := min(max(time.Duration(last)+earlyPace, now), now+comeAgain)
		if p.last.CompareAndSwap(last, int64(next)) {
			return next
		}
	}
}
