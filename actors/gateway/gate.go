package gateway

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/troupedb/troupe/actors/mailbox"
)

// gate lets requests in to be carried out, so few at a time that who is let in is answered about as soon as ever, and
// refuses the rest. Any goroutine.
//
// Who finds no turn waits for one, so that a burst passes; but the less, the less time has gone since another was refused:
// while there is too much for long, a line is always as long as it may be, and all it brings is delay (CoDel's idea,
// as in B. Maurer, Fail at Scale, ACM Queue 2015).
type gate struct {
	here    *mailbox.Budget // all requests: in line, in their turn, and those that wait for something else
	turns   chan struct{}   // has one for each request that has its turn
	refused atomic.Int64    // when a request last got no turn, ns since start
	start   time.Time       // before the first request by as long as it takes for the gate to be at ease
	early   pace            // of answers to those who came before their time
}

// Bounds.
const (
	maxRequests = 1024
	// turnsEach is how many requests a processor has at a time. Raising it lets each wait longer for the others; lowering
	// it leaves a processor idle while they wait for the disk and for other nodes.
	turnsEach = 32

	burstWait = 20 * time.Millisecond // for a turn, at most
	// waitShare is how much of the time without a refusal a request may wait.
	waitShare = 50
	leastWait = time.Millisecond // a shorter wait is none
	// longTurn ends the turn of a request that waits for something else, such as a leader or a slow disk: it takes
	// nothing that others could use. Without a leader its shard's requests would else hold up all others.
	longTurn = 50 * time.Millisecond
)

func newGate() *gate {
	return &gate{
		here:  mailbox.NewBudget(maxRequests, 1),
		turns: make(chan struct{}, min(turnsEach*runtime.GOMAXPROCS(0), maxRequests)),
		start: time.Now().Add(-waitShare * burstWait),
	}
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
	select {
	case g.turns <- struct{}{}:
		return true
	default:
	}
	patience := g.patience()
	if patience == 0 {
		g.refuse()
		return false
	}
	over := time.NewTimer(patience)
	defer over.Stop()
	select {
	case g.turns <- struct{}{}:
		return true
	case <-over.C:
		g.refuse()
	case <-ctx.Done():
	}
	return false
}

// full reports whether there is no turn left.
func (g *gate) full() bool { return len(g.turns) == cap(g.turns) }

// patience is how long a request may wait for its turn.
func (g *gate) patience() time.Duration {
	p := min((g.now()-time.Duration(g.refused.Load()))/waitShare, burstWait)
	if p < leastWait {
		return 0
	}
	return p
}

func (g *gate) refuse() { g.refused.Store(int64(g.now())) }

func (g *gate) now() time.Duration { return time.Since(g.start) }
