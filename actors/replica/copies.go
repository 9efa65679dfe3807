package replica

import (
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/tracker"
)

// freshTicks is how long ago a follower was heard of that counts as there: ten heartbeats.
const freshTicks = 10 * heartbeatTicks

// fewCopies reports whether fewer other voters can be counted on for a write than this node asks for: those that were
// heard of lately, and that are not to be brought up to date first. Raft's own RecentActive would not do, as it is
// forgotten about once a second.
func (r *replica) fewCopies() bool {
	if r.cfg.LeastCopies == nil {
		return false
	}
	least := r.cfg.LeastCopies()
	if least == 0 {
		return false
	}
	r.node.WithProgress(func(id uint64, t raft.ProgressType, pr tracker.Progress) {
		heard, ok := r.heardOf[id]
		if ok && r.tick <= heard+freshTicks && t == raft.ProgressTypePeer && pr.State == tracker.StateReplicate {
			least--
		}
	})
	return least > 0
}

// hear notes that another replica of the group sent something.
func (r *replica) hear(id uint64) {
	if r.members.Has(id) {
		r.heardOf[id] = r.tick
	}
}
