package slotmap

import (
	"cmp"
	"errors"
	"slices"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"
)

// ErrInvalid says that bytes are well-formed but mean nothing that can be.
var ErrInvalid = errors.New("invalid")

// Map says which shard owns each slot and who makes up each shard. It is
// immutable; nil and the zero value are the empty map.
type Map struct {
	slots  *slotTable // nil if no slot is owned
	shards []Shard    // canonical
	digest atomic.Uint64
}

// slotTable is the slot half of a map, shared by maps that differ in their
// shards only.
type slotTable struct {
	runs  []Run         // canonical
	index [Count]uint16 // slot -> its run's place in runs, or unowned
}

const unowned = Count // no run has this place, as there are at most Count

// New returns the map of these claims and shards, in any order; claims that
// overlap and shards named twice are merged, what is not valid is left out.
func New(runs []Run, shards []Shard) *Map {
	runs = canonicalRuns(runs)
	return &Map{slots: newSlotTable(runs), shards: canonicalShards(shards, runs)}
}

func newSlotTable(runs []Run) *slotTable {
	if len(runs) == 0 {
		return nil
	}
	t := &slotTable{runs: runs}
	for i := range t.index {
		t.index[i] = unowned
	}
	for i, r := range runs {
		for slot := int(r.First); slot <= int(r.Last); slot++ {
			t.index[slot] = uint16(i)
		}
	}
	return t
}

// Owner returns the shard that owns slot and the epoch of its claim; 0, 0 if
// none does.
func (m *Map) Owner(slot uint16) (ShardID, uint64) {
	if m == nil || m.slots == nil || slot >= Count {
		return 0, 0
	}
	i := m.slots.index[slot]
	if i == unowned {
		return 0, 0
	}
	r := &m.slots.runs[i]
	return r.Shard, r.Epoch
}

// Shard returns what is known of a shard.
func (m *Map) Shard(id ShardID) (Shard, bool) {
	shards := m.Shards()
	i, ok := slices.BinarySearchFunc(shards, id, func(s Shard, id ShardID) int { return cmp.Compare(s.ID, id) })
	if !ok {
		return Shard{}, false
	}
	return shards[i], true
}

// Shards returns all shards by id. The slice is the map's own.
func (m *Map) Shards() []Shard {
	if m == nil {
		return nil
	}
	return m.shards
}

// Runs returns all claims by slot; no two neighbours could be one. The slice is
// the map's own.
func (m *Map) Runs() []Run {
	if m == nil || m.slots == nil {
		return nil
	}
	return m.slots.runs
}

// RunsOf returns the claims of one shard by slot.
func (m *Map) RunsOf(id ShardID) []Run {
	var out []Run
	for _, r := range m.Runs() {
		if r.Shard == id {
			out = append(out, r)
		}
	}
	return out
}

// Owned returns how many slots have an owner.
func (m *Map) Owned() int {
	n := 0
	for _, r := range m.Runs() {
		n += r.Len()
	}
	return n
}

// Equal tells whether two maps say the same.
func (m *Map) Equal(o *Map) bool {
	return slices.Equal(m.Runs(), o.Runs()) && equalShards(m.Shards(), o.Shards())
}

func equalShards(a, b []Shard) bool {
	return slices.EqualFunc(a, b, func(x, y Shard) bool { return x.equal(&y) })
}

// Digest returns a hash of the content: equal maps have equal digests, in
// whatever order they were learnt and on whatever machine.
func (m *Map) Digest() uint64 {
	if m == nil {
		m = new(Map)
	}
	if d := m.digest.Load(); d != 0 {
		return d
	}
	d := xxhash.Sum64(m.AppendMsgpack(nil))
	m.digest.Store(d)
	return d
}

// Merge returns the map that knows what m and o know, and whether that is more
// than m; if not it returns m itself. See the package comment for the rules.
func (m *Map) Merge(o *Map) (*Map, bool) { return m.join(o.Runs(), o.Shards()) }

// join merges canonical runs and shards into m.
func (m *Map) join(runs []Run, shards []Shard) (*Map, bool) {
	mergedRuns := mergeRuns(m.Runs(), runs)
	mergedShards := mergeShards(m.Shards(), shards)
	sameRuns := slices.Equal(mergedRuns, m.Runs())
	if sameRuns && equalShards(mergedShards, m.Shards()) {
		return m, false
	}
	out := &Map{shards: mergedShards}
	if sameRuns && m != nil {
		out.slots = m.slots
	} else {
		out.slots = newSlotTable(mergedRuns)
	}
	return out, true
}
