package forward

import (
	"maps"
	"slices"

	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/slotmap"
)

// pending is a batch that waits for its answer.
type pending struct {
	to    slotmap.NodeID
	batch *replica.Batch
	born  uint64 // tick
}

// table is what was sent and is not answered. Pure state.
type table struct {
	last uint64 // the newest id
	open map[uint64]pending
}

func newTable(seed uint64) table { return table{last: seed, open: map[uint64]pending{}} }

// add notes a batch and gives it an id that none had before.
func (t *table) add(p pending) uint64 {
	t.last++
	t.open[t.last] = p
	return t.last
}

// take removes the batch of an id, if it was sent to the given node.
func (t *table) take(id uint64, from slotmap.NodeID) (*replica.Batch, bool) {
	p, ok := t.open[id]
	if !ok || p.to != from {
		return nil, false
	}
	delete(t.open, id)
	return p.batch, true
}

// takeAll removes the batches that match, in the order in which they were sent.
func (t *table) takeAll(match func(pending) bool) (out []*replica.Batch) {
	for _, id := range slices.Sorted(maps.Keys(t.open)) {
		if p := t.open[id]; match(p) {
			out = append(out, p.batch)
			delete(t.open, id)
		}
	}
	return out
}
