package confirm

import (
	"slices"
	"testing"

	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/slotmap"
)

// Others are asked where one is late, whose answer counts still.
func TestLateAnswer(t *testing.T) {
	s, n := alone(t)
	s.rank(b, c, d, e)
	n.handle(n.asks(1, 5, 1, 1, b, c))
	held := s.take(b)
	n.tick(patience)
	s.sentTo()
	n.tick(1)
	s.sentTo(c)
	n.says()
	s.answer(b, held.ID)
	n.says(verdict{1, 5, 1, true})
	s.confirms(c)
	n.says()
	n.empty()

	// Who was late is not among those who answer soonest until the next race.
	n.handle(n.asks(1, 5, 2, 1, b, c))
	s.sentTo(c)
	s.confirms(c)
	n.says(verdict{1, 5, 2, true})

	// A late no is one no.
	n.handle(n.asks(1, 5, 3, 2, b, c, d, e))
	s.sentTo(c, d)
	held, on := s.take(c), s.take(d)
	n.tick(patience + 1)
	s.sentTo(b, e)
	s.answer(c, held.ID, 0)
	s.answer(d, on.ID)
	n.says()
	s.answer(b, s.take(b).ID, 0)
	n.says()
	s.confirms(e)
	n.says(verdict{1, 5, 3, true})
	n.empty()
}

// What waits for a late node waits for others as well.
func TestLateNodeHoldsNothingUp(t *testing.T) {
	s, n := alone(t)
	s.rank(b, c, d)
	n.handle(n.asks(1, 5, 1, 1, b, c, d))
	n.handle(n.asks(2, 5, 1, 1, b, c, d))
	held := s.take(b)
	n.tick(patience)
	s.sentTo()
	n.tick(1)
	s.sentTo(b, c)
	if m := s.take(c); len(m.Leads) != 2 {
		t.Errorf("asked %+v", m.Leads)
	} else {
		s.answer(c, m.ID, 0)
	}
	n.says(verdict{2, 5, 1, true})
	s.sentTo(b, d)
	s.answer(b, held.ID, 0)
	n.says()
	s.confirms(d)
	n.says(verdict{1, 5, 1, true})
	s.confirms(b)
	n.says()
	n.empty()
}

// Who takes long in a race is given longer.
func TestPatienceWithFarNodes(t *testing.T) {
	const took = 4
	s, n := alone(t)
	n.handle(n.asks(1, 5, 1, 1, b, c))
	s.confirms(b, c)
	n.says(verdict{1, 5, 1, true})
	n.tick(1)
	near, far := s.take(b), s.take(c)
	n.tick(1)
	s.answer(b, near.ID)
	n.tick(took - 1)
	s.answer(c, far.ID)

	n.handle(n.asks(1, 5, 2, 1, b, c))
	held := s.take(b)
	n.tick(patience + 2)
	s.sentTo()
	n.tick(1)
	s.sentTo(c)
	s.answer(b, held.ID)
	s.confirms(c)
	n.says(verdict{1, 5, 2, true})

	n.handle(n.asks(1, 5, 3, 1, d, c))
	held = s.take(c)
	n.tick(patience + 2*took)
	s.sentTo()
	n.tick(1)
	s.sentTo(d)
	s.answer(c, held.ID)
	n.says(verdict{1, 5, 3, true})
}

// Once there is a verdict nobody is asked more, whatever those say who were.
func TestNobodyIsAskedForWhatIsOver(t *testing.T) {
	over := func(t *testing.T) (*stage, *node, slotmap.NodeID, uint64) {
		s, n := alone(t)
		s.rank(b, c, d)
		n.handle(n.asks(1, 5, 1, 1, b, c, d))
		held := s.take(b)
		n.tick(patience + 1)
		on := s.take(c)
		s.answer(b, held.ID)
		n.says(verdict{1, 5, 1, true})
		return s, n, c, on.ID
	}
	t.Run("late", func(t *testing.T) {
		s, n, _, _ := over(t)
		n.tick(2 * (patience + 1))
		s.sentTo()
		n.says()
	})
	t.Run("no", func(t *testing.T) {
		s, n, late, id := over(t)
		s.answer(late, id, 0)
		s.sentTo()
		n.says()
		n.empty()
	})
	t.Run("lost", func(t *testing.T) {
		s, n, late, _ := over(t)
		n.handle(&link.Down{Node: late})
		s.sentTo()
		n.says()
		n.empty()
	})
}

// Who is late with its message gets another. That it answers the later one shows that the earlier is lost.
func TestLinkKeepsOrder(t *testing.T) {
	for _, inOrder := range []bool{true, false} {
		s, n := alone(t)
		n.handle(n.asks(1, 5, 1, 1, b))
		first := s.take(b)
		n.handle(n.asks(1, 5, 2, 1, b))
		n.tick(1) // begins a race
		if m := s.take(b); len(m.Leads) > 0 {
			t.Fatalf("a second message, %+v", m)
		}
		n.tick(patience - 1)
		s.sentTo()
		n.tick(1)
		second := s.take(b)
		if inOrder {
			s.answer(b, first.ID)
			n.says(verdict{1, 5, 1, true})
			s.answer(b, second.ID)
			n.says(verdict{1, 5, 2, true})
		} else {
			s.answer(b, second.ID)
			n.says(verdict{1, 5, 2, true}, verdict{1, 5, 1, false}) // the newest first
			s.answer(b, first.ID)
			n.says()
		}
		n.empty()
	}
}

func TestAnswersOfNoAccount(t *testing.T) {
	s, n := alone(t)
	n.handle(n.asks(1, 5, 1, 2, b, c, d))
	ids := map[slotmap.NodeID]uint64{b: s.take(b).ID, c: s.take(c).ID, d: s.take(d).ID}
	for range 2 { // the second b is an answer that was counted
		s.answer(b, ids[b])
		s.answer(b, ids[c])              // another was asked that
		s.answer(e, ids[c])              // who is unknown
		s.answer(b, ids[d], 0)           // nor counts its no
		s.answer(c, ids[c]+1000)         // nobody was
		s.answer(c, ids[b]-1)            // nor was anybody
		s.answer(c, 0)                   // what a race has that is none
		s.answer(c, n.confirmer.last+10) // not yet
		n.says()
	}
	s.answer(c, ids[c])
	n.says(verdict{1, 5, 1, true})
	s.answer(d, ids[d])
	n.says()
	n.empty()
}

// A node that starts anew is told what its earlier life has asked.
func TestAnswerToAnotherLife(t *testing.T) {
	s, n := alone(t)
	n.handle(n.asks(1, 5, 1, 1, b))
	old := s.take(b)
	n = s.start(self, 5000)
	n.handle(n.asks(1, 5, 1, 1, b))
	s.answer(b, old.ID)
	n.says()
	s.confirms(b)
	n.says(verdict{1, 5, 1, true})
	n.empty()
}

func TestLostLink(t *testing.T) {
	s, n := alone(t)
	s.rank(b, c, d, e)
	n.handle(&link.Down{Node: slotmap.NodeID{99}})

	// One question is under way, one waits.
	n.handle(n.asks(1, 5, 1, 1, b, c, d))
	n.handle(n.asks(2, 5, 1, 1, b, c, d))
	held := s.take(b)
	n.handle(&link.Down{Node: b})
	m := s.take(c)
	if len(m.Leads) != 2 {
		t.Fatalf("asked %+v", m.Leads)
	}
	s.answer(b, held.ID)
	n.says()

	// The last that could confirm are lost.
	s.answer(c, m.ID, 0, 1)
	s.sentTo(d)
	n.says()
	n.handle(&link.Down{Node: d})
	n.says(verdict{1, 5, 1, false}, verdict{2, 5, 1, false})
	n.empty()

	// One that waits may be joined still.
	n.handle(n.asks(3, 5, 1, 1, e, c))
	s.take(d)
	held = s.take(c)
	n.handle(n.asks(3, 5, 2, 1, c, e))
	n.handle(&link.Down{Node: c}, n.asks(3, 5, 3, 1, c, e))
	m = s.take(e)
	if len(m.Leads) != 2 {
		t.Fatalf("asked %+v", m.Leads)
	}
	s.answer(c, held.ID)
	s.answer(e, m.ID)
	n.says(verdict{3, 5, 1, true}, verdict{3, 5, 3, true})

	// Who is back is asked where there is nobody else.
	n.handle(n.asks(3, 5, 4, 1, c))
	s.confirms(c)
	n.says(verdict{3, 5, 4, true})
	n.empty()
}

// A node that is late with several messages is lost.
func TestLostLinkOfLateNode(t *testing.T) {
	s, n := alone(t)
	n.tick(1)
	for round := range uint64(3) {
		n.handle(n.asks(1, 5, 1+round, 1, b))
		s.take(b)
		n.tick(patience + 1)
	}
	n.handle(n.asks(1, 5, 4, 1, b))
	n.handle(n.asks(1, 5, 5, 1, b)) // waits
	n.says()
	n.handle(&link.Down{Node: b})
	n.says(verdict{1, 5, 1, false}, verdict{1, 5, 2, false}, verdict{1, 5, 3, false}, verdict{1, 5, 4, false}, verdict{1, 5, 5, false})
	n.empty()
}

func TestSilentNode(t *testing.T) {
	s, n := alone(t)
	const times = 3 * maxUnderWay
	var messages []uint64
	var round uint64
	for range times {
		for range 10 { // it costs no more messages
			round++
			n.handle(n.asks(1, 5, round, 1, b))
		}
		n.tick(patience + 1)
		if got := len(n.confirmer.peers[b].under); got > maxUnderWay {
			t.Fatalf("%d messages are under way", got)
		}
		for len(s.wires[direction{self, b}]) > 0 {
			if m := s.take(b); len(m.Leads) > 0 {
				messages = append(messages, m.ID)
				if len(m.Leads) != 1 {
					t.Fatalf("asked %+v", m.Leads)
				}
			}
		}
	}
	if len(messages) < maxUnderWay || len(messages) > times+1 {
		t.Errorf("%d messages", len(messages))
	}
	p := n.confirmer.peers[b]
	if len(p.next) > 0 || len(p.under) < 2 {
		t.Fatalf("%d messages are under way, %d questions wait", len(p.under), len(p.next))
	}
	// Every message has one question, of its own. Those that are not under way any more are given up.
	under := len(p.under)
	if len(n.verdicts) != len(messages)-under || slices.ContainsFunc(n.verdicts, func(v verdict) bool { return v.confirmed }) {
		t.Errorf("%d messages, %d under way, verdicts %v", len(messages), under, n.verdicts)
	}
	n.verdicts = nil
	s.answer(b, messages[len(messages)-under-1])
	n.says()
	s.answer(b, messages[len(messages)-1])
	if len(n.verdicts) != under || n.verdicts[0] != (verdict{1, 5, round, true}) {
		t.Errorf("verdicts %v", n.verdicts)
	}
	n.empty()
}

// What another node has confirmed neither waits for a silent one nor is kept for it.
func TestSilentNodeLeavesNothing(t *testing.T) {
	s, n := alone(t)
	var round uint64
	for range 20 * maxUnderWay {
		for range 5 {
			round++
			n.handle(n.asks(1, 5, round, 1, b, c), n.asks(2, 5, round, 1, b, c))
			s.confirms(c)
			n.says(verdict{1, 5, round, true}, verdict{2, 5, round, true})
		}
		n.tick(1)
		for _, id := range []slotmap.NodeID{b, c} {
			for way := (direction{self, id}); len(s.wires[way]) > 0; { // no race is won
				s.take(id)
			}
		}
		p := n.confirmer.peers[b]
		if len(p.under) > maxUnderWay || len(p.next) > 0 || len(n.confirmer.fresh) > 0 {
			t.Fatalf("%d messages are under way, %d questions wait, %d count as unsent", len(p.under), len(p.next), len(n.confirmer.fresh))
		}
		for _, m := range p.under[:max(0, len(p.under)-1)] { // the last may have become late just now
			if !m.late || m.items != nil {
				t.Fatalf("%d questions of a late message are kept", len(m.items))
			}
		}
	}
	held := n.confirmer.peers[b].under
	s.answer(b, held[len(held)-1].id, 0)
	n.says()
	n.handle(&link.Down{Node: b})
	n.says()
	n.empty()
}
