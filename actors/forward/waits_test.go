package forward

import (
	"testing"

	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

// nullArray is what an operation ends with whose time is over.
const nullArray = "*-1\r\n"

// blocked asks for an operation that waits on another node, whose replica names it, and returns its name here.
func (x *node) blocked(y *node, in inbox, waiter uint64) (id uint64, there *replica.Batch) {
	x.t.Helper()
	y.holds.Store(true)
	if !x.fwd.Ask(y.id, 1, in.waiting("q")) {
		x.t.Fatal("refused")
	}
	there = receive(x.t, "batch", y.asked)
	y.replica.Budget.Release(there.Cost())
	there.Sink.Deliver(&replica.Answer{Batch: there, Status: replica.Waits, Waiter: waiter})
	a := receive(x.t, "word that it waits", in)
	if a.Status != replica.Waits {
		x.t.Fatalf("answered %v", a.Status)
	}
	return a.Waiter, there
}

// serve answers an operation that waited.
func serve(b *replica.Batch, reply string, cancelled bool) {
	b.Sink.Deliver(&replica.Answer{
		Batch: b, Index: 78, Replies: []byte(reply), Ends: []uint32{uint32(len(reply))}, Cancelled: cancelled,
	})
}

// compares lets time pass on a node, as long as it takes until all is compared once more, n times.
func (x *node) compares(n int) {
	for range n * int(renewTicks) {
		x.system.Root.Send(x.fwd.pid, Tick{})
	}
}

func TestWaitsAndIsServed(t *testing.T) {
	one, two := pair(t)
	in := newInbox()
	_, there := one.blocked(two, in, 5)
	if !there.Waits {
		t.Error("its replica is not told that it may wait")
	}
	one.compares(2 * int(answerTicks/renewTicks))
	two.compares(2 * int(answerTicks/renewTicks))
	if n := one.settled(in); n != 0 {
		t.Fatalf("%d answers while it waits", n)
	}
	if got := one.fwd.Stats(); got.Blocked != 1 || got.Waiting != 0 {
		t.Errorf("%+v", got)
	}
	serve(there, "$1\r\na\r\n", false)
	if a := receive(t, "answer", in); a.Status != replica.Done || string(a.Replies) != "$1\r\na\r\n" || a.Index != 78 || a.Cancelled {
		t.Errorf("%+v", a)
	}
	one.wantIdle()
	two.wantNoneHeld()
}

// wantNoneHeld asks a node, by what only its actor knows, whether it holds anything for others.
func (x *node) wantNoneHeld() {
	x.t.Helper()
	x.settled(nil)
	if n := x.fwd.held.count; n != 0 || len(x.fwd.held.of) != 0 || len(x.fwd.held.heard) != 0 {
		x.t.Errorf("%d are held", n)
	}
}

// The asking node ends a wait, by a null or by an error, once, however often it is asked to.
func TestUnblock(t *testing.T) {
	one, two := pair(t)
	for _, withError := range []bool{false, true} {
		in := newInbox()
		id, there := one.blocked(two, in, 7)
		one.fwd.Unblock(id, withError)
		one.fwd.Unblock(id, !withError)
		m := receive(t, "end", two.ended)
		if len(m.IDs) != 1 || m.IDs[0] != 7 || m.Error != withError {
			t.Errorf("asked for %+v", m)
		}
		serve(there, nullArray, true)
		if a := receive(t, "answer", in); !a.Cancelled || string(a.Replies) != nullArray {
			t.Errorf("%+v", a)
		}
		if one.settled(in); len(two.ended) != 0 {
			t.Error("ended twice")
		}
		one.fwd.Unblock(id, withError) // too late
	}
	one.wantIdle()
	two.wantNoneHeld()
}

// What was asked before the operation waited is asked of the replica when it does.
func TestForsakenBeforeItWaits(t *testing.T) {
	one, two := pair(t)
	two.holds.Store(true)
	in := newInbox()
	one.fwd.Ask(two.id, 1, in.waiting("q"))
	there := receive(t, "batch", two.asked)
	two.replica.Budget.Release(there.Cost())
	two.system.Root.Send(two.fwd.pid, inboundOf(one, &wire.Waiting{}))
	if two.settled(in); len(two.ended) > 0 {
		t.Fatal("ended what does not wait")
	}
	there.Sink.Deliver(&replica.Answer{Batch: there, Status: replica.Waits, Waiter: 9})
	if m := receive(t, "end", two.ended); m.IDs[0] != 9 {
		t.Errorf("%+v", m)
	}
}

// The link breaks: here nobody knows what became of it.
func TestWaitsAndTheLinkBreaks(t *testing.T) {
	one, two := pair(t)
	in := newInbox()
	one.blocked(two, in, 11)
	two.links.Close()
	if a := receive(t, "answer", in); a.Status != replica.Unknown {
		t.Errorf("%v", a.Status)
	}
	one.wantIdle()
}

// And there the wait is ended, so that it takes nothing for nobody.
func TestAskerIsGone(t *testing.T) {
	one, two := pair(t)
	in := newInbox()
	_, there := one.blocked(two, in, 11)
	one.links.Close()
	if m := receive(t, "end", two.ended); m.IDs[0] != 11 || m.Error {
		t.Errorf("%+v", m)
	}
	serve(there, nullArray, true)
	two.wantNoneHeld()
}

// The leader leads no more: the client is told so, as one that is connected to it.
func TestWaitsAndTheLeaderChanges(t *testing.T) {
	one, two := pair(t)
	in := newInbox()
	_, there := one.blocked(two, in, 11)
	there.Sink.Deliver(&replica.Answer{Batch: there, Status: replica.Unblocked})
	if a := receive(t, "answer", in); a.Status != replica.Unblocked {
		t.Errorf("%v", a.Status)
	}
	one.wantIdle()
	two.wantNoneHeld()
}

// Answers of the other node were lost on the way: what it does not hold is known to have no answer.
func TestLostAnswerIsFound(t *testing.T) {
	one, two := pair(t)
	in := newInbox()
	_, there := one.blocked(two, in, 3)
	two.forget(one.id)
	serve(there, "$1\r\na\r\n", false) // to nobody
	two.settled(nil)
	one.compares(1)
	if a := receive(t, "answer", in); a.Status != replica.Unknown {
		t.Errorf("%v", a.Status)
	}
	one.wantIdle()
}

// forget has a node forget, in the turn of its actor, what it holds for another, as if its last word had been said.
func (x *node) forget(of slotmap.NodeID) {
	x.t.Helper()
	for _, h := range x.fwd.held.all(of) {
		x.system.Root.Send(x.fwd.pid, &heldAnswer{h.heldKey, &replica.Answer{Status: replica.Waits, Waiter: 3}})
	}
	x.settled(nil)
	for _, h := range x.fwd.held.all(of) {
		x.fwd.held.remove(h)
	}
}

// The request to end a wait was lost on the way: it is repeated.
func TestLostUnblockIsRepeated(t *testing.T) {
	one, two := pair(t)
	in := newInbox()
	id, there := one.blocked(two, in, 3)
	one.fwd.Unblock(id, true)
	receive(t, "end", two.ended)
	one.compares(1)
	if m := receive(t, "end once more", two.ended); m.IDs[0] != 3 || !m.Error {
		t.Errorf("%+v", m)
	}
	serve(there, nullArray, true)
	receive(t, "answer", in)
	one.wantIdle()
}

// What the asking node does not list is for nobody, and ended. If its client waits all the same, it is not told that
// its time is over.
func TestUnlistedIsEnded(t *testing.T) {
	one, two := pair(t)
	in := newInbox()
	_, there := one.blocked(two, in, 3)
	two.system.Root.Send(two.fwd.pid, inboundOf(one, &wire.Waiting{}))
	receive(t, "end", two.ended)
	serve(there, nullArray, true)
	if a := receive(t, "answer", in); a.Status != replica.Unblocked || a.Cancelled {
		t.Errorf("%+v", a)
	}
	one.wantIdle()
	two.wantNoneHeld()
}

// A node that lists nothing any more waits for nothing.
func TestSilentNodeIsForsaken(t *testing.T) {
	one, two := pair(t)
	in := newInbox()
	one.blocked(two, in, 3)
	two.compares(int(leaseTicks / renewTicks))
	if two.settled(nil); len(two.ended) > 0 {
		t.Fatal("ended too early")
	}
	two.compares(2)
	receive(t, "end", two.ended)
	two.compares(int(3 * answerTicks / renewTicks)) // its replica says nothing more
	two.wantNoneHeld()
}

// inboundOf is a message as the link brings it.
func inboundOf(x *node, m wire.Message) *link.Inbound { return &link.Inbound{From: x.id, Message: m} }

func TestCopies(t *testing.T) {
	one, two := pair(t)
	got := make(chan [2]int, 10)
	ask := func() uint64 {
		id, ok := one.fwd.Copies(two.id, 1, &replica.WaitQuery{Index: 4, Need: 2, Timeout: 1500e6, Reply: func(n int, ok bool) {
			got <- [2]int{n, map[bool]int{true: 1}[ok]}
		}})
		if !ok {
			t.Fatal("refused")
		}
		return id
	}
	ask()
	q := receive(t, "query", two.queries)
	if q.Index != 4 || q.Need != 2 || q.Timeout != 1500e6 {
		t.Errorf("arrived %+v", q)
	}
	q.Reply(2, true)
	if a := receive(t, "answer", got); a != [2]int{2, 1} {
		t.Error(a)
	}
	id := ask()
	receive(t, "query", two.queries)
	one.fwd.Unblock(id, false)
	one.settled(nil)
	one.wantIdle()
	ask()
	q = receive(t, "query", two.queries)
	two.replica = nil // it is gone, and with it the query
	two.compares(1)
	if a := receive(t, "answer", got); a != [2]int{0, 0} {
		t.Error(a)
	}
	q.Reply(7, true) // to nobody
	ask()
	if a := receive(t, "answer of a node without a replica", got); a != [2]int{0, 0} {
		t.Error(a)
	}
	one.links.Close()
	one.wantIdle()
	two.wantNoneHeld()
}

// What may wait, and what is held, is bounded.
func TestHoldings(t *testing.T) {
	hs := newHoldings()
	a := &holding{heldKey: heldKey{slotmap.NodeID{1}, 5}}
	if !hs.add(a, 0) || hs.add(&holding{heldKey: a.heldKey}, 0) {
		t.Error("a name was given twice")
	}
	for i := range uint64(maxHeld - 1) {
		hs.add(&holding{heldKey: heldKey{slotmap.NodeID{2}, i}}, 0)
	}
	if hs.add(&holding{heldKey: heldKey{slotmap.NodeID{3}, 1}}, 0) {
		t.Error("held beyond the bound")
	}
	hs.remove(a)
	if !hs.add(&holding{heldKey: heldKey{slotmap.NodeID{3}, 1}}, 0) {
		t.Error("no room where there is")
	}
}
