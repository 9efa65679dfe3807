package poll

import (
	"sync"
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"
)

// turns runs the actors of a poller's connections, one after the other.
type turns struct {
	base  actor.Dispatcher
	drain func()        // work, bound once so that waking it allocates nothing
	at    atomic.Uint64 // number of the run that the drain is in; 0: none, or another drain has taken over

	mu     sync.Mutex
	number uint64 // of the run that was taken last
	queue  []turn // not begun, from head on
	head   int
	drains bool // a drain works, or was scheduled
}

// turn is a run of the actor of a connection.
type turn struct {
	conn *Conn
	run  func()
}

func (t *turns) init(base actor.Dispatcher) { t.base, t.drain = base, t.work }

// put queues a run, and wakes the drain if none is at work.
func (t *turns) put(c *Conn, run func()) {
	t.mu.Lock()
	t.queue = append(t.queue, turn{c, run})
	idle := !t.drains
	t.drains = true
	t.mu.Unlock()
	if idle {
		t.base.Schedule(t.drain)
	}
}

// work is the drain. It ends when there is nothing left, or another one has taken over.
func (t *turns) work() {
	for {
		next, n := t.take()
		if n == 0 {
			return
		}
		next.conn.turn.Store(n)
		t.at.Store(n)
		next.run()
		if !t.at.CompareAndSwap(n, 0) {
			return
		}
	}
}

// take takes the next run, and gives it a number; 0: there is none.
func (t *turns) take() (next turn, number uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.head == len(t.queue) {
		t.queue, t.head, t.drains = t.queue[:0], 0, false
		return next, 0
	}
	next = t.queue[t.head]
	t.queue[t.head] = turn{}
	if t.head++; 2*t.head > len(t.queue) && t.head >= compactAt {
		left := copy(t.queue, t.queue[t.head:])
		clear(t.queue[left:])
		t.queue, t.head = t.queue[:left], 0
	}
	t.number++
	return next, t.number
}

// compactAt is how many runs that were begun are forgotten at a time.
const compactAt = 256

// aside has another goroutine go on with the queue if the drain is at c.
func (t *turns) aside(c *Conn) {
	if n := c.turn.Load(); n != 0 && t.at.CompareAndSwap(n, 0) {
		t.base.Schedule(t.drain)
	}
}

// Schedule implements actor.Dispatcher, for the actor of this connection.
func (c *Conn) Schedule(run func()) { c.poller.turns.put(c, run) }

// Throughput implements actor.Dispatcher: after so few turns the actors of other connections go first.
func (c *Conn) Throughput() int { return 8 }

// RunsHere lets the driver make the actor's turns: see mailbox.Here.
func (c *Conn) RunsHere() {}
