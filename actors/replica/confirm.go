package replica

import (
	"slices"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/actors/confirm"
)

// distrustTicks is for how long raft confirms reads after other nodes have not.
const distrustTicks = 50

// asksNodes reports whether this leader has its reads confirmed by package confirm. Raft does it where there is nobody to
// ask, in a joint configuration, where leases are to be had, and for a while after other nodes have not.
func (r *replica) asksNodes() bool {
	return r.cfg.Confirm != nil && !r.cfg.Leases && r.role == raft.StateLeader && r.ownTerm && len(r.electors) > 0 &&
		r.tick >= r.distrust && !r.trustsItself()
}

// findElectors follows the configuration. What was sent of the old list stays as it is.
func (r *replica) findElectors() {
	r.electors = nil
	voters := r.members.Conf.GetVoters()
	if r.members.Joint() || !slices.Contains(voters, r.cfg.Replica) {
		return
	}
	for _, id := range voters {
		if id != r.cfg.Replica {
			r.electors = append(r.electors, confirm.Voter{Node: r.members.Nodes[id], Replica: id})
		}
	}
}

// poseQueued has all queued reads confirmed. It comes after the turn's last Ready: whatever is committed here, and may
// have been told to others, is in the index then.
func (r *replica) poseQueued() {
	if len(r.reads.queued)+len(r.reads.questions) == 0 || !r.asksNodes() {
		return
	}
	if len(r.reads.queued) > 0 {
		r.gauges.Rounds.Add(1)
	}
	r.cfg.System.Root.Send(r.cfg.Confirm, &confirm.Ask{
		Shard: r.cfg.Shard, Term: r.term(), Round: r.reads.pose(r.tick, r.hard.GetCommit()),
		Others: r.electors, Need: (len(r.electors) + 1) / 2, Reply: r.self(),
	})
}

// maxQuestions bounds the questions of followers that one turn takes. Who gets no answer asks again.
const maxQuestions = 1024

// question takes a follower's question for a read index. It reports false where raft is to answer.
func (r *replica) question(m *raftpb.Message) bool {
	if m.GetType() != raftpb.MsgReadIndex || len(m.GetEntries()) != 1 || !r.asksNodes() {
		return false
	}
	if len(r.reads.questions) < maxQuestions {
		r.reads.questions = append(r.reads.questions, m)
	}
	return true
}

func (r *replica) verdict(m *confirm.Verdict) {
	switch {
	case m.Term != r.term():
	case !m.Confirmed:
		r.mistrust(func(rd *round) bool { return rd.id <= m.Round })
	default:
		for _, rd := range r.reads.upheld(m.Round) {
			for _, q := range rd.questions {
				r.send(&raftpb.Message{
					Type: raftpb.MsgReadIndexResp.Enum(), From: &r.cfg.Replica, To: new(q.GetFrom()), Term: &m.Term,
					Index: &rd.index, Entries: q.GetEntries(),
				})
			}
		}
	}
}

// mistrust has raft confirm the reads of rounds that other nodes do not, and what comes after them for a while.
func (r *replica) mistrust(which func(*round) bool) {
	if r.reads.retract(which) {
		r.distrust = r.tick + distrustTicks
	}
}
