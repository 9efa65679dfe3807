package replica

import (
	"slices"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/actors/confirm"
)

// trust is what a leader makes of the verdicts of package confirm. Where it gets none in time, or none that confirms,
// raft confirms the reads for a while, which gets longer each time until there is a good one: nodes may not know the
// question.
type trust struct {
	good uint64 // tick of the last verdict that confirmed a round
	none uint64 // tick until which there is no trust
	span uint64 // ticks for which there was none the last time, 0 since a good verdict
}

const (
	distrustTicks    = 50
	maxDistrustTicks = 1600
)

// asksNodes reports whether this leader has its reads confirmed by package confirm. Raft does it where there is nobody to
// ask, in a joint configuration, where leases are to be had, and while there is no trust.
func (r *replica) asksNodes() bool {
	return r.cfg.Confirm != nil && !r.cfg.Leases && r.role == raft.StateLeader && r.ownTerm && len(r.electors) > 0 &&
		r.tick >= r.trust.none && !r.trustsItself()
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
	r.cfg.System.Root.Send(r.cfg.Confirm, &confirm.Ask{
		Shard: r.cfg.Shard, Term: r.term(), Round: r.reads.pose(r.tick, r.hard.GetCommit()),
		Others: r.electors, Need: (len(r.electors) + 1) / 2, Reply: r.self(),
	})
}

// question takes a follower's question for a read index. It reports false where raft is to answer.
func (r *replica) question(m *raftpb.Message) bool {
	if m.GetType() != raftpb.MsgReadIndex || len(m.GetEntries()) != 1 || !r.asksNodes() {
		return false
	}
	r.reads.question(m)
	return true
}

// passQuestions gives the questions of followers to raft where it is to answer them after all.
func (r *replica) passQuestions() {
	for _, m := range r.reads.takeQuestions() {
		r.step(m)
	}
}

func (r *replica) verdict(m *confirm.Verdict) {
	if m.Term != r.term() {
		return
	}
	if !m.Confirmed {
		if r.reads.waitsFor(m.Round) {
			r.mistrust()
		}
		return
	}
	r.trust.good, r.trust.span = r.tick, 0
	reads := 0
	for _, rd := range r.reads.upheld(m.Round) {
		reads += len(rd.asked)
		for _, q := range rd.questions {
			r.release(q.GetFrom())
			r.send(&raftpb.Message{
				Type: raftpb.MsgReadIndexResp.Enum(), From: &r.cfg.Replica, To: new(q.GetFrom()), Term: &m.Term,
				Index: &rd.index, Entries: q.GetEntries(),
			})
		}
	}
	if reads > 0 {
		r.gauges.Rounds.Add(1)
	}
}

// tendPosed does not wait for a verdict for ever, unless others come all the time, as over slow links.
func (r *replica) tendPosed() {
	if r.reads.posedBy(r.tick-readRetryTicks) && r.trust.good+readRetryTicks <= r.tick {
		r.mistrust()
	}
}

// mistrust has raft confirm what package confirm has not.
func (r *replica) mistrust() {
	if r.reads.retract() {
		r.trust.span = min(max(2*r.trust.span, distrustTicks), maxDistrustTicks)
		r.trust.none = r.tick + r.trust.span
	}
}
