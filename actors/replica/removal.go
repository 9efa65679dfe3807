package replica

import (
	"maps"
	"math"
	"slices"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

// How a removed replica ends.
//
// A replica that has applied its own removal stays, silent, and goes on to vote: the others may not
// know yet that the change is committed, and by the configuration they know its vote may be needed. It
// ends only when a leader tells it to. A leader does so once an entry that it appended after it had
// applied the change is committed: that entry came to a majority of the new configuration together
// with the commit index of the change, on disk, so none of them needs the old one any more.
//
// Meanwhile its log may be longer than those of the others, by entries that it appended or got as the
// change went on. They do not count. Every removal is the end of a joint change: what is committed after
// it is on a majority of the new configuration, and a candidate whose log holds it knows of the joint
// configuration at least, so that it needs that majority. So where a candidate's log holds the removal,
// a removed replica takes its own for the shorter one.
//
// Nobody sends to a removed replica, so it is the one that asks, by its campaigns, or by a *wire.Removed
// that names itself and no index.

// silentTicks is how long a replica that raft lets no campaign, a learner or a removed one, believes in
// a leader that it does not hear.
const silentTicks = 2 * electionTicks

// settled reports whether the newest configuration stands on a majority of its own disks.
func (r *replica) settled() bool {
	return r.role == raft.StateLeader && r.ownTerm && r.handed > r.changedAt
}

// removed reports whether a replica that sends us something has been removed, and tells it once that is
// settled.
func (r *replica) removed(from slotmap.NodeID, id uint64) bool {
	if r.members.Has(id) || id >= r.members.Next || r.role != raft.StateLeader {
		return false
	}
	if !r.settled() {
		r.unsettled = true
		return false
	}
	r.tell(from, id, r.members.Index)
	return true
}

func (r *replica) tell(node slotmap.NodeID, id, index uint64) {
	r.cfg.System.Root.Send(r.cfg.Peer(node), &wire.Removed{Shard: r.cfg.Shard, Replica: id, Index: index})
}

// told takes a leader's word that a replica is removed, or the question whether it is. Who asks may know
// nobody but followers, or nodes where other replicas live by now: they pass question and word on.
func (r *replica) told(from slotmap.NodeID, m *wire.Removed) {
	asker, known := r.peers[m.Replica]
	leader, follows := r.leaderNode()
	switch {
	case m.Replica == r.cfg.Replica && m.Index > 0:
		r.destroy("removed from its group")
	case r.members.Has(m.Replica) || m.Replica >= r.members.Next:
	case m.Index > 0 && known:
		r.tell(asker, m.Replica, m.Index)
	case m.Index == 0 && !r.removed(from, m.Replica) && follows && leader != r.cfg.Self:
		r.peers[m.Replica] = from
		r.tell(leader, m.Replica, 0)
	}
}

// succeeded reports whether a message is for a later replica of this node. A group adds none before it
// has removed the one that was there, and speaks to it only once that is committed.
func (r *replica) succeeded(m *raftpb.Message) bool {
	t := m.GetType()
	return m.GetTo() > r.cfg.Replica && (t == raftpb.MsgApp || t == raftpb.MsgHeartbeat)
}

// yield makes a removed replica's log no obstacle to a candidate whose log holds the removal.
func (r *replica) yield(m *raftpb.Message) {
	t := m.GetType()
	if t != raftpb.MsgVote && t != raftpb.MsgPreVote || r.members.Index == 0 || r.members.Has(r.cfg.Replica) {
		return
	}
	if m.GetLogTerm() > r.changedTerm || m.GetLogTerm() == r.changedTerm && m.GetIndex() >= r.members.Index {
		m.LogTerm = new(uint64(math.MaxUint64)) // whatever is compared with it, the candidate's is newer
	}
}

// doubt ends the belief in a leader that has fallen silent, where raft itself does not, and asks the
// others whether this replica is still one of them.
func (r *replica) doubt() {
	if r.role == raft.StateLeader || r.tick < r.heard+silentTicks || r.bound() {
		return
	}
	if r.leader != 0 {
		// Only a leader refuses to forget, and this replica is none.
		_ = r.node.ForgetLeader()
	}
	if r.tick%electionTicks != 0 {
		return
	}
	for _, node := range slices.SortedFunc(maps.Keys(r.others()), slotmap.NodeID.Compare) {
		r.tell(node, r.cfg.Replica, 0)
	}
}

// others are the nodes where replicas of the group live or lived, as far as is known here.
func (r *replica) others() map[slotmap.NodeID]bool {
	nodes := map[slotmap.NodeID]bool{}
	for _, node := range r.members.Nodes {
		nodes[node] = true
	}
	for _, node := range r.peers {
		nodes[node] = true
	}
	if r.cfg.Hint != nil {
		nodes[r.cfg.Hint()] = true
	}
	delete(nodes, r.cfg.Self)
	delete(nodes, slotmap.NodeID{})
	return nodes
}
