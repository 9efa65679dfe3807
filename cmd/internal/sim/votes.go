package sim

import (
	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

// ballot is a replica's vote in a term.
type ballot struct {
	replica, term uint64
}

// sent sees what a node sends to another: a replica that gives its vote has only one in a term.
func (w *watch) sent(p *process, m wire.Message) {
	r, ok := m.(*wire.Raft)
	if !ok || r.Message.GetType() != raftpb.MsgVoteResp || r.Message.GetReject() {
		return
	}
	w.voted(p, r.Shard, ballot{r.Message.GetFrom(), r.Message.GetTerm()}, r.Message.GetTo())
}

// voted notes a vote, or that a replica leads, which it does by its own vote too.
func (w *watch) voted(p *process, shard slotmap.ShardID, b ballot, candidate uint64) {
	g := w.group(shard)
	if was, ok := g.votes[b]; ok && was != candidate {
		w.s.fail("shard %d: replica %d on %s votes for replica %d in term %d, and has voted for %d", shard, b.replica, p.name(), candidate, b.term, was)
	}
	g.votes[b] = candidate
}
