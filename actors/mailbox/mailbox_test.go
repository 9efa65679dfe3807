package mailbox

import (
	"fmt"
	"reflect"
	"runtime"
	"sync"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
)

// front is a consensus message, lossyFront one that may be dropped.
type front struct{ n int }

func (front) ConsensusLane() {}

type lossyFront struct{ front }

func (lossyFront) MayBeDropped() {}

// idle is a consensus message that can wait, unless it is odd.
type idle struct{ front }

func (m idle) CanWait() bool { return m.n%2 == 0 }

// recorder is an invoker that notes what it is given, and runs hooks by message.
type recorder struct {
	got       []any
	hook      func(msg any)
	escalated []any
}

func (r *recorder) InvokeSystemMessage(m any) { r.InvokeUserMessage(fmt.Sprintf("sys:%v", m)) }
func (r *recorder) InvokeUserMessage(m any) {
	r.got = append(r.got, m)
	if r.hook != nil {
		r.hook(m)
	}
}
func (r *recorder) EscalateFailure(reason, msg any) {
	r.escalated = append(r.escalated, reason, msg)
}

// stepped makes a mailbox on a seeded dispatcher: nothing runs until the test steps.
func stepped(opts ...Option) (*box, *recorder, *Seeded) {
	b := New(opts...)().(*box)
	r, d := &recorder{}, NewSeeded(1)
	b.RegisterHandlers(r, d)
	b.Start()
	return b, r, d
}

func post(b *box, msgs ...any) {
	for _, m := range msgs {
		b.PostUserMessage(m)
	}
}

func expect(t *testing.T, got []any, want ...any) {
	t.Helper()
	if len(got) == 0 && len(want) == 0 {
		return
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got  %v\nwant %v", got, want)
	}
}

func TestTurnDeliversSystemThenConsensusThenClients(t *testing.T) {
	b, r, d := stepped()
	post(b, "a", front{1}, "b", front{2}, &actor.MessageEnvelope{Message: front{3}})
	b.PostSystemMessage("s")
	d.Run(10)
	expect(t, r.got, "sys:s", front{1}, front{2}, &actor.MessageEnvelope{Message: front{3}}, "a", "b", Drained{6})
}

func TestConsensusOvertakesClientsOfTheSameTurn(t *testing.T) {
	b, r, d := stepped()
	r.hook = func(m any) {
		switch m {
		case "a":
			post(b, front{1}, "later")
			b.PostSystemMessage("s")
		case "b":
			post(b, front{2})
		}
	}
	post(b, "a", "b")
	d.Run(10)
	expect(t, r.got, "a", "sys:s", front{1}, "b", front{2}, Drained{5}, "later", Drained{1})
}

// burden is a patient message that weighs.
type burden struct{ n int64 }

func (burden) ConsensusLane()  {}
func (burden) CanWait() bool   { return true }
func (burden) MayBeDropped()   {}
func (b burden) Weight() int64 { return b.n }

// What can wait brings no turn, and is in the next one that takes what has arrived. Messages of the lane keep their order.
func TestPatientMessages(t *testing.T) {
	wait2, wait4, eager := idle{front{2}}, &actor.MessageEnvelope{Message: idle{front{4}}}, idle{front{1}}
	for _, c := range []struct {
		name string
		post func(*box)
		want []any
	}{
		{"alone", func(b *box) { post(b, wait2, wait4) }, nil},
		{"ahead of a consensus message", func(b *box) { post(b, wait2, wait4, front{1}) }, []any{wait2, wait4, front{1}, Drained{3}}},
		{"behind one", func(b *box) { post(b, front{1}, wait2) }, []any{front{1}, wait2, Drained{2}}},
		{"beside one of their own that cannot wait", func(b *box) { post(b, wait2, eager, wait4) }, []any{wait2, eager, wait4, Drained{3}}},
		{"ahead of a client message", func(b *box) { post(b, wait2, "a") }, []any{wait2, "a", Drained{2}}},
		{"posted after it", func(b *box) { post(b, "a", wait2, wait4) }, []any{wait2, wait4, "a", Drained{3}}},
		{"with a system message", func(b *box) { post(b, wait2); b.PostSystemMessage("s") }, []any{"sys:s", wait2, Drained{2}}},
		{"one that is dropped does not bring them ahead", func(b *box) { post(b, front{1}, wait2, lossyFront{}) }, []any{front{1}, wait2, Drained{2}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			drop := func(any) {}
			b, r, d := stepped(WithLimit(1, drop), WithConsensusLimit(1, drop))
			c.post(b)
			d.Run(10)
			expect(t, r.got, c.want...)
		})
	}
}

func TestPatientMessagesAreWeighedOnceAndReleased(t *testing.T) {
	b, r, d := stepped(WithConsensusBytes(10, 10, func(any) {}))
	post(b, burden{3}, burden{4}, front{1})
	if w := b.weight.Load(); w != 7 {
		t.Errorf("%d bytes wait, want 7", w)
	}
	for _, m := range b.patient[:2] {
		if m != nil {
			t.Errorf("still holds %v", m)
		}
	}
	d.Run(10)
	expect(t, r.got, burden{3}, burden{4}, front{1}, Drained{3})
	if w := b.weight.Load(); w != 0 {
		t.Errorf("%d bytes wait after the turn", w)
	}
	for range 2 * retained {
		post(b, burden{0})
	}
	post(b, front{1})
	if cap(b.patient) > retained {
		t.Errorf("keeps room for %d messages", cap(b.patient))
	}
}

func TestPatientMessagesPostedInATurnWaitForTheNext(t *testing.T) {
	b, r, d := stepped()
	r.hook = func(m any) {
		if m == "a" {
			post(b, idle{front{2}})
		}
	}
	post(b, "a")
	d.Run(10)
	expect(t, r.got, "a", Drained{1})
	post(b, "b")
	d.Run(10)
	expect(t, r.got, "a", Drained{1}, idle{front{2}}, "b", Drained{2})
}

// smallBatch lets a turn deliver two client messages.
func smallBatch(c *config) { c.batch = 2 }

func TestBatchCapSplitsTurns(t *testing.T) {
	b, r, d := stepped(smallBatch)
	post(b, 1, 2, 3, 4, 5)
	steps := d.Run(10)
	expect(t, r.got, 1, 2, Drained{2}, 3, 4, Drained{2}, 5, Drained{1})
	if steps != 3 {
		t.Fatalf("%d steps: every turn is a choice of the dispatcher", steps)
	}
}

// What a goroutine that is ready sends before it waits itself shares the flush, and nothing is waited for.
func TestYieldGathersWhatIsAboutToCome(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const rounds = 100
	shared := func(opts ...Option) (n int) {
		b, r := New(opts...)().(*box), &recorder{}
		b.RegisterHandlers(r, Workers())
		flushed, left := make(chan bool), 0
		r.hook = func(m any) {
			switch d, drained := m.(Drained); {
			case m == "first":
				left = 3
				go post(b, "second", front{1})
			case drained:
				if left -= d.Messages; left == 0 {
					flushed <- d.Messages == 3
				}
			}
		}
		for range rounds {
			post(b, "first")
			if <-flushed {
				n++
			}
		}
		return n
	}
	if n := shared(WithYield()); n < rounds/2 {
		t.Errorf("%d of %d flushes were shared", n, rounds)
	}
	if n := shared(); n > rounds/2 {
		t.Errorf("%d of %d flushes were shared without yielding", n, rounds)
	}
}

func TestConsensusStreamCannotPutDrainedOff(t *testing.T) {
	b, r, d := stepped(smallBatch)
	left := 100
	r.hook = func(m any) {
		if _, ok := m.(front); ok && left > 0 {
			left--
			post(b, front{left})
		}
	}
	post(b, front{}, "client")
	d.Run(3)
	if !reflect.DeepEqual(r.got[16], any(Drained{16})) {
		t.Fatalf("no Drained after %d messages: %v", turnFactor*2, r.got)
	}
	d.Run(100)
	if n := b.UserMessageCount(); n != 0 {
		t.Fatalf("%d messages left", n)
	}
}

func TestSuspensionKeepsTheRest(t *testing.T) {
	b, r, d := stepped()
	r.hook = func(m any) {
		if m == "b" {
			b.PostSystemMessage(&actor.SuspendMailbox{})
		}
	}
	post(b, "a", "b", "c")
	d.Run(10)
	expect(t, r.got, "a", "b")
	post(b, front{1}, "d")
	b.PostSystemMessage("s")
	d.Run(10)
	expect(t, r.got, "a", "b", "sys:s")
	if n := b.UserMessageCount(); n != 3 {
		t.Fatalf("%d messages wait, want c, d and one of the consensus lane", n)
	}
	if d.Pending() != 0 {
		t.Fatal("a suspended mailbox must not spin")
	}
	b.PostSystemMessage(&actor.ResumeMailbox{})
	d.Run(10)
	expect(t, r.got, "a", "b", "sys:s", front{1}, "c", Drained{5}, "d", Drained{1})
}

func TestPanicEscalatesAndLosesOnlyTheMessageInHand(t *testing.T) {
	var stack []byte
	b, r, d := stepped(WithPanicHook(func(_, _ any, s []byte) { stack = s }))
	r.hook = func(m any) {
		if m == "bad" {
			b.PostSystemMessage(&actor.SuspendMailbox{})
			panic("boom")
		}
	}
	post(b, "a", "bad", "c")
	d.Run(10)
	expect(t, r.escalated, "boom", "bad")
	if len(stack) == 0 {
		t.Fatal("no stack")
	}
	expect(t, r.got, "a", "bad")
	b.PostSystemMessage(&actor.ResumeMailbox{})
	d.Run(10)
	expect(t, r.got, "a", "bad", "c", Drained{3})
}

func TestPanicInDrained(t *testing.T) {
	b, r, d := stepped()
	r.hook = func(m any) {
		if _, ok := m.(Drained); ok && len(r.escalated) == 0 {
			panic("flush")
		}
	}
	post(b, "a")
	d.Run(10)
	expect(t, r.escalated, "flush", Drained{1})
	post(b, "b")
	d.Run(10)
	expect(t, r.got, "a", Drained{1}, "b", Drained{1})
}

func TestLimitDropsAndReports(t *testing.T) {
	var dropped []any
	drop := func(m any) { dropped = append(dropped, m) }
	b, r, d := stepped(WithLimit(2, drop), WithConsensusLimit(1, drop))
	post(b, 1, 2, 3, &actor.PoisonPill{}, lossyFront{front{1}}, lossyFront{front{2}}, front{3})
	expect(t, dropped, 3, lossyFront{front{2}})
	d.Run(10)
	expect(t, r.got, lossyFront{front{1}}, front{3}, 1, 2, &actor.PoisonPill{}, Drained{5})
	post(b, 4)
	d.Run(10)
	if last := r.got[len(r.got)-2]; last != 4 {
		t.Fatalf("room was not given back: %v", r.got)
	}
}

type heavy struct {
	lossyFront
	bytes int64
}

func (h heavy) Weight() int64 { return h.bytes }

// TestBytesOfTheConsensusLaneAreBounded: and what was delivered counts no more.
func TestBytesOfTheConsensusLaneAreBounded(t *testing.T) {
	var dropped []any
	b, r, d := stepped(WithConsensusBytes(3, 10, func(m any) { dropped = append(dropped, m) }))
	six, five, four := heavy{bytes: 6}, heavy{bytes: 5}, heavy{bytes: 4}
	post(b, six, five, four, heavy{bytes: 1}, front{1}, &actor.MessageEnvelope{Message: five})
	expect(t, dropped, five, heavy{bytes: 1}, &actor.MessageEnvelope{Message: five})
	d.Run(10)
	expect(t, r.got, six, four, front{1}, Drained{3})
	post(b, six, four)
	if len(dropped) != 3 {
		t.Fatalf("room was not given back: %v", dropped)
	}
}

func TestHighWater(t *testing.T) {
	var high HighWater
	b, _, d := stepped(WithHighWater(&high))
	post(b, "a", "b", "c")
	d.Run(100)
	post(b, "d")
	d.Run(100)
	if got := high.Load(); got != 3 {
		t.Errorf("%d messages waited at most", got)
	}
}

func TestBurstMemoryIsGivenBack(t *testing.T) {
	b, _, d := stepped()
	for i := range 10 * retained {
		post(b, i, front{i})
	}
	d.Run(1000)
	for _, l := range []*lane{&b.client, &b.consensus} {
		if cap(l.in) > retained || cap(l.out) > retained {
			t.Fatalf("kept %d and %d", cap(l.in), cap(l.out))
		}
	}
}

func TestDeliveredMessagesAreReleased(t *testing.T) {
	b, r, d := stepped()
	r.hook = func(m any) {
		if m == 3 {
			for _, old := range b.client.out[:b.client.head] {
				if old != nil {
					t.Errorf("still holds %v", old)
				}
			}
		}
	}
	post(b, 1, 2, 3, 4)
	d.Run(10)
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	b, r, d := stepped()
	msgs := make([]any, 100)
	for i := range msgs {
		msgs[i] = &struct{ n int }{i}
	}
	round := func() {
		r.got = r.got[:0]
		post(b, msgs...)
		d.Run(10)
	}
	round()
	round()
	if n := testing.AllocsPerRun(100, round); n != 0 {
		t.Fatalf("%v allocations a round of 100 messages", n)
	}
}

// sequence checks, inside an actor, the order per sender and lane, and that Drained ends every turn.
type sequence struct {
	t      *testing.T
	last   map[string]int
	since  int
	total  int
	want   int
	done   chan struct{}
	turns  int
	closed bool
}

type numbered struct {
	from string
	n    int
}

type numberedFront struct{ numbered }

func (numberedFront) ConsensusLane() {}

func (s *sequence) Receive(c actor.Context) {
	switch m := c.Message().(type) {
	case numbered:
		s.take(m.from, m.n)
	case numberedFront:
		s.take("front "+m.from, m.n)
	case Drained:
		s.turns++
		if m.Messages < s.since {
			s.t.Errorf("Drained{%d} after %d messages", m.Messages, s.since)
		}
		s.since = 0
		if s.total == s.want && !s.closed {
			s.closed = true
			close(s.done)
		}
	}
}

func (s *sequence) take(from string, n int) {
	if n != s.last[from]+1 {
		s.t.Errorf("%s: %d after %d", from, n, s.last[from])
	}
	s.last[from] = n
	s.since++
	s.total++
}

func TestOrderPerLaneUnderConcurrency(t *testing.T) {
	const senders, each = 8, 5000
	sys := newSystem()
	seq := &sequence{t: t, last: map[string]int{}, want: 2 * senders * each, done: make(chan struct{})}
	pid := sys.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return seq }, actor.WithMailbox(New())))
	var wg sync.WaitGroup
	for s := range senders {
		wg.Go(func() {
			name := fmt.Sprint(s)
			for n := 1; n <= each; n++ {
				sys.Root.Send(pid, numbered{name, n})
				sys.Root.Send(pid, numberedFront{numbered{name, n}})
				if n%512 == 0 {
					runtime.Gosched()
				}
			}
		})
	}
	wg.Wait()
	<-seq.done
	if err := sys.Root.StopFuture(pid).Wait(); err != nil {
		t.Fatal(err)
	}
}

// protoactor gives an actor its name before its mailbox has a dispatcher. What comes in between is delivered
// once the actor starts.
func TestMessagesBeforeTheActorIsRegistered(t *testing.T) {
	b := New()().(*box)
	post(b, "a", front{1}, herald{2})
	r, d := &recorder{}, NewSeeded(1)
	b.RegisterHandlers(r, d)
	b.PostSystemMessage("started")
	b.Start()
	d.Run(10)
	expect(t, r.got, "sys:started", front{1}, "a", herald{2}, Drained{4})
}
