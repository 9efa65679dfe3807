package mailbox

import (
	"math/rand/v2"

	"github.com/asynkron/protoactor-go/actor"
)

// Seeded is a dispatcher that runs nothing by itself: it queues the runs of all mailboxes that share it, and
// Step picks one by the seed. Mailboxes hand back to it after every turn, so that turns of different actors
// interleave. The same seed and the same actors give the same interleaving.
//
// REQUIRES: everything that sends to these actors does so on the goroutine that calls Step. The lock-free
// state makes the race detector report whoever doesn't.
type Seeded struct {
	rng   *rand.Rand
	queue []func()
	trace uint64
	steps int
}

var _ actor.Dispatcher = (*Seeded)(nil)

// NewSeeded makes a dispatcher whose choices follow from seed alone.
func NewSeeded(seed uint64) *Seeded {
	return &Seeded{rng: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)), trace: 14695981039346656037}
}

// Schedule queues a run.
func (s *Seeded) Schedule(fn func()) { s.queue = append(s.queue, fn) }

// Throughput makes every turn a choice of its own.
func (s *Seeded) Throughput() int { return 1 }

// Pending counts the runs that wait.
func (s *Seeded) Pending() int { return len(s.queue) }

// Steps counts the runs made.
func (s *Seeded) Steps() int { return s.steps }

// Step runs one of the queued, and says whether there was any.
func (s *Seeded) Step() bool {
	if len(s.queue) == 0 {
		return false
	}
	i := s.rng.IntN(len(s.queue))
	s.note(uint64(len(s.queue)))
	s.note(uint64(i))
	fn := s.queue[i]
	last := len(s.queue) - 1
	s.queue[i] = s.queue[last]
	s.queue[last] = nil
	s.queue = s.queue[:last]
	s.steps++
	fn()
	return true
}

// Run steps until nothing is queued, at most max times, and returns how many it made.
func (s *Seeded) Run(max int) int {
	for n := range max {
		if !s.Step() {
			return n
		}
	}
	return max
}

// Trace is a hash of all choices made so far, and of the numbers of runs they were made from.
func (s *Seeded) Trace() uint64 { return s.trace }

func (s *Seeded) note(v uint64) {
	s.trace = (s.trace ^ v) * 1099511628211
}

// Life is a dispatcher for the actors of one process that is simulated on a Seeded, from its start to its end. Nothing
// of them runs after that, whatever is queued.
type Life struct {
	seeded *Seeded
	over   bool
}

// NewLife begins one.
func NewLife(s *Seeded) *Life { return &Life{seeded: s} }

// Schedule queues a run.
func (l *Life) Schedule(fn func()) {
	l.seeded.Schedule(func() {
		if !l.over {
			fn()
		}
	})
}

// Throughput makes every turn a choice of its own.
func (l *Life) Throughput() int { return 1 }

// End ends it.
func (l *Life) End() { l.over = true }

// Over reports whether it has ended.
func (l *Life) Over() bool { return l.over }
