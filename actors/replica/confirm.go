package replica

import (
	"cmp"
	"encoding/binary"
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
// clock go to everyone, and confirm the rounds that are open as well.
type confirmers struct {
	ids   []uint64 // in the order in which they answered
	since uint64   // tick
	first uint64   // number of the first heartbeat that went to all, 0 until it does
}

// confirmable reports whether the confirmers known make a majority with this replica.
func (r *replica) confirmable() bool {
	voters := r.members.Conf.GetVoters()
	return r.role == raft.StateLeader && len(voters) > 1 && !r.members.Joint() && len(r.confirmers.ids) >= len(voters)/2 &&
		slices.Contains(voters, r.cfg.Replica)
}

// spares reports whether a message asks a follower to confirm a round that others confirm.
func (r *replica) spares(m *raftpb.Message) bool {
	n := beat(m)
	switch {
	case n == 0:
		return false
	case !r.confirmable():
		r.confirmers.first = cmp.Or(r.confirmers.first, n)
		return false
	}
	return !r.ticked && !slices.Contains(r.confirmers.ids, m.GetTo())
}

// confirms notes who answers a question that all were asked; what answers an older one says nothing of who is quick.
func (r *replica) confirms(m *raftpb.Message) {
	c, from := &r.confirmers, m.GetFrom()
	if m.GetType() != raftpb.MsgHeartbeatResp || m.GetTerm() != r.term() || len(m.GetContext()) != 8 || r.confirmable() {
		return
	}
	if n := binary.LittleEndian.Uint64(m.GetContext()); c.first == 0 || n < c.first {
		return
	}
	if slices.Contains(r.members.Conf.GetVoters(), from) && !slices.Contains(c.ids, from) {
		c.ids = append(c.ids, from)
	}
}

// askAll makes the next round one that everyone is asked to confirm.
func (r *replica) askAll() { r.confirmers = confirmers{since: r.tick} }

// askAllAgain asks everyone also to confirm what is open: the newest round confirms those before it.
func (r *replica) askAllAgain() {
	r.askAll()
	if ctx := r.reads.newest(); ctx != nil {
		r.node.ReadIndex(ctx)
	}
}

// tendConfirmers does without those who don't answer, and looks for quicker ones now and then.
func (r *replica) tendConfirmers() {
	waits := r.reads.opened(r.tick - min(r.tick, confirmPatience))
	if r.confirmable() && (waits || slices.ContainsFunc(r.confirmers.ids, r.silent) || r.tick >= r.confirmers.since+confirmersTicks) {
		r.askAllAgain()
	}
}

// silent reports whether a follower has not answered the last heartbeat of the clock.
func (r *replica) silent(id uint64) bool {
	return r.heardOf[id]+heartbeatTicks+confirmPatience < r.tick
}

// confirmerDown asks everyone if a node is gone that had a confirmer.
func (r *replica) confirmerDown(node slotmap.NodeID) {
	if r.confirmable() && slices.ContainsFunc(r.confirmers.ids, func(id uint64) bool { return r.members.Nodes[id] == node }) {
		r.askAllAgain()
	}
}
