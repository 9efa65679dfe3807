package replica

import (
	"math"
	"slices"
	"time"

	"go.etcd.io/raft/v3"

	"github.com/troupedb/troupe/actors/plant"
	"github.com/troupedb/troupe/slotmap"
)

// accept queues a batch, or parks it while no leader is known.
func (r *replica) accept(b *Batch) {
	switch {
	case b.Follower && !b.Write && r.members.Has(r.cfg.Replica) && r.leader != 0:
		r.askIndex(b)
	case r.role == raft.StateLeader:
		r.enqueue(b)
	case r.leader == 0:
		r.park(b)
	default:
		r.redirectOne(b)
	}
}

func (r *replica) park(b *Batch) {
	r.parked = append(r.parked, parked{until: r.tick + parkTicks, batch: b})
}

func (r *replica) askIndex(b *Batch) {
	r.reads.queued = append(r.reads.queued, asked{b, r.tick})
}

func (r *replica) enqueue(b *Batch) {
	if b.Write {
		r.writes = append(r.writes, b)
	} else {
		r.askIndex(b)
	}
}

// mayPropose reports whether a leader's writes go into an entry now. One entry is under way at a time: what
// arrives until it is committed becomes the next one, for each entry costs its messages, its place in a sync of
// the log and its turns on every replica, whatever it carries. But no write waits longer than a tick for the
// others' disks and a slow network, only for the log of this node: what it has not synced would not be synced
// sooner for being two entries.
func (r *replica) mayPropose() bool {
	return r.appending == 0 && r.fates.newest() < r.tick
}

// proposeQueued proposes the queued writes: one entry, or a few where they are large. Nothing is
// stepped between this and the Ready that follows. An entry without operations commits
// the time, or moves a configuration on.
func (r *replica) proposeQueued() {
	if len(r.writes) == 0 {
		if r.ticked && r.ownTerm && (r.clockDue() || r.unsettled || r.stuckJoint()) {
			r.unsettled = false
			r.propose(nil, nil)
		}
		return
	}
	if r.role == raft.StateLeader && !r.mayPropose() {
		r.gather()
		return
	}
	queue := r.writes
	r.writes = nil
	if r.role != raft.StateLeader {
		r.notLeader(queue)
		return
	}
	switch {
	case r.diskLow():
		queue = r.refuseWrites(queue, Misconf)
	case r.fewCopies():
		queue = r.refuseWrites(queue, NoReplicas)
	}
	for len(queue) > 0 {
		n := r.fit(queue)
		r.propose(queue[:n:n], nil)
		queue = queue[n:]
	}
}

// refuseWrites refuses what takes space. What is left are reads that wait for their time to be committed:
// the entry for that is small, and what has expired is deleted by it.
func (r *replica) refuseWrites(queue []*Batch, s Status) (reads []*Batch) {
	for _, b := range queue {
		if b.Write {
			answerAll(r.cfg, []*Batch{b}, s)
		} else {
			reads = append(reads, b)
		}
	}
	return reads
}

// gather leaves the writes queued: the acknowledgement of an append, a commit or a tick brings the next turn. A
// log that gives no acknowledgement for as long as a request may wait has hung, and the writes are refused.
func (r *replica) gather() {
	switch {
	case r.appending == 0:
	case r.blocked == 0:
		r.blocked = r.tick
	case r.tick >= r.blocked+parkTicks:
		answerAll(r.cfg, r.writes, TryAgain)
		r.writes = nil
	}
}

// fit is how many batches of the queue make the next entry.
func (r *replica) fit(queue []*Batch) int {
	size := len(queue[0].Ops)
	n := 1
	for n < len(queue) && size+len(queue[n].Ops) <= softEntry {
		size += len(queue[n].Ops)
		n++
	}
	return n
}

// maxKeptEntry is the largest entry, in bytes, whose buffer serves the next one.
const maxKeptEntry = 256 << 10

// propose proposes an entry of batches, or of operations of the replica's own. It reports false if
// nothing was proposed; the batches were seen to then.
func (r *replica) propose(batches []*Batch, own []byte) bool {
	size, ops := headerMax+len(own), 0
	for _, b := range batches {
		size += len(b.Ops)
		ops += b.Count
	}
	if size > MaxEntry {
		answerAll(r.cfg, batches, TryAgain)
		return false
	}
	h := Header{Stamp: r.now(), Seed: r.cfg.Rand.Uint64(), Keep: r.cfg.paused()}
	data := AppendHeader(slices.Grow(r.entry[:0], size), h)
	for _, b := range batches {
		data = append(data, b.Ops...)
	}
	data = append(data, own...)
	if cap(data) <= maxKeptEntry {
		r.entry = data
	}
	if err := r.node.Propose(data); err != nil { // raft makes a copy of it
		r.dropped(batches)
		return false
	}
	r.proposed = append(r.proposed, proposal{born: r.tick, began: time.Now(), batches: batches})
	r.gauges.Proposals.Add(1)
	r.gauges.Ops.Add(uint64(ops))
	return true
}

// dropped handles a proposal that raft refused at once: it is in no log. A leader refuses while it
// hands over, which is an election in all but name, and beyond its bound of uncommitted bytes. One that has stepped down in
// this turn, as for its successor's election, leads no more: the Ready that follows says so, and what is parked goes to who
// is elected.
func (r *replica) dropped(batches []*Batch) {
	if s := r.node.BasicStatus(); s.LeadTransferee != 0 || s.RaftState != raft.StateLeader {
		for _, b := range batches {
			r.park(b)
		}
		return
	}
	answerAll(r.cfg, batches, TryAgain)
}

// diskLow reports whether a write could meet a full disk here, or on so many followers that no
// writable majority is left.
func (r *replica) diskLow() bool {
	if r.cfg.LowSpace() {
		return true
	}
	voters := r.members.Conf.GetVoters()
	writable := 0
	for _, id := range voters {
		if id == r.cfg.Replica || !r.cfg.PeerLow(r.members.Nodes[id]) {
			writable++
		}
	}
	return writable <= len(voters)/2
}

// openReadRound opens a ReadIndex round of raft for the queued reads, unless they are to be posed. A leader opens none
// before an entry of its term is committed: a single voter's ReadIndex would not wait for that by itself.
func (r *replica) openReadRound() {
	if r.asksNodes() {
		return
	}
	r.passQuestions()
	trusts := r.trustsItself()
	if len(r.reads.queued) == 0 || r.leader == 0 || r.role == raft.StateLeader && !r.ownTerm && !trusts {
		return
	}
	ctx := r.reads.open(r.tick)
	switch {
	case ctx != nil && r.leased():
		// Not what was handed on: others may have applied what a slow disk keeps from the applier here.
		r.reads.confirmed(ctx, r.node.BasicStatus().HardState.GetCommit())
		return
	case trusts:
		r.reads.confirmed(ctx, r.handed)
		return
	}
	if ctx != nil {
		r.asks(ctx)
		r.gauges.Rounds.Add(1)
		r.node.ReadIndex(ctx)
	}
}

// dispatchReads hands the reads to the applier whose index is covered by what it was handed.
func (r *replica) dispatchReads() {
	due := r.reads.due(r.handed)
	if plant.ImpatientFollower.On() {
		due = append(due, r.reads.due(math.MaxUint64)...)
	}
	if len(due) == 0 {
		return
	}
	m := &read{batches: due, seed: r.cfg.Rand.Uint64()}
	for _, b := range due {
		r.gauges.Reads.Add(uint64(b.Count))
	}
	if r.role == raft.StateLeader {
		m.now = r.now()
	}
	r.toApplier(m)
}

// stuckJoint reports whether the group rests in a joint configuration. Raft leaves it by itself when
// something is applied, but tries only once: it does not while it hands over the leadership.
func (r *replica) stuckJoint() bool {
	return r.members.Joint() && r.applied == r.last && r.tick%factsTicks == 0
}

// now is the shard's time, which this replica as its leader tells.
func (r *replica) now() int64 { return r.time.Now(r.cfg.Clock()) }

// clockDue reports whether a key's last moment is over and no entry is under way that would say so.
func (r *replica) clockDue() bool {
	if !r.ownTerm || r.nextExpiry == 0 || r.applied < r.handed || len(r.fates.open) > 0 || r.cfg.LowSpace() || r.cfg.paused() {
		return false
	}
	return r.nextExpiry < r.now()
}

// notLeader ends or parks what was queued while this replica led or hoped to.
func (r *replica) notLeader(batches []*Batch) {
	for _, b := range batches {
		if r.leader == 0 {
			r.park(b)
		} else {
			r.redirectOne(b)
		}
	}
}

// redirect answers MOVED for batches that are definitely not done.
func (r *replica) redirect(batches []*Batch) {
	for _, b := range batches {
		r.redirectOne(b)
	}
}

func (r *replica) redirectOne(b *Batch) {
	node, ok := r.leaderNode()
	if !ok || node == r.cfg.Self {
		answerAll(r.cfg, []*Batch{b}, Down)
		return
	}
	answerMoved(r.cfg, []*Batch{b}, Moved, node)
}

func (r *replica) leaderNode() (slotmap.NodeID, bool) {
	if node, ok := r.members.Nodes[r.leader]; ok {
		return node, true
	}
	node, ok := r.peers[r.leader]
	return node, ok && r.leader != 0
}

// unpark answers what has waited too long. Where a handing over of the leadership has come to nothing,
// what waited for it goes on.
func (r *replica) unpark() {
	if len(r.parked) > 0 && r.role == raft.StateLeader && r.node.BasicStatus().LeadTransferee == 0 {
		r.acceptParked()
		return
	}
	n := 0
	for n < len(r.parked) && r.parked[n].until <= r.tick {
		answerAll(r.cfg, []*Batch{r.parked[n].batch}, Down)
		n++
	}
	r.parked = r.parked[n:]
}

func (r *replica) acceptParked() {
	waiting := r.parked
	r.parked = nil
	for _, p := range waiting {
		r.accept(p.batch)
	}
}

// leaderChanged settles everything that waited for a leader or relied on the old one.
func (r *replica) leaderChanged() {
	for _, b := range r.reads.takeUnconfirmed() {
		r.accept(b)
	}
	if r.leader != 0 {
		r.acceptParked()
	}
	r.failWaits()
	r.announce()
}
