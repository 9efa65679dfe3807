package forward

import (
	"bytes"
	"strings"
	"testing"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

func TestThereAndBack(t *testing.T) {
	one, two := pair(t)
	for _, write := range []bool{false, true} {
		in := newInbox()
		sent := in.batch(write, "a", "b")
		if !one.fwd.Ask(two.id, 1, sent) {
			t.Fatal("refused")
		}
		there := receive(t, "batch", two.asked)
		if there.Write != write || there.Count != 2 || there.Proto != 3 || !bytes.Equal(there.Ops, sent.Ops) {
			t.Errorf("arrived %+v", there)
		}
		a := receive(t, "answer", in)
		if a.Batch != sent || a.Status != replica.Done || a.Index != 77 || string(a.Replies) != "+[get a]\r\n+[get b]\r\n" ||
			len(a.Ends) != 2 || a.Ends[1] != uint32(len(a.Replies)) {
			t.Errorf("answer %+v", a)
		}
	}
	one.wantIdle()
}

// TestRefusals: what the other node can't do is told, and whom to ask instead.
func TestRefusals(t *testing.T) {
	one, two := pair(t)
	three := slotmap.NodeID{3}
	two.leads.Store(&three)
	tests := []struct {
		name   string
		shard  slotmap.ShardID
		size   int
		status replica.Status
		leader slotmap.NodeID
	}{
		{"its replica does not lead", 1, 1, replica.Moved, three},
		{"it has no replica and knows the leader", 2, 1, replica.Moved, slotmap.NodeID{9}},
		{"it knows nothing", 3, 1, replica.Down, slotmap.NodeID{}},
		{"its replica has no room", 1, 2 << 20, replica.TryAgain, slotmap.NodeID{}},
	}
	for _, tt := range tests {
		in := newInbox()
		one.fwd.Ask(two.id, tt.shard, in.batch(true, strings.Repeat("x", tt.size)))
		if a := receive(t, "answer", in); a.Status != tt.status || a.Leader != tt.leader {
			t.Errorf("%s: %v, leader %v", tt.name, a.Status, a.Leader)
		}
	}
	one.wantIdle()
}

// TestNoLink: without a link nothing is sent, not even later.
func TestNoLink(t *testing.T) {
	w := newWorld(t)
	one, two := w.start(1), w.start(2).host()
	in := newInbox()
	one.fwd.Ask(two.id, 1, in.batch(true, "a"))
	if a := receive(t, "answer", in); a.Status != replica.Down {
		t.Errorf("got %v", a.Status)
	}
	one.meet(two)
	one.fwd.Ask(two.id, 1, in.batch(true, "b"))
	receive(t, "answer", in)
	if b := receive(t, "batch", two.asked); !bytes.Contains(b.Ops, []byte("b")) {
		t.Errorf("the first arrived all the same: %q", b.Ops)
	}
	one.wantIdle()
}

// TestLostWithTheLink: the link ends while the other node has the batch.
func TestLostWithTheLink(t *testing.T) {
	one, two := pair(t)
	two.holds.Store(true)
	in := newInbox()
	one.fwd.Ask(two.id, 1, in.batch(true, "a"))
	one.fwd.Ask(two.id, 1, in.batch(false, "b"))
	receive(t, "batch", two.asked)
	receive(t, "batch", two.asked)
	two.links.Close()
	for range 2 {
		if a := receive(t, "answer", in); a.Status != replica.Unknown {
			t.Errorf("got %v", a.Status)
		}
	}
	if n := one.settled(in); n != 0 {
		t.Errorf("%d further answers", n)
	}
	if got, want := one.fwd.Stats(), (Stats{Most: 2, Asked: 2, Lost: 2}); got != want {
		t.Errorf("%+v", got)
	}
	if got, want := two.fwd.Stats(), (Stats{Served: 2}); got != want {
		t.Errorf("%+v", got)
	}
	one.wantIdle()
}

// TestNoAnswer: the other node is there and says nothing. What it says too late is for nobody.
func TestNoAnswer(t *testing.T) {
	one, two := pair(t)
	two.holds.Store(true)
	in := newInbox()
	one.fwd.Ask(two.id, 1, in.batch(true, "slow"))
	slow := receive(t, "batch", two.asked)
	for range answerTicks {
		if len(in) > 0 {
			t.Fatal("given up too early")
		}
		one.system.Root.Send(one.fwd.pid, Tick{})
		one.settled(in)
	}
	if a := receive(t, "answer", in); a.Status != replica.Unknown {
		t.Errorf("got %v", a.Status)
	}
	two.holds.Store(false)
	two.answer(slow)
	one.fwd.Ask(two.id, 1, in.batch(true, "next"))
	if a := receive(t, "answer", in); a.Status != replica.Done || string(a.Replies) != "+[get next]\r\n" {
		t.Errorf("the next batch is answered %v %q", a.Status, a.Replies)
	}
	one.wantIdle()
}

// TestAnswerOfAnother: only the node that was asked can answer.
func TestAnswerOfAnother(t *testing.T) {
	one, two := pair(t)
	three := one.world.start(3)
	three.meet(one)
	two.holds.Store(true)
	in := newInbox()
	one.fwd.Ask(two.id, 1, in.batch(true, "a"))
	held := receive(t, "batch", two.asked)
	id := held.Sink.(sink).id
	three.system.Root.Send(actor.NewPID(one.id.String(), Name), &wire.Reply{ID: id, Replies: []byte("+forged\r\n"), Ends: []uint32{9}})
	// Its own batch to the same node shows that the forged answer has arrived.
	mine := newInbox()
	three.fwd.Ask(one.id, 3, mine.batch(false, "x"))
	receive(t, "answer", mine)
	if n := one.settled(in); n != 0 {
		t.Fatal("a forged answer was taken")
	}
	two.answer(held)
	if a := receive(t, "answer", in); string(a.Replies) != "+[get a]\r\n" {
		t.Errorf("got %q", a.Replies)
	}
}

func TestBudget(t *testing.T) {
	one, two := pair(t)
	two.holds.Store(true)
	in := newInbox()
	b := in.batch(true, "a")
	b.Count = budgetOps
	one.fwd.budget.TryAcquire(b.Cost()) // as others would have
	if one.fwd.Ask(two.id, 1, in.batch(true, "b")) {
		t.Error("taken beyond the bound")
	}
	one.fwd.budget.Release(b.Cost())
	if !one.fwd.Ask(two.id, 1, in.batch(true, "c")) {
		t.Error("refused with room")
	}
	if got := receive(t, "batch", two.asked); !bytes.Contains(got.Ops, []byte("c")) {
		t.Errorf("%q arrived", got.Ops)
	}
	if !one.fwd.Ask(two.id, 1, in.waiting("d")) {
		t.Error("what may wait for long has no room of its own")
	}
}

// TestBadRequests: a peer's nonsense reaches no replica, is refused, and is one line.
func TestBadRequests(t *testing.T) {
	one, two := pair(t)
	op := keyspace.AppendOp(nil, 5, [][]byte{[]byte("get"), []byte("k")})
	wait := keyspace.AppendWait(nil, 5, [][]byte{[]byte("blpop"), []byte("k"), []byte("0")})
	for name, m := range map[string]*wire.Request{
		"no operations":       {Shard: 1, Proto: 2},
		"fewer than it says":  {Shard: 1, Proto: 2, Ops: op, Count: 2},
		"more than it says":   {Shard: 1, Proto: 2, Ops: append(op[:len(op):len(op)], op...), Count: 1},
		"garbage":             {Shard: 1, Proto: 2, Ops: []byte("\xdd\xff\xff\xff\xff"), Count: 1},
		"one that is cut off": {Shard: 1, Proto: 2, Ops: op[:len(op)-1], Count: 1},
		"RESP9":               {Shard: 1, Proto: 9, Ops: op, Count: 1},
		"a read that waits":   {Shard: 1, Proto: 2, Ops: wait, Count: 1},
		"two that wait":       {Shard: 1, Proto: 2, Ops: append(wait[:len(wait):len(wait)], wait...), Count: 2, Write: true},
	} {
		in := newInbox()
		b := &replica.Batch{Ops: m.Ops, Count: int(m.Count), Write: m.Write, Proto: int(m.Proto), Sink: in}
		one.fwd.Ask(two.id, 1, b)
		if a := receive(t, "answer", in); a.Status != replica.Down {
			t.Errorf("%s: %v", name, a.Status)
		}
	}
	if len(two.asked) > 0 || two.log.lines() != 1 {
		t.Errorf("%d batches came through, %d lines", len(two.asked), two.log.lines())
	}
	one.wantIdle()
}

func TestStop(t *testing.T) {
	one, two := pair(t)
	two.holds.Store(true)
	in := newInbox()
	one.fwd.Ask(two.id, 1, in.batch(true, "a"))
	receive(t, "batch", two.asked)
	one.system.Root.Stop(one.fwd.pid)
	if a := receive(t, "answer", in); a.Status != replica.Unknown {
		t.Errorf("got %v", a.Status)
	}
}

func TestTable(t *testing.T) {
	tb := newTable()
	a, b, c := &pending{to: slotmap.NodeID{1}}, &pending{to: slotmap.NodeID{2}}, &pending{to: slotmap.NodeID{2}}
	tb.open[1], tb.open[3], tb.open[2] = a, b, c
	if tb.find(1, slotmap.NodeID{2}) != nil || tb.find(9, slotmap.NodeID{1}) != nil {
		t.Error("found for another")
	}
	if tb.find(1, slotmap.NodeID{1}) != a {
		t.Error("not found")
	}
	got := tb.takeAll(func(p *pending) bool { return p.to == slotmap.NodeID{2} })
	if len(got) != 2 || got[0] != c || got[1] != b || len(tb.open) != 1 {
		t.Errorf("took %v, left %v", got, tb.open)
	}
}

func TestFit(t *testing.T) {
	var replies []byte
	var ends []uint32
	for _, r := range []string{"+small\r\n", "+" + strings.Repeat("x", 1000) + "\r\n", "", "+last\r\n"} {
		replies = append(replies, r...)
		ends = append(ends, uint32(len(replies)))
	}
	if got, to := fit(replies, ends, len(replies)); &got[0] != &replies[0] || &to[0] != &ends[0] {
		t.Error("what fits was copied")
	}
	got, to := fit(replies, ends, 4*len(lineTooLarge))
	want := "+small\r\n" + lineTooLarge + "+last\r\n"
	if string(got) != want || len(to) != 4 || to[1] != to[2] || int(to[3]) != len(want) || int(to[1]) != len(want)-7 {
		t.Errorf("got %q, ends %v", got, to)
	}
	if got, _ := fit(nil, nil, 1); got != nil {
		t.Errorf("nothing becomes %q", got)
	}
}
