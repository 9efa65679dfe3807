package replica

import (
	"encoding/binary"
	"slices"

	"go.etcd.io/raft/v3/raftpb"
)

// maxReadRounds is how many ReadIndex rounds of raft may be in flight. One: what arrives meanwhile shares the
// next round, so that the number of rounds follows the round-trip time and not the load.
const maxReadRounds = 1

// round is one ReadIndex round with the batches that wait for it.
type round struct {
	id    uint64
	born  uint64 // tick
	asked []asked

	// Of one that is posed to package confirm:
	index     uint64            // what was committed when it was opened
	questions []*raftpb.Message // of followers, which want to know that
}

// asked is a batch of reads and the tick that it came at.
type asked struct {
	batch *Batch
	at    uint64
}

// reads keeps the reads of a replica from arrival until their index is known and handed to the
// applier.
type reads struct {
	queued    []asked           // no round opened yet
	questions []*raftpb.Message // of followers, likewise: see replica.question
	rounds    []round           // raft's, in order of id
	posed     []round           // to package confirm, in order of id
	awaiting  []indexed
	asking    int    // questions that are queued or posed
	nextID    uint64 // begins at random: the answer to a round of an earlier life must not fit one of this
}

// indexed are reads that may be evaluated once everything up to index was handed to the applier.
type indexed struct {
	index uint64
	asked []asked
}

// open starts a round for all queued reads and returns its context, or nil when there is nothing to
// read or enough rounds are in flight.
func (r *reads) open(tick uint64) []byte {
	if len(r.queued) == 0 || len(r.rounds) >= maxReadRounds {
		return nil
	}
	r.nextID++
	r.rounds = append(r.rounds, round{id: r.nextID, born: tick, asked: r.queued})
	r.queued = nil
	return binary.BigEndian.AppendUint64(nil, r.nextID)
}

// maxQuestions bounds the questions of followers that have no answer. Who gets none asks again.
const maxQuestions = 1024

// question queues a follower's question, unless there are too many.
func (r *reads) question(m *raftpb.Message) {
	if r.asking < maxQuestions {
		r.asking++
		r.questions = append(r.questions, m)
	}
}

// takeQuestions empties the queue of questions.
func (r *reads) takeQuestions() []*raftpb.Message {
	out := r.questions
	r.questions = nil
	r.asking -= len(out)
	return out
}

// pose starts a round that package confirm is to confirm, for all that is queued, and returns its id.
func (r *reads) pose(tick, index uint64) uint64 {
	r.nextID++
	r.posed = append(r.posed, round{id: r.nextID, born: tick, asked: r.queued, index: index, questions: r.questions})
	r.queued, r.questions = nil, nil
	return r.nextID
}

// upheld moves the reads of the posed rounds up to id to those that await their index, and returns the rounds.
func (r *reads) upheld(id uint64) []round {
	n := 0
	for n < len(r.posed) && r.posed[n].id <= id {
		r.awaiting = append(r.awaiting, indexed{r.posed[n].index, r.posed[n].asked})
		r.asking -= len(r.posed[n].questions)
		n++
	}
	out := r.posed[:n:n]
	if r.posed = r.posed[n:]; len(r.posed) == 0 {
		r.posed = nil
	}
	return out
}

// waitsFor reports whether the round with an id is posed, or one before it.
func (r *reads) waitsFor(id uint64) bool { return len(r.posed) > 0 && r.posed[0].id <= id }

// posedBy reports whether there is a round that was posed at or before tick.
func (r *reads) posedBy(tick uint64) bool { return len(r.posed) > 0 && r.posed[0].born <= tick }

// retract puts all that is posed back to the queue. It reports whether there was anything.
func (r *reads) retract() bool {
	posed := r.posed
	r.posed = nil
	for _, rd := range posed {
		r.queued = append(r.queued, rd.asked...)
		r.questions = append(r.questions, rd.questions...)
	}
	return len(posed) > 0
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
			r.awaiting = append(r.awaiting, indexed{index, r.rounds[i].asked})
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
			out = appendBatches(out, w.asked)
		} else {
			keep = append(keep, w)
		}
	}
	clear(r.awaiting[len(keep):])
	r.awaiting = keep
	return out
}

// expired takes out the reads that came at or before tick: a follower may wait for the answer to its
// round, or for the entries up to its index, as long as a link is cut in one direction.
func (r *reads) expired(tick uint64) (out []*Batch) {
	r.queued = expire(r.queued, tick, &out)
	for i := range r.rounds {
		r.rounds[i].asked = expire(r.rounds[i].asked, tick, &out)
	}
	for i := range r.posed {
		r.posed[i].asked = expire(r.posed[i].asked, tick, &out)
	}
	for i := range r.awaiting {
		r.awaiting[i].asked = expire(r.awaiting[i].asked, tick, &out)
	}
	return out
}

func expire(all []asked, tick uint64, out *[]*Batch) []asked {
	keep := all[:0]
	for _, a := range all {
		if a.at <= tick {
			*out = append(*out, a.batch)
		} else {
			keep = append(keep, a)
		}
	}
	clear(all[len(keep):])
	return keep
}

func appendBatches(out []*Batch, all []asked) []*Batch {
	for _, a := range all {
		out = append(out, a.batch)
	}
	return out
}

// retry puts the reads of rounds opened at or before tick back to the queue: raft drops a round
// silently when the leader changes. The next round has a new context.
func (r *reads) retry(tick uint64) {
	keep := r.rounds[:0]
	for _, rd := range r.rounds {
		if rd.born <= tick {
			r.queued = append(r.queued, rd.asked...)
		} else {
			keep = append(keep, rd)
		}
	}
	clear(r.rounds[len(keep):])
	r.rounds = keep
}

// takeUnconfirmed empties the queue and the open rounds. Reads whose index is known stay: they are as
// good on a follower. Followers whose questions go with them ask again.
func (r *reads) takeUnconfirmed() (out []*Batch) {
	out = appendBatches(nil, r.queued)
	for _, rd := range slices.Concat(r.rounds, r.posed) {
		out = appendBatches(out, rd.asked)
	}
	r.queued, r.questions, r.rounds, r.posed, r.asking = nil, nil, nil, nil, 0
	return out
}

// takeAll empties everything.
func (r *reads) takeAll() (out []*Batch) {
	out = r.takeUnconfirmed()
	for _, w := range r.awaiting {
		out = appendBatches(out, w.asked)
	}
	r.awaiting = nil
	return out
}
