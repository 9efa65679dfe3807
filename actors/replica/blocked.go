package replica

import (
	"container/heap"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"go.etcd.io/raft/v3"

	"github.com/troupedb/troupe/actors/keyspace"
)

// An operation that waits (see keyspace, "Blocking") is part of the replicated state; its batch is kept by
// the applier of the replica that led when it came, and answered once more when it has ended:
//
//	served           the entry that had what it waited for answers it: Done
//	its time is over the applier asks for its end, which the log brings: Done, with a null
//	Unblock          likewise; CLIENT UNBLOCK, or the client is gone
//	leadership ends  nothing of the old term can serve it any more: Unblocked. Where entries of that term may
//	                 yet be committed, it waits for the log to tell; if that takes too long: Unknown
//
// So what was popped for a client is either answered to it or was popped before its end was in the log.

// Unblock asks a leader to end operations that wait, by the ids that Answer.Waiter gave. It is no matter
// if they have ended.
type Unblock struct {
	IDs   []uint64
	Error bool // they end with an error instead of a null
}

// ConsensusLane marks Unblock for the lane where nothing of this node is dropped: who waits and is gone must
// not be forgotten.
func (*Unblock) ConsensusLane() {}

// deposed tells the applier that this replica led up to its entry at last: none of its term is behind it.
type deposed struct{ last uint64 }

// overdue tells the applier of a leader the time.
type overdue struct{ tick uint64 }

// forgetBlocked tells the applier that the log does not tell what became of those who wait.
type forgetBlocked struct{}

// blocked holds the batches of operations that wait.
type blocked struct {
	byID   map[uint64]*blockedOp
	due    dueQueue
	lost   []uint64 // operations whose answers nobody waits for, by id
	ending bool     // this replica leads no more
	last   uint64   // while ending: the last entry that may serve one
}

// blockedOp is one of them.
type blockedOp struct {
	batch *Batch
	id    uint64
	until uint64 // tick; 0: for ever
	pos   int    // in due
}

// hold keeps a batch whose only operation waits, and tells its sender so.
func (a *applier) hold(b *Batch, w keyspace.Blocked) {
	op := &blockedOp{batch: b, id: w.ID}
	if a.blocked.byID == nil {
		a.blocked.byID = map[uint64]*blockedOp{}
	}
	a.blocked.byID[w.ID] = op
	if w.Timeout > 0 {
		op.until = a.tick + ticksOf(w.Timeout)
		heap.Push(&a.blocked.due, op)
	}
	b.Sink.Deliver(&Answer{Batch: b, Status: Waits, Index: a.applied, Waiter: w.ID})
}

// ticksOf is how many ticks have begun and ended in ms.
func ticksOf(ms int64) uint64 {
	const tick = int64(TickInterval / time.Millisecond)
	return uint64(ms/tick) + 2
}

// forsake notes an operation that waits though nobody here waits for its answer: its batch was given up.
// Whatever it popped would be lost.
func (a *applier) forsake() {
	if w, ok := a.state.Blocked(); ok {
		a.blocked.lost = append(a.blocked.lost, w.ID)
	}
}

// answerServed answers the operations that an entry ended.
func (a *applier) answerServed() {
	for _, end := range a.state.TakeServed() {
		op := a.blocked.byID[end.ID]
		if op == nil {
			continue
		}
		a.blocked.remove(op)
		op.batch.Sink.Deliver(&Answer{
			Batch: op.batch, Status: Done, Index: a.applied, Replies: end.Reply, Ends: []uint32{uint32(len(end.Reply))},
			Cancelled: end.Cancelled,
		})
	}
}

func (b *blocked) remove(op *blockedOp) {
	delete(b.byID, op.id)
	if op.until > 0 {
		heap.Remove(&b.due, op.pos)
	}
}

// newTerm ends all waits, and what was to be evicted, at the first entry of a term: they belonged to another leader.
func (a *applier) newTerm() {
	a.state.EndWaits()
	a.endBlocked(Unblocked)
	a.leave(0)
	a.vain = false
}

// endBlocked answers all that wait.
func (a *applier) endBlocked(s Status) {
	ops := a.blocked.byID
	a.blocked = blocked{}
	for _, id := range slices.Sorted(maps.Keys(ops)) {
		b := ops[id].batch
		a.gauges.Refused[s].Add(uint64(b.Count))
		b.Sink.Deliver(&Answer{Batch: b, Status: s})
	}
}

// deposed begins the end of all waits.
func (a *applier) deposed(last uint64) {
	a.blocked.ending, a.blocked.last = true, last
	a.maybeEndBlocked()
}

// maybeEndBlocked ends the waits of a replica that leads no more, once everything of its term was applied
// that could serve them.
func (a *applier) maybeEndBlocked() {
	if a.blocked.ending && a.applied >= a.blocked.last {
		a.endBlocked(Unblocked)
	}
}

// overdue asks for the end of waits whose time is over.
func (a *applier) overdue(ctx actor.Context, tick uint64) {
	var ids []uint64
	for len(a.blocked.due) > 0 && a.blocked.due[0].until <= tick {
		op := heap.Pop(&a.blocked.due).(*blockedOp)
		op.until = 0
		ids = append(ids, op.id)
	}
	if ids != nil {
		ctx.Send(a.replica, &Unblock{IDs: ids})
	}
}

// dueQueue is a heap of those whose time ends, by that.
type dueQueue []*blockedOp

func (q dueQueue) Len() int           { return len(q) }
func (q dueQueue) Less(i, j int) bool { return q[i].until < q[j].until }
func (q dueQueue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].pos, q[j].pos = i, j
}

// Push implements heap.Interface.
func (q *dueQueue) Push(x any) {
	op := x.(*blockedOp)
	op.pos = len(*q)
	*q = append(*q, op)
}

// Pop implements heap.Interface.
func (q *dueQueue) Pop() any {
	old := *q
	op := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	return op
}

// unblock notes that waits are to be ended. They end by themselves where this replica does not lead.
func (r *replica) unblock(m *Unblock) {
	if r.role == raft.StateLeader && len(m.IDs) > 0 {
		r.unblocks = append(r.unblocks, m)
	}
}

// proposeUnblocks proposes the end of waits. Raft refuses while the leadership is handed over; then the next
// turn tries again.
func (r *replica) proposeUnblocks() {
	if len(r.unblocks) == 0 || !r.ownTerm || r.appending > 0 {
		return
	}
	var ops []byte
	for _, m := range r.unblocks {
		ops = m.appendOp(ops)
	}
	if r.propose(nil, ops) {
		r.unblocks = nil
	}
}

func (m *Unblock) appendOp(dst []byte) []byte {
	args := [][]byte{[]byte("unblock"), []byte("timeout")}
	if m.Error {
		args[1] = []byte("error")
	}
	for _, id := range m.IDs {
		args = append(args, strconv.AppendUint(nil, id, 10))
	}
	return keyspace.AppendOp(dst, 0, args)
}

// endBlocked ends the waits that this replica led.
func (r *replica) endBlocked() {
	r.unblocks, r.eviction, r.deposedAt = nil, nil, r.tick
	r.toApplier(&deposed{r.last})
}

// tendBlocked tells the applier the time while operations wait.
func (r *replica) tendBlocked() {
	switch {
	case r.waiting && r.role == raft.StateLeader:
		r.toApplier(&overdue{r.tick})
	case r.deposedAt > 0 && r.tick >= r.deposedAt+unknownTicks:
		r.deposedAt = 0
		r.toApplier(&forgetBlocked{})
	}
}
