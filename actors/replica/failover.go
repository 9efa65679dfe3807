package replica

import (
	"slices"

	"go.etcd.io/raft/v3"

	"github.com/troupedb/troupe/slotmap"
)

// peerDown takes the loss of the link to a node as evidence that the node is gone. Followers of a
// leader there forget it, since their CheckQuorum lease would refuse each other's campaign until it
// ran out, and campaign one after the other, so that the vote is not split.
func (r *replica) peerDown(node slotmap.NodeID) {
	for id, n := range r.members.Nodes {
		if n == node && id != r.cfg.Replica {
			r.node.ReportUnreachable(id)
		}
	}
	leads, ok := r.leaderNode()
	if !ok || leads != node || r.role == raft.StateLeader {
		return
	}
	// Only a leader refuses to forget, and this replica is none.
	_ = r.node.ForgetLeader()
	if turn, ok := r.turn(node); ok {
		r.campaign = r.tick + 1 + uint64(turn*staggerTicks) + r.cfg.Rand.Uint64N(staggerTicks)
	}
}

// turn is this replica's place among the voters that do not live on the lost node: by replica id,
// rotated by shard, so that one survivor does not take over everything.
func (r *replica) turn(lost slotmap.NodeID) (int, bool) {
	var left []uint64
	for _, id := range r.members.Conf.GetVoters() {
		if r.members.Nodes[id] != lost {
			left = append(left, id)
		}
	}
	slices.Sort(left)
	i := slices.Index(left, r.cfg.Replica)
	if i < 0 {
		return 0, false
	}
	n := len(left)
	return (i + int(r.cfg.Shard)) % n, true
}

func (r *replica) campaignIfDue() {
	if r.campaign == 0 || r.tick < r.campaign || r.leader != 0 {
		return
	}
	r.campaign = 0
	// A learner or a removed replica may not: raft says so, and nothing follows.
	_ = r.node.Campaign()
}

// handOver gives the leadership to the voter that holds most of the log and was heard of lately.
func (r *replica) handOver() {
	if r.role != raft.StateLeader {
		return
	}
	var best, match uint64
	for id, pr := range r.node.Status().Progress {
		if id == r.cfg.Replica || pr.IsLearner || !pr.RecentActive {
			continue
		}
		if best == 0 || pr.Match > match || pr.Match == match && id < best {
			best, match = id, pr.Match
		}
	}
	if best != 0 {
		r.node.TransferLeader(best)
	}
}
