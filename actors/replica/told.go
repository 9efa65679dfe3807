package replica

import (
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
)

// How followers are told what is committed. Raft sends each of them an empty append when the commit index rises. A
// leader holds that back, for the next append has the index too, or else the next heartbeat. Under load that saves
// half of the messages between the replicas, and nobody waits for it: a follower asks for a read index, and is told
// with the answer.

// holds reports whether a message tells a follower nothing but a commit index, which it is told soon. An empty append
// that leaves when nothing is newly committed is raft's probe of what a follower has: it waits only where the append of
// writes follows at once. In a joint configuration nothing waits: who is removed at its end is sent nothing after it.
func (r *replica) holds(m *raftpb.Message) bool {
	if m.GetType() != raftpb.MsgApp || len(m.GetEntries()) > 0 || r.role != raft.StateLeader || !r.ownTerm || r.members.Joint() {
		return false
	}
	if !r.committed && len(r.writes) == 0 {
		return false
	}
	r.held[m.GetTo()] = m
	return true
}

// release sends a follower what is held back from it. It may have been told since, which raft does not mind.
func (r *replica) release(to uint64) {
	if m := r.held[to]; m != nil && m.GetTerm() == r.term() {
		r.send(m)
	}
	delete(r.held, to)
}
