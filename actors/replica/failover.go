package replica

import (
	"slices"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
	"go.etcd.io/raft/v3/tracker"

	"github.com/troupedb/troupe/actors/plant"
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
	r.lost, r.lostAt = node, r.tick
	if plant.BrokenPromise.On() {
		r.promise = 0
	}
	if !r.bound() {
		r.forsake()
	}
}

// forsake forgets the leader, and campaigns when it is this replica's turn.
func (r *replica) forsake() {
	// Only a leader refuses to forget, and this replica is none.
	_ = r.node.ForgetLeader()
	if turn, ok := r.turn(r.lost); ok {
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
// gets the time to. One that is refused votes, though not those before the vote, shares the term with another: when
// those that are left are no majority, it would find out only after an election timeout.
func (r *replica) voting(m *raftpb.Message) {
	switch m.GetType() {
	case raftpb.MsgPreVote, raftpb.MsgVote:
		if m.GetIndex() < r.last {
			return
		}
		r.canvass.asked = r.tick
		if r.campaign != 0 {
			r.campaign = max(r.campaign, r.tick+deferTicks)
		}
	case raftpb.MsgVoteResp:
		if !m.GetReject() || m.GetTerm() != r.term() || r.role != raft.StateCandidate || r.campaign != 0 {
			return
		}
		if turn, ok := r.turn(r.lost); ok && r.refused(m.GetFrom()) {
			r.campaign = r.tick + deferTicks + uint64(turn*staggerTicks) + r.cfg.Rand.Uint64N(staggerTicks)
		}
	}
}

// refused notes that a voter has voted for another candidate of this term, and reports whether this one can no longer
// win: the voters of the node whose loss began it do not vote.
func (r *replica) refused(by uint64) bool {
	if r.rejected.term != r.term() {
		r.rejected.term, r.rejected.by = r.term(), nil
	}
	if !slices.Contains(r.rejected.by, by) {
		r.rejected.by = append(r.rejected.by, by)
	}
	voters := r.members.Conf.GetVoters()
	left := 0
	for _, id := range voters {
		if r.members.Nodes[id] != r.lost && !slices.Contains(r.rejected.by, id) {
			left++
		}
	}
	return left <= len(voters)/2
}

// decline answers a leader that hands over to this replica while it replays its log, or has a slow disk: the leader is
// asked to stay what it is, for as it waits for the election, it proposes nothing. It reports whether the message is
// seen to.
func (r *replica) decline(from slotmap.NodeID, m *raftpb.Message) bool {
	switch {
	case m.GetType() == raftpb.MsgTimeoutNow && (r.replaying() || r.disk.declines(r.tick)):
		r.node.TransferLeader(m.GetFrom())
	case m.GetType() == raftpb.MsgTransferLeader && m.GetFrom() == r.cfg.Replica:
		// Who does not lead would ask the one that leads by now for the leadership, and another may be asked by now.
		if to := r.node.BasicStatus().LeadTransferee; r.role == raft.StateLeader && to != 0 && r.members.Nodes[to] == from {
			r.disk.declinedBy(to, r.tick)
			r.node.TransferLeader(r.cfg.Replica) // ends the transfer that goes on
		}
	default:
		return false
	}
	return true
}

// replaying reports whether committed entries that are no longer in memory wait for the applier, as after a
// restart. Such a replica would not serve before it has applied them, and raft searches them all for
// configuration changes before it campaigns, in a turn in which the vote waits that another could lead by.
func (r *replica) replaying() bool {
	return r.applied+1 < r.storage.cacheFirst() && r.applied < r.node.BasicStatus().HardState.GetCommit()
}

// tickRaft lets raft's time go on, but not to a campaign while this replica replays its log, or is bound by a promise.
// It votes meanwhile, in the first case.
func (r *replica) tickRaft() {
	r.endPromise()
	if r.role != raft.StateLeader && r.bound() {
		return
	}
	if r.role == raft.StateLeader || r.tick-r.heard < electionTicks || !r.replaying() {
		r.node.Tick()
	} else if r.leader != 0 {
		_ = r.node.ForgetLeader() // whose lease would not run out
	}
}

func (r *replica) campaignIfDue() {
	if r.campaign == 0 || r.tick < r.campaign || r.leader != 0 || r.replaying() || r.bound() {
		return
	}
	r.campaign = 0
	// A learner or a removed replica may not: raft says so, and nothing follows.
	_ = r.node.Campaign()
}

// canvass is the requests for votes before the vote that left last.
type canvass struct {
	began uint64 // tick of the campaign
	asked uint64 // tick at which they left last, or another candidate was given the time to win
	sent  []*raftpb.Message
}

// ask notes such a request, and sends it.
func (r *replica) ask(m *raftpb.Message) {
	if r.canvass.began != r.tick {
		r.canvass = canvass{began: r.tick, asked: r.tick}
	}
	r.canvass.sent = append(r.canvass.sent, m)
	r.send(m)
}

// askAgain repeats them where the loss of a link to the leader began it. A voter that has not noticed the loss yet gives
// no answer at all, and raft asks it again only after an election timeout, when every voter has stopped believing in
// that leader in any case. Nothing but the messages is repeated: the votes that are in count on.
func (r *replica) askAgain() {
	if r.role != raft.StatePreCandidate || r.leader != 0 || r.tick < r.canvass.asked+deferTicks || r.tick >= r.lostAt+electionTicks {
		return
	}
	r.canvass.asked = r.tick
	for _, m := range r.canvass.sent {
		r.send(m)
	}
}

// handOver gives the leadership to another voter.
func (r *replica) handOver() {
	if r.role != raft.StateLeader {
		return
	}
	if to := r.successor(func(uint64, *tracker.Progress) bool { return true }); to != 0 {
		r.node.TransferLeader(to)
	}
}

// successor is the voter that holds most of the log, of those that are fit, were heard of lately and have not
// declined to lead. It is 0 if there is none.
func (r *replica) successor(fit func(id uint64, pr *tracker.Progress) bool) (best uint64) {
	match := uint64(0)
	for id, pr := range r.node.Status().Progress {
		if id == r.cfg.Replica || pr.IsLearner || !pr.RecentActive || r.disk.hasDeclined(id, r.tick) || !fit(id, &pr) {
			continue
		}
		if best == 0 || pr.Match > match || pr.Match == match && id < best {
			best, match = id, pr.Match
		}
	}
	return best
}
