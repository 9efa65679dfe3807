package replica

import (
	"slices"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

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

// voting looks at the votes that a campaign of this replica or of another one asks for. A candidate that could win
// gets the time to. A candidate that is refused a vote, though not the one before the vote, shares the term with
// another: neither may win, and they would find out only after an election timeout.
func (r *replica) voting(m *raftpb.Message) {
	switch m.GetType() {
	case raftpb.MsgPreVote, raftpb.MsgVote:
		if r.campaign != 0 && m.GetIndex() >= r.last {
			r.campaign = max(r.campaign, r.tick+deferTicks)
		}
	case raftpb.MsgVoteResp:
		if !m.GetReject() || m.GetTerm() != r.term || r.role != raft.StateCandidate || r.campaign != 0 {
			return
		}
		if turn, ok := r.turn(slotmap.NodeID{}); ok {
			r.campaign = r.tick + deferTicks + uint64(turn*staggerTicks) + r.cfg.Rand.Uint64N(staggerTicks)
		}
	}
}

// replaying reports whether committed entries that are no longer in memory wait for the applier, as after a
// restart. Such a replica would not serve before it has applied them, and raft searches them all for
// configuration changes before it campaigns, in a turn in which the vote waits that another could lead by.
func (r *replica) replaying() bool {
	return r.applied+1 < r.storage.cacheFirst() && r.applied < r.node.BasicStatus().HardState.GetCommit()
}

// tickRaft lets raft's time go on, but not to a campaign while this replica replays its log. It votes meanwhile.
func (r *replica) tickRaft() {
	if r.role == raft.StateLeader || r.tick-r.heard < electionTicks || !r.replaying() {
		r.node.Tick()
	} else if r.leader != 0 {
		_ = r.node.ForgetLeader() // whose lease would not run out
	}
}

func (r *replica) campaignIfDue() {
	if r.campaign == 0 || r.tick < r.campaign || r.leader != 0 || r.replaying() {
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
