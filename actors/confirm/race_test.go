package confirm

import (
	"testing"

	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

func TestRace(t *testing.T) {
	s, n := alone(t)
	// Nobody is ranked.
	n.handle(n.asks(1, 5, 1, 1, b, c, d, e))
	s.sentTo(b, c, d, e)
	s.confirms(b, c, d, e)
	n.says(verdict{1, 5, 1, true})

	n.tick(1)
	ids := map[slotmap.NodeID]uint64{}
	for _, id := range []slotmap.NodeID{b, c, d, e} {
		m := s.take(id)
		if len(m.Leads) != 0 {
			t.Fatalf("a race is %+v", m)
		}
		ids[id] = m.ID
	}
	for _, id := range []slotmap.NodeID{d, d, b, d, e} { // who answers twice has one place
		s.answer(id, ids[id])
	}
	n.handle(n.asks(1, 5, 2, 1, b, c, d, e)) // it goes on
	s.sentTo(b, c, d, e)
	s.confirms(b, c, d, e)
	n.says(verdict{1, 5, 2, true})
	s.answer(c, ids[c])

	for _, tt := range []struct {
		need         int
		others, want []slotmap.NodeID
	}{
		{1, []slotmap.NodeID{b, c, d, e}, []slotmap.NodeID{d}},
		{2, []slotmap.NodeID{b, c, d, e}, []slotmap.NodeID{d, b}},
		{1, []slotmap.NodeID{c, e}, []slotmap.NodeID{e}},
		{1, []slotmap.NodeID{c}, []slotmap.NodeID{c}},
		{2, []slotmap.NodeID{c, b, slotmap.NodeID{99}}, []slotmap.NodeID{b, c}},
	} {
		n.handle(n.asks(2, 5, 1, tt.need, tt.others...))
		s.sentTo(tt.want...)
		s.confirms(tt.want...)
		n.says(verdict{2, 5, 1, true})
	}
	n.empty()
}

// Those who have not answered when the next race begins are not ranked, whatever they say later.
func TestRaceOfWhichOneIsLeft(t *testing.T) {
	s, n := alone(t)
	n.handle(n.asks(1, 5, 1, 1, b, c, d))
	s.confirms(b, c, d)
	n.says(verdict{1, 5, 1, true})
	n.tick(1)
	s.confirms(c)
	left := map[slotmap.NodeID]uint64{b: s.take(b).ID, d: s.take(d).ID}
	n.tick(raceTicks - 1)
	n.handle(n.asks(1, 5, 2, 1, b, c, d))
	s.sentTo(b, c, d)
	s.confirms(b, c, d)
	n.tick(1)
	n.says(verdict{1, 5, 2, true})
	s.sentTo(b, c, d) // the next race, which nobody answers
	s.take(b)
	s.take(c)
	s.take(d)
	s.answer(b, left[b])
	s.answer(d, left[d])
	n.handle(n.asks(1, 5, 3, 1, b, c, d))
	s.sentTo(c)
	s.confirms(c)
	n.says(verdict{1, 5, 3, true})
	n.handle(n.asks(1, 5, 4, 2, b, c, d)) // there are not two
	s.sentTo(b, c, d)
	s.confirms(b, c, d)
	n.says(verdict{1, 5, 4, true})
	n.tick(raceTicks) // c has lost its place
	for _, id := range []slotmap.NodeID{b, c, d} {
		s.take(id)
	}
	n.handle(n.asks(1, 5, 5, 1, b, c, d))
	s.sentTo(b, c, d)
	s.confirms(b, c, d)
	n.says(verdict{1, 5, 5, true})
	n.empty()
}

// A race is over once all who were asked and are not lost have answered, and not before. It is asked here as well who is
// not in it, so that two must be ranked for no more than two to be asked.
func TestRaceWaitsForThoseWhoAreThere(t *testing.T) {
	for _, tt := range []struct {
		name string
		then func(s *stage, n *node)
	}{
		{"one that has answered is lost", func(s *stage, n *node) {
			s.confirms(b)
			n.handle(&link.Down{Node: b})
			s.confirms(c, d)
		}},
		{"one that has not answered is lost", func(s *stage, n *node) {
			s.take(b)
			s.confirms(c, d)
			n.handle(&link.Down{Node: b})
		}},
		{"one was not asked", func(s *stage, n *node) {
			n.handle(s.inbound(e, &wire.Confirm{ID: 1, Leads: []wire.Lead{}}))
			s.wires[direction{self, e}] = nil
			s.confirms(b, c, d)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, n := alone(t)
			n.handle(n.asks(1, 5, 1, 1, b, c, d))
			s.confirms(b, c, d)
			n.says(verdict{1, 5, 1, true})
			n.tick(1)
			tt.then(s, n)
			n.handle(n.asks(1, 5, 2, 2, e, c, d))
			s.sentTo(c, d)
		})
	}
}

// An answer in a race says nothing about questions.
func TestRaceConfirmsNothing(t *testing.T) {
	s, n := alone(t)
	n.handle(n.asks(1, 5, 1, 1, b))
	held := s.take(b)
	n.tick(1)
	race := s.take(b)
	if race.ID == held.ID {
		t.Fatal("a race has the id of a question")
	}
	s.answer(b, race.ID)
	n.says()
	s.answer(b, race.ID) // it is over
	n.says()
	s.answer(b, held.ID)
	n.says(verdict{1, 5, 1, true})
	n.empty()
}
