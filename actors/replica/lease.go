package replica

import (
	"encoding/binary"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

// Leases (Raft thesis, section 6.4.1) spare a leader the round of messages before a read. They are what the option
// --reads lease is, and rest on the nodes' monotonic clocks: none may run at more than 1.25 times the speed of
// another, or stand still while others go on, as that of a virtual machine does that its host holds up.
//
// A voter that hears a heartbeat promises to elect nobody for a time: it neither votes nor campaigns, whatever becomes
// of its links. As it forgets its promises in a restart, it keeps one at each start. The leader that has promises of a
// majority in one round of messages is the only one for as long, counted from before it asked, and reads without a
// round for four fifths of that. What ends a lease before: a change of the configuration, whose voters have promised
// nothing, and the offer of the leadership to another replica, which may be elected in spite of all promises.
const (
	promiseTime = electionTicks * int64(TickInterval/1e6) // ms
	leaseTime   = promiseTime * 4 / 5
)

// lease is what a leader knows of its own.
type lease struct {
	until    int64  // ms of the monotonic clock
	read     uint64 // the newest round of reads, 0 for none
	asked    int64  // ms at which that was opened
	round    uint64 // number of its heartbeats, 0 until they are sent; later ones have none that is less
	sent     bool
	promised map[uint64]bool // voters that promised in answer to such a heartbeat
	offered  uint64          // the term in which this replica offered its leadership: it has no lease in that
}

func (r *replica) mono() int64 { return r.cfg.Clock().Mono }

// leased reports whether this leader may read without asking anyone.
func (r *replica) leased() bool {
	return r.cfg.Leases && r.role == raft.StateLeader && r.ownTerm && r.lease.until != 0 && r.mono() < r.lease.until
}

// asks notes that a round is about to be opened.
func (r *replica) asks(ctx []byte) {
	if r.cfg.Leases && r.role == raft.StateLeader {
		r.lease.read, r.lease.asked, r.lease.round, r.lease.sent = binary.BigEndian.Uint64(ctx), r.mono(), 0, false
		r.lease.promised = map[uint64]bool{}
	}
}

// beats notes a heartbeat that leaves. Raft numbers those that confirm reads. In the Ready that follows the question
// there may be one of before it; those of the round have the highest number.
func (r *replica) beats(m *raftpb.Message) {
	if r.lease.read != 0 && !r.lease.sent {
		r.lease.round = max(r.lease.round, beat(m))
	}
}

// beat is the number of a heartbeat, 0 if it confirms no reads.
func beat(m *raftpb.Message) uint64 {
	if m.GetType() != raftpb.MsgHeartbeat || len(m.GetContext()) != 8 {
		return 0
	}
	return binary.LittleEndian.Uint64(m.GetContext())
}

// promisedBy notes the promise of a replica.
func (r *replica) promisedBy(from slotmap.NodeID, m *wire.Promise) {
	l := &r.lease
	if m.Term == r.term() && l.round != 0 && m.Round >= l.round && r.members.Has(m.Replica) && !r.foreign(from, m.Replica) {
		l.promised[m.Replica] = true
	}
}

// extend begins a lease if the round that is confirmed has brought the promises of a majority.
func (r *replica) extend(ctx []byte) {
	l := &r.lease
	if l.read == 0 || len(ctx) != 8 || binary.BigEndian.Uint64(ctx) != l.read || r.members.Joint() || l.offered == r.term() {
		return
	}
	voters, count := r.members.Conf.GetVoters(), 0
	for _, id := range voters {
		if id == r.cfg.Replica || l.promised[id] {
			count++
		}
	}
	if count > len(voters)/2 {
		l.until = l.asked + leaseTime
	}
}

// endLease makes the next read ask again.
func (r *replica) endLease() { r.lease = lease{offered: r.lease.offered} }

// offer ends the lease for as long as this term lasts: who is asked to campaign may do it at any time.
func (r *replica) offer() {
	r.lease.offered = r.term()
	r.endLease()
}

// promiseTo keeps this replica from electing another leader than the one that it has just heard of.
func (r *replica) promiseTo(node slotmap.NodeID, m *raftpb.Message) {
	if !r.cfg.Leases || m.GetType() != raftpb.MsgHeartbeat {
		return
	}
	if st := r.node.BasicStatus(); st.Lead != m.GetFrom() || st.HardState.GetTerm() != m.GetTerm() {
		return
	}
	r.promise = r.mono() + promiseTime
	if n := beat(m); n != 0 {
		p := &wire.Promise{Shard: r.cfg.Shard, Replica: r.cfg.Replica, Term: m.GetTerm(), Round: n}
		r.cfg.System.Root.Send(r.cfg.Peer(node), p)
	}
}

// bound reports whether a promise keeps this replica from electing anyone.
func (r *replica) bound() bool {
	return r.promise != 0 && r.mono() < r.promise
}

// ignores reports whether a promise forbids to vote or to campaign as a message asks for. Who was offered the leadership
// campaigns with the leader's consent.
func (r *replica) ignores(m *raftpb.Message) bool {
	switch m.GetType() {
	case raftpb.MsgVote, raftpb.MsgPreVote:
		return string(m.GetContext()) != consented && r.bound()
	case raftpb.MsgTimeoutNow:
		return r.cfg.Leases && m.GetFrom() != r.leader // its voters take the leader's consent for granted
	}
	return false
}

// consented is the context of a vote that raft asks for when it was offered the leadership.
const consented = "CampaignTransfer"

// endPromise has a promise that was not renewed followed by an election, as the loss of a link is without promises. A
// replica that has been alone so far as it knows learns from its log, in a restart, whether it still is.
func (r *replica) endPromise() {
	switch {
	case r.promise == 0 || r.role == raft.StateLeader:
		r.promise = 0
	case r.alone() && r.applied >= r.node.BasicStatus().HardState.GetCommit():
		r.promise, r.campaign = 0, r.tick
	case !r.bound():
		r.promise = 0
		r.forsake()
	}
}
