package gateway

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/troupedb/troupe/actors/mailbox"
)

// gate lets requests in to be carried out, so few at a time that who is let in is answered about as soon as ever, and
// refuses the rest at once. Any goroutine.
//
// Who finds no turn waits for one: for a while if there were free ones lately, so that a burst passes; but hardly at all
// where there were none, for then the line is always as long as it may be, and all it brings is delay (CoDel's idea, as
// in B. Maurer, Fail at Scale, ACM Queue 2015).
type gate struct {
	here  *mailbox.Budget // all requests: in line, in their turn, and those that wait for something else
	turns chan struct{}   // has one for each request that has its turn
	eased atomic.Int64    // when a turn was last free, ns since start
	start time.Time
}

// Bounds.
const (
	maxRequests = 1024
	maxTurns    = 80

	burstWait = 20 * time.Millisecond // for a turn, when there was a free one within that time
	busyWait  = 5 * time.Millisecond  // when there was none
	// longTurn ends the turn of a request that waits for something else, such as a leader or a slow disk: it takes
	// nothing that others could use. Without a leader its shard's requests would else hold up all others.
	longTurn = 50 * time.Millisecond
)

func newGate() *gate {
	return &gate{here: mailbox.NewBudget(maxRequests, 1), turns: make(chan struct{}, maxTurns), start: time.Now()}
}

// turn is a request that was let in.
type turn struct {
	gate *gate
	end  func() // gives the turn to another; more than once is harmless
	late *time.Timer
}

// leave is called once, when the request is answered.
func (t *turn) leave() {
	t.late.Stop()
	t.end()
	t.gate.here.Release(1, 0)
}

// enter waits for a turn, and reports false if the request is to be refused.
func (g *gate) enter(ctx context.Context) (*turn, bool) {
	if !g.here.TryAcquire(1, 0) {
		return nil, false
	}
	if !g.wait(ctx) {
		g.here.Release(1, 0)
		return nil, false
	}
	end := sync.OnceFunc(func() { <-g.turns })
	return &turn{g, end, time.AfterFunc(longTurn, end)}, true
}

func (g *gate) wait(ctx context.Context) bool {
	now := time.Since(g.start)
	select {
	case g.turns <- struct{}{}:
		g.eased.Store(int64(now))
		return true
	default:
	}
	patience := busyWait
	if now-time.Duration(g.eased.Load()) < burstWait {
		patience = burstWait
	}
	over := time.NewTimer(patience)
	defer over.Stop()
	select {
	case g.turns <- struct{}{}:
		return true
	case <-over.C:
	case <-ctx.Done():
	}
	return false
}
