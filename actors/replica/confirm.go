package replica

import (
	"slices"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/slotmap"
)

const (
	confirmPatience = 3  // ticks that a round waits for those who were asked before all are
	confirmersTicks = 50 // after which all are asked once more: another may have become quicker
)

// confirmers are the followers whom a leader asks to confirm its rounds of reads. A round takes the answers of a
// majority (Raft thesis, section 6.4); that of one more follower makes no difference, and costs two messages and the
// wake-ups of two nodes. So those are asked who were the first to answer when all were asked. The heartbeats of the
// clock go to everyone, rounds that are open with them.
type confirmers struct {
	ids   []uint64 // in the order in which they answered
	since uint64   // tick
}

// confirmable reports whether the confirmers known make a majority with this replica.
func (r *replica) confirmable() bool {
	voters := r.members.Conf.GetVoters()
	return r.role == raft.StateLeader && len(voters) > 1 && !r.members.Joint() && len(r.confirmers.ids) >= len(voters)/2 &&
		slices.Contains(voters, r.cfg.Replica)
}

// spares reports whether a message asks a follower to confirm a round that others confirm.
func (r *replica) spares(m *raftpb.Message) bool {
	return beat(m) != 0 && !r.ticked && r.confirmable() && !slices.Contains(r.confirmers.ids, m.GetTo())
}

// confirms notes who answers the question that all were asked.
func (r *replica) confirms(m *raftpb.Message) {
	c, from := &r.confirmers, m.GetFrom()
	if m.GetType() != raftpb.MsgHeartbeatResp || len(m.GetContext()) == 0 || r.role != raft.StateLeader || r.confirmable() {
		return
	}
	if slices.Contains(r.members.Conf.GetVoters(), from) && !slices.Contains(c.ids, from) {
		c.ids = append(c.ids, from)
	}
}

// askAll makes the next round one that everyone is asked to confirm.
func (r *replica) askAll() { r.confirmers = confirmers{since: r.tick} }

// tendConfirmers does without those who don't answer, and looks for quicker ones now and then.
func (r *replica) tendConfirmers() {
	switch overdue := r.tick - min(r.tick, confirmPatience); {
	case !r.confirmable():
	case r.reads.opened(overdue):
		r.askAll()
		r.reads.retry(overdue)
	case slices.ContainsFunc(r.confirmers.ids, r.silent), r.tick >= r.confirmers.since+confirmersTicks:
		r.askAll()
	}
}

// silent reports whether a follower has not answered the last heartbeat of the clock.
func (r *replica) silent(id uint64) bool {
	return r.heardOf[id]+heartbeatTicks+confirmPatience < r.tick
}

// confirmerDown asks everyone if a node is gone that had a confirmer.
func (r *replica) confirmerDown(node slotmap.NodeID) {
	if r.confirmable() && slices.ContainsFunc(r.confirmers.ids, func(id uint64) bool { return r.members.Nodes[id] == node }) {
		r.askAll()
		r.reads.retry(r.tick)
	}
}
