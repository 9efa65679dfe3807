package replica

import (
	"fmt"
	"time"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"github.com/troupedb/troupe/actors/plant"
	"github.com/troupedb/troupe/actors/raftlog"
	"github.com/troupedb/troupe/slotmap"
)

// handleReady does what raft wants done, each as a message to the actor that does it.
func (r *replica) handleReady(rd raft.Ready) {
	r.newCommit = false
	if rd.HardState != nil {
		r.newCommit = rd.HardState.GetCommit() > r.hard.GetCommit()
		r.hard = rd.HardState
		set(&r.gauges.Term, r.term()) // before anything leaves in it: see package confirm
	}
	if rd.SoftState != nil {
		r.roleChanged(rd.SoftState)
	}
	for _, m := range rd.Messages {
		switch m.GetTo() {
		case raft.LocalAppendThread:
			r.append(m)
		case raft.LocalApplyThread:
			r.hand(m)
		default:
			r.sendReady(m)
		}
	}
	r.lease.sent = r.lease.round != 0
	r.sendAll(r.votes)
	r.votes = nil
	for _, rs := range rd.ReadStates {
		r.reads.confirmed(rs.RequestCtx, rs.Index)
		r.extend(rs.RequestCtx)
	}
	if len(r.proposed) > 0 {
		panic("replica: a proposal did not show up in the Ready that followed it")
	}
}

// sendReady sends a message that need not wait for the disk. Raft counts a request for votes among them,
// but a candidate that asks before its own vote is durable can lead by the votes of the others, forget
// that in a crash, and lead once more in the same term: two entries with the same index and term. So the
// request goes with the append of the vote, which stands behind it in the same Ready.
func (r *replica) sendReady(m *raftpb.Message) {
	switch {
	case m.GetType() == raftpb.MsgVote:
		r.votes = append(r.votes, m)
	case m.GetType() == raftpb.MsgPreVote:
		r.ask(m)
	case r.holds(m):
	case m.GetType() == raftpb.MsgReadIndexResp:
		r.release(m.GetTo())
		r.send(m)
	default:
		r.send(m)
	}
}

// append sends entries, hard state and snapshot to the log. The attached responses come back with the
// acknowledgement and leave then: they say that this is on disk.
func (r *replica) append(m *raftpb.Message) {
	tag := &appendTag{entries: m.GetEntries(), responses: m.GetResponses()}
	if len(r.votes) > 0 {
		tag.responses = append(r.votes, tag.responses...)
		r.votes = nil
	}
	out := &raftlog.Append{
		Shard: r.cfg.Shard, Replica: r.cfg.Replica, Entries: m.GetEntries(),
		Sync: len(tag.responses) > 0, Reply: r.self(), Tag: tag,
	}
	if m.Term != nil || m.Vote != nil || m.Commit != nil {
		out.Hard = r.hard // which came with the same Ready
	}
	if snap := m.GetSnapshot(); !raft.IsEmptySnap(snap) {
		tag.installed = r.takeInstalled(snap)
		out.Snapshot = &tag.installed.ref
		r.installing(tag.installed)
	}
	if len(tag.entries)+len(tag.responses) == 0 && tag.installed == nil {
		out.Reply = nil // a commit index alone: nobody waits for it
	}
	if len(tag.entries) > 0 {
		r.appending++
	}
	r.noteEntries(tag.entries)
	r.cfg.System.Root.Send(r.cfg.LogPID, out)
}

// noteEntries follows the end of the log, and learns the index of what was proposed in this turn.
func (r *replica) noteEntries(entries []*raftpb.Entry) {
	for _, e := range entries {
		r.last = e.GetIndex()
		r.snaps.grew(len(e.GetData()))
		if plant.EarlyMembership.On() && e.GetType() != raftpb.EntryNormal {
			r.applyChange(e)
		}
		if len(r.proposed) == 0 || e.GetType() != raftpb.EntryNormal || len(e.GetData()) == 0 {
			continue
		}
		p := r.proposed[0]
		p.index, p.term = e.GetIndex(), e.GetTerm()
		r.fates.add(p)
		r.proposed = r.proposed[1:]
	}
}

// appended takes the log's acknowledgement: first the storage shows what is on disk, then the
// responses are delivered in their order.
func (r *replica) appended(m *raftlog.Appended) {
	tag := m.Tag.(*appendTag)
	if tag.installed != nil {
		r.installDone(tag.installed)
	}
	if len(tag.entries) > 0 {
		r.appending--
		r.blocked = 0
	}
	r.storage.appended(tag.entries)
	r.sendAll(tag.responses)
}

func (r *replica) sendAll(msgs []*raftpb.Message) {
	for _, m := range msgs {
		if m.GetTo() == r.cfg.Replica {
			r.step(m)
		} else {
			r.send(m)
		}
	}
}

// patientBytes is how many bytes of entries may be with the applier for its acknowledgement to wait: with maxApplying of
// them raft hands over no more until it has one.
const patientBytes = maxApplying / 2

// hand gives committed entries to the applier, each with the batches that wait for it, and makes
// configuration changes effective.
func (r *replica) hand(m *raftpb.Message) {
	out := &apply{entries: m.GetEntries(), responses: m.GetResponses(), tick: r.tick, handed: time.Now()}
	if r.role == raft.StateLeader {
		out.leads = r.term()
	}
	for _, e := range out.entries {
		out.bytes += len(e.GetData())
		if e.GetType() != raftpb.EntryNormal {
			out.changes = append(out.changes, memberChange{e.GetIndex(), r.applyChange(e)})
		}
		done, lost := r.fates.resolve(e.GetIndex(), e.GetTerm())
		if done.index != 0 {
			r.gauges.CommitTime.Observe(out.handed.Sub(done.began))
		}
		if done.batches != nil {
			out.carried = append(out.carried, carried{e.GetIndex(), done.batches})
		}
		r.redirect(lost)
		r.handed = e.GetIndex()
		if r.handed <= r.snaps.found {
			r.snaps.grew(len(e.GetData()))
		}
		if !r.ownTerm && r.role == raft.StateLeader && e.GetTerm() == r.term() {
			r.ownTerm = true
			r.announce()
		}
	}
	r.observeStamp(out.entries)
	r.applying += out.bytes
	out.canWait = r.handed == r.hard.GetCommit() && r.applying < patientBytes && len(out.changes) == 0 && r.campaign == 0
	r.toApplier(out)
}

// observeStamp keeps the leader's clock at or ahead of what is committed.
func (r *replica) observeStamp(entries []*raftpb.Entry) {
	for i := len(entries) - 1; i >= 0; i-- {
		if e := entries[i]; e.GetType() == raftpb.EntryNormal && len(e.GetData()) > 0 {
			if h, _, err := DecodeHeader(e.GetData()); err == nil {
				r.time.Observe(h.Stamp, r.cfg.Clock().Mono)
			}
			return
		}
	}
}

func (r *replica) applyChange(e *raftpb.Entry) Membership {
	if plant.EarlyMembership.On() && e.GetIndex() <= r.members.Index {
		return r.members
	}
	var cc raftpb.ConfChangeV2
	if e.GetType() != raftpb.EntryConfChangeV2 || proto.Unmarshal(e.GetData(), &cc) != nil {
		panic(fmt.Sprintf("replica: entry %d is no configuration change of ours", e.GetIndex()))
	}
	added, err := decodeAdded(cc.GetContext())
	if err != nil {
		panic(fmt.Sprintf("replica: entry %d: %v", e.GetIndex(), err))
	}
	conf := r.node.ApplyConfChange(&cc)
	r.members, r.changedTerm = r.members.apply(e.GetIndex(), conf, added), e.GetTerm()
	r.membersChanged()
	return r.members
}

// appliedThrough takes the applier's acknowledgement.
func (r *replica) appliedThrough(m *applied) {
	r.applying -= m.bytes
	r.applied = max(r.applied, m.index) // a snapshot may have been installed meanwhile
	r.nextExpiry, r.waiting = m.nextExpiry, m.waiting
	if len(m.lost) > 0 {
		r.unblock(&Unblock{IDs: m.lost})
	}
	for _, resp := range m.responses {
		r.step(resp)
	}
}

func (r *replica) roleChanged(s *raft.SoftState) {
	led, was := r.role == raft.StateLeader, r.leader
	r.role, r.leader = s.RaftState, s.Lead
	if r.leader != 0 {
		r.campaign, r.lost = 0, slotmap.NodeID{}
	}
	if led && r.role != raft.StateLeader {
		r.ownTerm = false
		clear(r.held)
		r.endLease()
		r.endBlocked()
	}
	if !led && r.role == raft.StateLeader {
		r.ownTerm, r.deposedAt = false, 0
		r.gauges.Elections.Add(1)
		r.cfg.Logger.Info("leads", "shard", r.cfg.Shard, "replica", r.cfg.Replica)
	}
	if r.leader != was {
		if r.leader != 0 || led {
			r.heard = r.tick
		}
		r.leaderChanged()
	}
}
