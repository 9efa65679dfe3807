package replica

import (
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
)

// How followers are told what is committed. Raft sends each of them an empty append when the commit index rises. A
// leader holds that back, for the next append has the index too, or else the next heartbeat. Under load that saves
// half of the messages between the replicas, and nobody waits for it: a follower asks for a read index, and is told
// with the answer.

// holds reports whether a message tells a follower nothing but a commit index, which it is told soon. All that leaves
// for one is in the Ready in which the index rose. In any other, or where it does not stand at the end of the log, an
// empty append is raft's probe of what a follower has. In a joint configuration nothing waits: who is removed at its end
// is sent nothing after it. Nor does the first commit of a leader, which those who wait at the one before want to know.
func (r *replica) holds(m *raftpb.Message) bool {
	if m.GetType() != raftpb.MsgApp || len(m.GetEntries()) > 0 || m.GetIndex() < r.last || !r.newCommit {
		return false
	}
	if r.role != raft.StateLeader || !r.ownTerm || r.members.Joint() {
		return false
	}
	r.held[m.GetTo()] = m
	return true
}

// release sends a follower what is held back from it. It may have been told since, which raft does not mind.
func (r *replica) release(to uint64) {
	if m := r.held[to]; m != nil {
		delete(r.held, to)
		r.send(m)
	}
}
