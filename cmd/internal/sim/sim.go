package sim

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/cmd/internal/history"
)

// Options say what a run is to be like.
type Options struct {
	Seed  uint64
	Trace io.Writer // what happens, in words; nil: nothing
	// Tune, if set, may change what the seed has in store.
	Tune func(*Plan)
}

// Result is what came of a run.
type Result struct {
	Seed    uint64
	Failure string // what went wrong first; "" if nothing did
	Trace   uint64 // hash of all that happened
	Tally
}

// Sim is one simulated cluster with its clients and its troubles.
type Sim struct {
	options Options
	plan    Plan
	now     time.Duration // since the beginning
	agenda  agenda
	sched   *mailbox.Seeded
	rng     *rand.Rand // of the troubles
	pace    *rand.Rand // of what turns take

	net      *network
	machines []*machine
	clients  []*client
	join     []string
	watch    *watch

	values   map[int64]string // written numbers, with the key they belong to
	moments  int64
	recorder map[string]*history.Recorder
	ledger   *history.Ledger
	logs     *logs
	brief    *brief
	queues   *queues
	ranks    *queues
	relays   *relays
	groups   *groups
	channels *channels
	again    []task // last reads that are still to be asked for
	mended   bool   // the time of troubles is over

	acked func(*machine) // nil, or what happens when a node acknowledges something
	fresh *history.Key   // whose change was acknowledged last

	generation, streams uint64
	files               int
	trace               uint64
	tally               Tally
	failure             string
}

// Run simulates one seed. It owns crypto/rand.Reader meanwhile, so one run at a time.
func Run(o Options) *Result {
	defer ownEntropy(o.Seed)()
	s := newSim(o)
	s.play()
	s.dismiss()
	s.tally.Simulated = s.now
	return &Result{Seed: o.Seed, Failure: s.failure, Trace: s.trace ^ s.sched.Trace(), Tally: s.tally}
}

func newSim(o Options) *Sim {
	s := &Sim{options: o, sched: mailbox.NewSeeded(o.Seed), values: map[int64]string{}, streams: 10_000}
	s.rng, s.pace = s.stream(1), s.stream(2)
	s.net = newNetwork(s.stream(3))
	s.watch = newWatch(s)
	s.plan = drawPlan(s.rng)
	if o.Tune != nil {
		o.Tune(&s.plan)
	}
	s.histories()
	return s
}

// stream is a source of chance of its own: what one part draws changes nothing for another.
func (s *Sim) stream(id uint64) *rand.Rand { return rand.New(rand.NewPCG(s.options.Seed, id)) }

func (s *Sim) nextStream() uint64 {
	s.streams++
	return s.streams
}

// after has something happen later.
func (s *Sim) after(d time.Duration, do func()) { s.agenda.add(s.now+d, do) }

// fail notes what went wrong first. The run ends there.
func (s *Sim) fail(format string, args ...any) {
	if s.failure == "" {
		s.failure = fmt.Sprintf("at %v: ", s.now) + fmt.Sprintf(format, args...)
		s.note("FAILURE %s", s.failure)
	}
}

// note writes a line of the trace.
func (s *Sim) note(format string, args ...any) {
	if s.options.Trace != nil {
		fmt.Fprintf(s.options.Trace, "%12.6f  %s\n", s.now.Seconds(), fmt.Sprintf(format, args...))
	}
}

// hash puts something that happened into the trace hash.
func (s *Sim) hash(b []byte) { s.trace = (s.trace^xxhash.Sum64(b))*1099511628211 + uint64(s.now) }

// moment is a time for a history: no two things happen at the same.
func (s *Sim) moment() int64 {
	s.moments++
	return s.moments
}

// maxTurn is the longest that a turn of an actor takes.
const maxTurn = 20 * time.Microsecond

// advance lets time pass.
func (s *Sim) advance(d time.Duration) {
	for until := s.now + d; s.failure == ""; {
		due, any := s.agenda.next()
		switch {
		case s.sched.Pending() > 0 && (!any || due > s.now):
			s.now += time.Duration(1 + s.pace.Int64N(int64(maxTurn)))
			s.sched.Step()
			s.tally.Turns++
		case any && due <= until:
			s.now = max(s.now, due)
			s.agenda.pop().do()
		default:
			s.now = max(s.now, until)
			return
		}
	}
}

// until lets time pass until something is so, at most for a given span, and reports whether it is.
func (s *Sim) until(most time.Duration, so func() bool) bool {
	for end := s.now + most; s.now < end && s.failure == ""; s.advance(100 * time.Millisecond) {
		if so() {
			return true
		}
	}
	return s.failure == "" && so()
}

// placeOf is the machine of an address, 0 for none.
func (s *Sim) placeOf(addr string) int {
	host, _, err := net.SplitHostPort(addr)
	if err != nil || len(host) < 8 || host[:7] != "10.0.0." {
		return 0
	}
	i, err := strconv.Atoi(host[7:])
	if err != nil || i < 1 || i > len(s.machines) {
		return 0
	}
	return i
}

// processAt is what runs at a place, nil for nothing.
func (s *Sim) processAt(place int) *process {
	if place < 1 || place > len(s.machines) {
		return nil
	}
	return s.machines[place-1].run
}

// dismiss ends everything.
func (s *Sim) dismiss() {
	for _, m := range s.machines {
		if m.run != nil {
			m.run.over = true
		}
	}
}
