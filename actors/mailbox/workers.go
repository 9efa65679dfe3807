package mailbox

import (
	"sync"

	"github.com/asynkron/protoactor-go/actor"
)

// maxIdle is how many goroutines wait for work. More than that run when there is more to do, and end after it.
const maxIdle = 256

// workers is a dispatcher whose goroutines go on to the next run when they have ended one. protoactor's own
// starts a goroutine for each run, on a small stack, and an actor that goes deep (raft, the keyspace) has it
// copied to larger ones over and over: 3 to 10 % of a loaded node's CPU.
//
// The worker that went idle last is taken first: its stack is the one that the caches know.
type workers struct {
	mu   sync.Mutex
	idle []*worker
}

type worker struct{ next chan func() }

var shared workers

// Workers returns the dispatcher that all actors of the process share.
func Workers() actor.Dispatcher { return &shared }

// Schedule implements actor.Dispatcher.
func (p *workers) Schedule(run func()) {
	if w := p.take(); w != nil {
		w.next <- run // there is room: an idle worker's channel is empty
		return
	}
	w := &worker{next: make(chan func(), 1)}
	go p.work(w, run)
}

// RunsHere says that turns may be made on a sender's goroutine.
func (p *workers) RunsHere() {}

// Throughput implements actor.Dispatcher: after so many turns an actor lets others go first.
func (p *workers) Throughput() int { return 300 }

func (p *workers) take() *worker {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.idle) - 1
	if last < 0 {
		return nil
	}
	w := p.idle[last]
	p.idle[last] = nil
	p.idle = p.idle[:last]
	return w
}

func (p *workers) work(w *worker, run func()) {
	for {
		run()
		if !p.rest(w) {
			return
		}
		run = <-w.next
	}
}

// rest puts a worker to the idle ones, unless there are enough.
func (p *workers) rest(w *worker) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) >= maxIdle {
		return false
	}
	p.idle = append(p.idle, w)
	return true
}
