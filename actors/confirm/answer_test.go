package confirm

import (
	"slices"
	"testing"

	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

func TestIdleActorsAreSilent(t *testing.T) {
	s, n := alone(t)
	n.tick(3 * raceTicks)
	n.handle(s.inbound(b, &wire.Confirm{ID: 1, Leads: []wire.Lead{}})) // makes b known
	s.wires = map[direction][]packet{}
	n.tick(3 * raceTicks)
	if len(s.wires) > 0 {
		t.Fatal("an actor that nobody asked sends messages")
	}
	// The first question begins a race, and there is none without another.
	n.handle(n.asks(1, 5, 1, 1, b, c))
	s.confirms(b, c)
	races := 0
	for range 5 * raceTicks {
		n.tick(1)
		for _, id := range []slotmap.NodeID{b, c} {
			if len(s.wires[direction{self, id}]) > 0 {
				s.confirms(id)
				races++
			}
		}
	}
	if races != 2 {
		t.Errorf("%d messages to two nodes after one question", races)
	}
}

func TestMessagesAreBounded(t *testing.T) {
	s, n := alone(t)
	held := s.busy(b)
	const more = 100
	for i := range slotmap.ShardID(wire.MaxLeads + more) {
		n.send(n.asks(2000+i, 5, 1, 1, b))
	}
	s.run()
	s.sentTo()
	s.answer(b, held[b])
	n.verdicts = nil
	m := s.take(b)
	if len(m.Leads) != wire.MaxLeads {
		t.Fatalf("%d questions", len(m.Leads))
	}
	s.sentTo()
	// Those that were sent are joined no more, the others are.
	n.handle(n.asks(2000, 5, 2, 1, b), n.asks(2000+wire.MaxLeads+more-1, 5, 2, 1, b))
	s.answer(b, m.ID, wire.MaxLeads-1)
	if last := n.verdicts[wire.MaxLeads-1]; len(n.verdicts) != wire.MaxLeads || last != (verdict{2000 + wire.MaxLeads - 1, 5, 1, false}) {
		t.Fatalf("%d verdicts, the last %v", len(n.verdicts), last)
	}
	n.verdicts = nil
	m = s.take(b)
	if len(m.Leads) != more+1 || m.Leads[0].Shard != 2000+wire.MaxLeads || m.Leads[more].Shard != 2000 {
		t.Fatalf("%d questions", len(m.Leads))
	}
	s.answer(b, m.ID)
	if len(n.verdicts) != more+1 || n.verdicts[more-1].round != 2 || n.verdicts[0].round != 1 {
		t.Errorf("verdicts %v", n.verdicts)
	}
	n.empty()
}

func TestAnsweringSide(t *testing.T) {
	s, n := alone(t)
	n.replicas[1], n.replicas[2] = standing{10, 5}, standing{20, 7}
	tests := []struct {
		name string
		lead wire.Lead
		no   bool
	}{
		{"as it is", wire.Lead{Shard: 1, Replica: 10, Term: 5}, false},
		{"unknown shard", wire.Lead{Shard: 3, Replica: 10, Term: 5}, true},
		{"another replica", wire.Lead{Shard: 1, Replica: 11, Term: 5}, true},
		{"replica of another shard", wire.Lead{Shard: 2, Replica: 10, Term: 5}, true},
		{"a lower term", wire.Lead{Shard: 1, Replica: 10, Term: 4}, true},
		{"a higher term", wire.Lead{Shard: 1, Replica: 10, Term: 6}, true},
		{"another shard as it is", wire.Lead{Shard: 2, Replica: 20, Term: 7}, false},
	}
	all, not := &wire.Confirm{ID: 1000}, []uint32{}
	for i, tt := range tests {
		m := s.reply(n, b, &wire.Confirm{ID: uint64(i), Leads: []wire.Lead{tt.lead}})
		if want := map[bool][]uint32{true: {0}, false: {}}[tt.no]; m.ID != uint64(i) || !slices.Equal(m.Not, want) {
			t.Errorf("%s: %+v", tt.name, m)
		}
		all.Leads = append(all.Leads, tt.lead)
		if tt.no {
			not = append(not, uint32(i))
		}
	}
	if m := s.reply(n, c, all); m.ID != all.ID || !slices.Equal(m.Not, not) {
		t.Errorf("all in one: %+v", m)
	}
	if m := s.reply(n, b, &wire.Confirm{ID: 1001, Leads: []wire.Lead{}}); m.ID != 1001 || len(m.Not) != 0 {
		t.Errorf("nothing: %+v", m)
	}
	// It tells what is, and not what was.
	n.replicas[1] = standing{10, 6}
	if m := s.reply(n, b, all); !slices.Equal(m.Not, []uint32{0, 1, 2, 3, 4}) {
		t.Errorf("in a later term: %+v", m)
	}
}

// reply is what a node answers to another, which is the one that asked.
func (s *stage) reply(n *node, from slotmap.NodeID, m *wire.Confirm) *wire.Confirmed {
	s.t.Helper()
	n.handle(s.inbound(from, m))
	way := direction{n.id, from}
	if len(s.wires) != 1 || len(s.wires[way]) != 1 {
		s.t.Fatalf("sent %v", s.wires)
	}
	out := s.decode(s.wires[way][0].frame)
	s.wires = map[direction][]packet{}
	return out.(*wire.Confirmed)
}
