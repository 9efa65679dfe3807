package keyspace

import (
	"slices"

	"github.com/troupedb/troupe/actors/plant"
	"github.com/troupedb/troupe/slotmap"
)

// ownership is the set of slots that the shard owns, with their epochs.
type ownership struct {
	runs []slotmap.Run // ordered, disjoint
	bits [slotmap.Count / 64]uint64
}

func (o *ownership) has(slot uint16) bool {
	return slot < slotmap.Count && o.bits[slot/64]&(1<<(slot%64)) != 0
}

// set replaces the whole set. Runs that overlap or lie outside are left out.
func (o *ownership) set(runs []slotmap.Run) {
	*o = ownership{}
	sorted := slices.Clone(runs)
	slices.SortStableFunc(sorted, func(a, b slotmap.Run) int { return int(a.First) - int(b.First) })
	for _, r := range sorted {
		if r.First > r.Last || r.Last >= slotmap.Count || o.has(r.First) {
			continue
		}
		o.runs = append(o.runs, r)
		for slot := int(r.First); slot <= int(r.Last); slot++ {
			o.bits[slot/64] |= 1 << (slot % 64)
		}
	}
}

// without returns the runs less the slots of gone.
func without(runs []slotmap.Run, gone slotmap.Range) []slotmap.Run {
	var out []slotmap.Run
	for _, r := range runs {
		if r.Last < gone.First || r.First > gone.Last {
			out = append(out, r)
			continue
		}
		if left := r; left.First < gone.First {
			left.Last = gone.First - 1
			out = append(out, left)
		}
		if right := r; right.Last > gone.Last {
			right.First = gone.Last + 1
			out = append(out, right)
		}
	}
	return out
}

// Slots returns the slots that the shard owns, in order.
func (s *State) Slots() []slotmap.Run { return slices.Clone(s.slots.runs) }

// serves tells whether operations on a slot are carried out here.
func (s *State) serves(slot uint16) bool { return s.slots.has(slot) || plant.WrongSlot.On() }

// TakeSlots makes the shard the owner of runs; they replace what it knew of
// these slots. Keys that it holds there stay.
func (s *State) TakeSlots(env *Env, runs []slotmap.Run) {
	s.begin(env)
	all := s.slots.runs
	for _, r := range runs {
		if r.First <= r.Last {
			all = append(without(all, r.Range), r)
		}
	}
	s.slots.set(all)
}

// DropSlots ends the ownership of a range of slots and deletes its keys.
func (s *State) DropSlots(env *Env, gone slotmap.Range) {
	s.begin(env)
	s.slots.set(without(s.slots.runs, gone))
	s.endWaitsOn(gone)
	s.once.dropSlots(gone)
	for slot := int(gone.First); slot <= int(gone.Last) && slot < slotmap.Count; slot++ {
		s.clearSlot(uint16(slot))
	}
	s.entries.reclaim()
}
