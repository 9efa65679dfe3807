package replica

import (
	"github.com/asynkron/protoactor-go/actor"
	"go.etcd.io/raft/v3"
)

// publish writes the gauges at the end of a turn, those that have changed: most turns change one or two, and a store is
// dear that others may be looking at. The term is written sooner, with the hard state.
func (r *replica) publish() {
	g := r.gauges
	set(&g.Role, uint32(r.shownRole()))
	set(&g.Leader, r.leader)
	set(&g.Commit, r.hard.GetCommit())
	set(&g.Last, r.last)
	set(&g.Snapshot, r.storage.snap.Index)
	set(&g.Voters, uint64(len(r.members.Conf.GetVoters())))
	set(&g.Learners, uint64(len(r.members.Conf.GetLearners())))
	set(&g.Ready, r.leader != 0 && (r.role != raft.StateLeader || r.ownTerm))
	if node, ok := r.leaderNode(); ok {
		if cur := g.leaderID.Load(); cur == nil || *cur != node {
			g.leaderID.Store(new(node)) // a copy, lest every turn allocates one
		}
	} else if g.leaderID.Load() != nil {
		g.leaderID.Store(nil)
	}
}

func set[T comparable](g interface {
	Load() T
	Store(T)
}, v T) {
	if g.Load() != v {
		g.Store(v)
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
