package confirm

import (
	"slices"
	"testing"

	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

func TestOneMessageForAllShards(t *testing.T) {
	s, n := alone(t)
	const shards = 100
	for i := range slotmap.ShardID(shards) {
		n.send(n.asks(1+i, 7, 1, 1, b, c))
	}
	s.run()
	s.sentTo(b, c)
	first := s.take(b)
	for id, m := range map[slotmap.NodeID]*wire.Confirm{b: first, c: s.take(c)} {
		if len(m.Leads) != shards {
			t.Fatalf("%d questions", len(m.Leads))
		}
		for i, l := range m.Leads {
			if (l != wire.Lead{Shard: slotmap.ShardID(1 + i), Replica: replicaOn(id), Term: 7}) {
				t.Fatalf("question %d is %+v", i, l)
			}
		}
	}
	// Until it is answered there is no other.
	for i := range slotmap.ShardID(shards) {
		n.handle(n.asks(1+i, 7, 2, 1, b, c))
	}
	s.sentTo()
	s.answer(b, first.ID, 3)
	s.sentTo(b)
	if second := s.take(b); len(second.Leads) != shards || second.ID == first.ID {
		t.Errorf("message %d, after %d, has %d questions", second.ID, first.ID, len(second.Leads))
	}
	if len(n.verdicts) != shards-1 || slices.ContainsFunc(n.verdicts, func(v verdict) bool {
		return v.shard == 4 || v.term != 7 || v.round != 1 || !v.confirmed
	}) {
		t.Errorf("verdicts %v", n.verdicts)
	}
}

func TestAsksJoinWhatIsUnsent(t *testing.T) {
	s, n := alone(t)
	held := s.busy(b, c)
	n.send(n.asks(1, 5, 11, 1, b, c), n.asks(2, 5, 1, 1, b, c), n.asks(1, 5, 12, 1, b, c))
	n.handle(n.asks(1, 5, 13, 1, b, c)) // in a later turn, it makes no difference
	s.sentTo()
	s.answer(b, held[b])
	n.says(verdict{other, 1, 1, true})
	m := s.take(b)
	want := []wire.Lead{{Shard: 1, Replica: replicaOn(b), Term: 5}, {Shard: 2, Replica: replicaOn(b), Term: 5}}
	if !slices.Equal(m.Leads, want) {
		t.Fatalf("asked %+v", m.Leads)
	}
	s.answer(b, m.ID)
	n.says(verdict{1, 5, 13, true}, verdict{2, 5, 1, true})
	s.answer(c, held[c])
	s.sentTo() // what is over
	n.says()
	n.empty()
}

// Who has been asked may have answered already, before the Ask.
func TestAsksJoinNothingThatOneNodeWasSent(t *testing.T) {
	s, n := alone(t)
	held := s.busy(b, c)
	s.answer(b, held[b])
	n.says(verdict{other, 1, 1, true})
	n.handle(n.asks(1, 5, 1, 1, b, c))
	s.sentTo(b) // while it waits for c
	n.handle(n.asks(1, 5, 2, 1, b, c))
	s.confirms(b)
	n.says(verdict{1, 5, 1, true})
	s.confirms(b)
	n.says(verdict{1, 5, 2, true})
	s.answer(c, held[c])
	s.sentTo()
	n.says()
	n.empty()
}

func TestAsksOfAnotherKindDoNotJoin(t *testing.T) {
	tests := []struct {
		name   string
		term   uint64
		others []slotmap.NodeID
	}{
		{"another term", 6, []slotmap.NodeID{b, c}},
		{"an earlier term", 4, []slotmap.NodeID{b, c}},
		{"another voter", 5, []slotmap.NodeID{b, d}},
		{"more voters", 5, []slotmap.NodeID{b, c, d}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, n := alone(t)
			held := s.busy(b, c, d)
			n.handle(n.asks(1, 5, 1, 1, b, c), n.asks(1, tt.term, 2, 1, tt.others...))
			for _, id := range []slotmap.NodeID{b, c, d} {
				s.answer(id, held[id])
			}
			n.says(verdict{other, 1, 1, true})
			m := s.take(b)
			if len(m.Leads) != 2 || m.Leads[0].Term != 5 || m.Leads[1].Term != tt.term {
				t.Fatalf("asked %+v", m.Leads)
			}
			s.answer(b, m.ID, 0)
			n.says(verdict{1, tt.term, 2, true})
			s.confirms(c)
			n.says(verdict{1, 5, 1, true})
			if len(s.wires[direction{self, d}]) > 0 {
				s.confirms(d)
			}
			n.says()
			n.empty()
		})
	}

	t.Run("another replica there", func(t *testing.T) {
		s, n := alone(t)
		held := s.busy(b)
		moved := n.asks(1, 5, 2, 1, b)
		moved.Others[0].Replica++
		n.handle(n.asks(1, 5, 1, 1, b), moved)
		s.answer(b, held[b])
		if m := s.take(b); len(m.Leads) != 2 || m.Leads[1].Replica != m.Leads[0].Replica+1 {
			t.Errorf("asked %+v", m.Leads)
		}
	})
}

// What becomes of a question leaves a later one of its shard as it is.
func TestAsksJoinTheLaterOfTwo(t *testing.T) {
	for _, lost := range []bool{false, true} {
		s, n := alone(t)
		held := s.busy(b, c)
		n.handle(n.asks(1, 5, 1, 1, b), n.asks(1, 6, 2, 1, c))
		if lost {
			n.handle(&link.Down{Node: b})
			n.says(verdict{1, 5, 1, false})
		} else {
			s.answer(b, held[b])
			n.says(verdict{other, 1, 1, true})
			s.sentTo(b)
		}
		n.handle(n.asks(1, 6, 3, 1, c))
		s.answer(c, held[c])
		n.verdicts = nil
		if m := s.take(c); len(m.Leads) != 1 {
			t.Fatalf("lost %v: asked %+v", lost, m.Leads)
		} else {
			s.answer(c, m.ID)
		}
		n.says(verdict{1, 6, 3, true})
	}
}

// Whatever voters answer, and in whichever order: what counts is how many said yes, and how many can yet.
func TestMajority(t *testing.T) {
	s, n := alone(t)
	var round uint64
	for _, tt := range []struct {
		need   int
		others []slotmap.NodeID
	}{
		{1, []slotmap.NodeID{b}},
		{1, []slotmap.NodeID{b, c}},
		{2, []slotmap.NodeID{b, c, d}},
		{2, []slotmap.NodeID{b, c, d, e}},
	} {
		for _, order := range permutations(tt.others) {
			for answers := range 1 << len(order) {
				round++
				n.handle(n.asks(1, 5, round, tt.need, tt.others...))
				yes, no, given := 0, 0, false
				for i, id := range order {
					n.says()
					if m := s.take(id); answers&(1<<i) != 0 {
						s.answer(id, m.ID)
						yes++
					} else {
						s.answer(id, m.ID, 0)
						no++
					}
					possible := yes >= tt.need || len(order)-no >= tt.need
					if !given && (yes == tt.need || !possible) {
						n.says(verdict{1, 5, round, possible})
						given = true
					}
				}
				n.says()
				if n.empty(); !given || t.Failed() {
					t.Fatalf("%d of %d needed, answers %b", tt.need, len(order), answers)
				}
			}
		}
	}
}

func permutations(of []slotmap.NodeID) (out [][]slotmap.NodeID) {
	if len(of) == 0 {
		return [][]slotmap.NodeID{nil}
	}
	for i, id := range of {
		for _, rest := range permutations(slices.Delete(slices.Clone(of), i, i+1)) {
			out = append(out, append([]slotmap.NodeID{id}, rest...))
		}
	}
	return out
}

// Not more than a majority is asked while it says yes.
func TestAnotherIsAskedForWhoSaysNo(t *testing.T) {
	s, n := alone(t)
	s.rank(b, c, d, e)
	n.handle(n.asks(1, 5, 1, 2, b, c, d, e))
	s.sentTo(b, c)
	s.answer(b, s.take(b).ID, 0)
	s.sentTo(c, d)
	s.confirms(c)
	n.says()
	s.answer(d, s.take(d).ID, 0)
	s.sentTo(e)
	n.says()
	s.confirms(e)
	n.says(verdict{1, 5, 1, true})

	n.handle(n.asks(1, 5, 2, 2, b, c, d, e))
	for _, id := range []slotmap.NodeID{b, c} {
		s.answer(id, s.take(id).ID, 0)
	}
	s.sentTo(d, e)
	n.says()
	s.answer(e, s.take(e).ID, 0)
	n.says(verdict{1, 5, 2, false})
	s.confirms(d) // one is not enough, and it is over
	n.says()
	n.empty()
}

// A no to one question is none to the others in the message.
func TestNoesOfOneMessage(t *testing.T) {
	s, n := alone(t)
	for shard := range slotmap.ShardID(6) {
		n.send(n.asks(1+shard, 5, 1, 1, b))
	}
	s.run()
	s.answer(b, s.take(b).ID, 0, 2, 3, 5)
	n.says(verdict{1, 5, 1, false}, verdict{2, 5, 1, true}, verdict{3, 5, 1, false}, verdict{4, 5, 1, false},
		verdict{5, 5, 1, true}, verdict{6, 5, 1, false})
	n.empty()

	// Who says no to what it was not asked has not understood any of it.
	n.handle(n.asks(1, 5, 2, 1, b), n.asks(2, 5, 2, 1, b))
	s.answer(b, s.take(b).ID, 0, 2)
	n.says(verdict{1, 5, 2, false}, verdict{2, 5, 2, false})
	n.handle(n.asks(1, 5, 3, 1, b))
	s.answer(b, s.take(b).ID, wire.MaxLeads-1)
	n.says(verdict{1, 5, 3, false})
	n.empty()
}

func TestTooFewVoters(t *testing.T) {
	s, n := alone(t)
	n.handle(n.asks(1, 5, 1, 1))
	n.says(verdict{1, 5, 1, false})
	s.sentTo()
	n.handle(n.asks(1, 5, 2, 2, b))
	n.says(verdict{1, 5, 2, false})
	n.handle(n.asks(1, 5, 3, 3, b, c))
	n.says(verdict{1, 5, 3, false})
	for _, id := range []slotmap.NodeID{b, c} {
		for len(s.wires[direction{self, id}]) > 0 {
			s.confirms(id)
		}
	}
	n.says()
	n.empty()
}

// A majority that has more members than can be counted is none.
func TestTooManyVoters(t *testing.T) {
	s, n := alone(t)
	ask := n.asks(1, 5, 1, 70)
	for i := range byte(140) {
		ask.Others = append(ask.Others, voters(slotmap.NodeID{10 + i})...)
	}
	n.handle(ask)
	n.says(verdict{1, 5, 1, false})
	for _, v := range ask.Others {
		if len(s.wires[direction{self, v.Node}]) > 0 {
			s.confirms(v.Node)
		}
	}
	n.says()
	n.empty()
}
