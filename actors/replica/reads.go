package replica

import "encoding/binary"

// maxReadRounds is how many ReadIndex rounds may be in flight. One: what arrives meanwhile shares the
// next round, so that the number of rounds follows the round-trip time and not the load.
const maxReadRounds = 1

// round is one ReadIndex round with the batches that wait for it.
type round struct {
	id      uint64
	born    uint64 // tick
	batches []*Batch
}

// reads keeps the reads of a replica from arrival until their index is known and handed to the
// applier.
type reads struct {
	queued   []*Batch // no round opened yet
	rounds   []round  // opened, in order of id
	awaiting []indexed
	nextID   uint64
}

// indexed are reads that may be evaluated once everything up to index was handed to the applier.
type indexed struct {
	index   uint64
	batches []*Batch
}

// open starts a round for all queued reads and returns its context, or nil when there is nothing to
// read or enough rounds are in flight.
func (r *reads) open(tick uint64) []byte {
	if len(r.queued) == 0 || len(r.rounds) >= maxReadRounds {
		return nil
	}
	r.nextID++
	r.rounds = append(r.rounds, round{id: r.nextID, born: tick, batches: r.queued})
	r.queued = nil
	return binary.BigEndian.AppendUint64(nil, r.nextID)
}

// confirmed moves the reads of the round with the given context to those that await index. A round
// that is not known (given up, or of an earlier start) is ignored.
func (r *reads) confirmed(ctx []byte, index uint64) {
	if len(ctx) != 8 {
		return
	}
	id := binary.BigEndian.Uint64(ctx)
	for i := range r.rounds {
		if r.rounds[i].id == id {
			r.awaiting = append(r.awaiting, indexed{index, r.rounds[i].batches})
			r.rounds = append(r.rounds[:i], r.rounds[i+1:]...)
			return
		}
	}
}

// due returns the reads that await an index at or below handed.
func (r *reads) due(handed uint64) (out []*Batch) {
	keep := r.awaiting[:0]
	for _, w := range r.awaiting {
		if w.index <= handed {
			out = append(out, w.batches...)
		} else {
			keep = append(keep, w)
		}
	}
	clear(r.awaiting[len(keep):])
	r.awaiting = keep
	return out
}

// retry puts the reads of rounds opened at or before tick back to the queue: raft drops a round
// silently when the leader changes. The next round has a new context.
func (r *reads) retry(tick uint64) {
	keep := r.rounds[:0]
	for _, rd := range r.rounds {
		if rd.born <= tick {
			r.queued = append(r.queued, rd.batches...)
		} else {
			keep = append(keep, rd)
		}
	}
	clear(r.rounds[len(keep):])
	r.rounds = keep
}

// takeUnconfirmed empties the queue and the open rounds. Reads whose index is known stay: they are as
// good on a follower.
func (r *reads) takeUnconfirmed() (out []*Batch) {
	out = r.queued
	for _, rd := range r.rounds {
		out = append(out, rd.batches...)
	}
	r.queued, r.rounds = nil, nil
	return out
}

// takeAll empties everything.
func (r *reads) takeAll() (out []*Batch) {
	out = r.takeUnconfirmed()
	for _, w := range r.awaiting {
		out = append(out, w.batches...)
	}
	r.awaiting = nil
	return out
}
