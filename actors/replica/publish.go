package replica

import (
	"go.etcd.io/raft/v3"

	"github.com/asynkron/protoactor-go/actor"
)

// publish writes the gauges at the end of a turn.
func (r *replica) publish() {
	g := r.gauges
	g.Role.Store(uint32(r.shownRole()))
	g.Leader.Store(r.leader)
	g.Term.Store(r.term)
	g.Commit.Store(r.hard.GetCommit())
	g.Last.Store(r.last)
	g.Snapshot.Store(r.storage.snap.Index)
	g.Voters.Store(uint64(len(r.members.Conf.GetVoters())))
	g.Learners.Store(uint64(len(r.members.Conf.GetLearners())))
	g.Ready.Store(r.leader != 0 && (r.role != raft.StateLeader || r.ownTerm))
	if node, ok := r.leaderNode(); ok {
		if cur := g.leaderID.Load(); cur == nil || *cur != node {
			g.leaderID.Store(&node)
		}
	} else if g.leaderID.Load() != nil {
		g.leaderID.Store(nil)
	}
}

func (r *replica) shownRole() Role {
	switch {
	case r.role == raft.StateLeader:
		return RoleLeader
	case r.role == raft.StateCandidate || r.role == raft.StatePreCandidate:
		return RoleCandidate
	case r.learner():
		return RoleLearner
	}
	return RoleFollower
}

func (r *replica) learner() bool {
	for _, id := range r.members.Conf.GetVoters() {
		if id == r.cfg.Replica {
			return false
		}
	}
	return true
}

// observe publishes and announces for the first time.
func (r *replica) observe() {
	r.publish()
	r.announce()
}

func (r *replica) self() *actor.PID { return r.pid }
