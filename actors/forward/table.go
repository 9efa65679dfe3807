package forward

import (
	"maps"
	"slices"

	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/slotmap"
)

// pending is a batch that waits for its answer, or a query of WAIT.
type pending struct {
	to    slotmap.NodeID
	batch *replica.Batch
	query *replica.WaitQuery // with it there is no batch
	born  uint64             // tick

	waits bool // the other node said so: the answer may take any time
	end   ending
}

// ending is how the wait of an operation is to be ended.
type ending uint8

const (
	goesOn ending = iota
	withNull
	withError
	forNobody // for want of anybody who waits
)

// mayWait reports whether the answer may be long in coming, be it known already or not.
func (p *pending) mayWait() bool { return p.query != nil || p.batch.Waits }

// overdue reports whether the answer should have come by now.
func (p *pending) overdue(tick uint64) bool {
	return p.query == nil && !p.waits && p.born+answerTicks <= tick
}

// cost is what it takes of a budget.
func (p *pending) cost() (count, bytes int64) {
	if p.query != nil {
		return 1, 0
	}
	return p.batch.Cost()
}

// table is what was sent and is not answered. Pure state.
type table struct {
	open map[uint64]*pending // by id, which none had before
}

func newTable() table { return table{open: map[uint64]*pending{}} }

// find is what an id was given to, if it was sent to the given node.
func (t *table) find(id uint64, to slotmap.NodeID) *pending {
	if p := t.open[id]; p != nil && p.to == to {
		return p
	}
	return nil
}

// takeAll removes what matches, in the order in which it was sent.
func (t *table) takeAll(match func(*pending) bool) (out []*pending) {
	for _, id := range slices.Sorted(maps.Keys(t.open)) {
		if p := t.open[id]; match(p) {
			out = append(out, p)
			delete(t.open, id)
		}
	}
	return out
}
