package wire

import (
	"slices"

	"github.com/troupedb/troupe/wire/pack"
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
)

// crossing holds the types that one replica sends to another. The rest are for
// local use, and the raft library obeys some of them whoever sends them.
// Proposals are not forwarded between nodes as raft messages.
var crossing = [...]bool{
	raftpb.MsgApp:            true,
	raftpb.MsgAppResp:        true,
	raftpb.MsgVote:           true,
	raftpb.MsgVoteResp:       true,
	raftpb.MsgSnap:           true,
	raftpb.MsgHeartbeat:      true,
	raftpb.MsgHeartbeatResp:  true,
	raftpb.MsgTransferLeader: true,
	raftpb.MsgTimeoutNow:     true,
	raftpb.MsgReadIndex:      true,
	raftpb.MsgReadIndexResp:  true,
	raftpb.MsgPreVote:        true,
	raftpb.MsgPreVoteResp:    true,
}

// checkRaft fails r unless m is a message that another replica can have sent.
func checkRaft(r *pack.Reader, m *raftpb.Message) {
	if r.Err() != nil {
		return
	}
	kind := m.GetType()
	if int(kind) >= len(crossing) || !crossing[kind] {
		invalid(r, "raft message of type %d from another node", kind)
		return
	}
	if !isReplica(m.GetTo()) || !isReplica(m.GetFrom()) {
		invalid(r, "%s from %x to %x", kind, m.GetFrom(), m.GetTo())
	}
	// Term 0 marks a local message, which bypasses every comparison of terms;
	// a forwarded ReadIndex is treated as one.
	if m.GetTerm() == 0 && kind != raftpb.MsgReadIndex {
		invalid(r, "%s without term", kind)
	}
	checkEntries(r, m)
	checkSnapshot(r, m)
}

// isReplica tells whether id is that of a replica and not one of those that
// stand for none and for the local storage.
func isReplica(id uint64) bool {
	return id != raft.None && id != raft.LocalAppendThread && id != raft.LocalApplyThread
}

func checkEntries(r *pack.Reader, m *raftpb.Message) {
	for _, e := range m.GetEntries() {
		if e.GetType() > raftpb.EntryConfChangeV2 {
			invalid(r, "entry of type %d", e.GetType())
		}
	}
	switch kind := m.GetType(); kind {
	case raftpb.MsgApp:
		checkSequence(r, m)
	case raftpb.MsgReadIndex, raftpb.MsgReadIndexResp: // the entry holds the request's context
		if len(m.GetEntries()) != 1 {
			invalid(r, "%s with %d entries", kind, len(m.GetEntries()))
		}
	default:
		if len(m.GetEntries()) != 0 {
			invalid(r, "%s with %d entries", kind, len(m.GetEntries()))
		}
	}
}

// checkSequence checks that the entries follow (LogTerm, Index) and each other,
// and that none is of a later term than the message.
func checkSequence(r *pack.Reader, m *raftpb.Message) {
	term, index := m.GetLogTerm(), m.GetIndex()
	for _, e := range m.GetEntries() {
		if e.GetIndex() != index+1 || e.GetIndex() == 0 || e.GetTerm() < term || e.GetTerm() == 0 {
			invalid(r, "entry %d of term %d after entry %d of term %d", e.GetIndex(), e.GetTerm(), index, term)
			return
		}
		term, index = e.GetTerm(), e.GetIndex()
	}
	if term > m.GetTerm() {
		invalid(r, "entry %d of term %d in a message of term %d", index, term, m.GetTerm())
	}
}

func checkSnapshot(r *pack.Reader, m *raftpb.Message) {
	if m.GetType() != raftpb.MsgSnap {
		if m.GetSnapshot() != nil {
			invalid(r, "%s with a snapshot", m.GetType())
		}
		return
	}
	meta := m.GetSnapshot().GetMetadata()
	if meta.GetIndex() == 0 || meta.GetTerm() == 0 || meta.GetTerm() > m.GetTerm() {
		invalid(r, "snapshot at index %d of term %d in a message of term %d", meta.GetIndex(), meta.GetTerm(), m.GetTerm())
	}
	if !restorable(meta.GetConfState()) {
		invalid(r, "configuration %v", meta.GetConfState())
	}
}

// checkSnapshotHeader checks the message as one of its own, and that the header
// agrees with it.
func checkSnapshotHeader(r *pack.Reader, m *Snapshot) {
	checkRaft(r, m.Message)
	if r.Err() != nil {
		return
	}
	if k := m.Message.GetType(); k != raftpb.MsgSnap || m.From != m.Message.GetFrom() || m.To != m.Message.GetTo() || m.Size < 0 {
		invalid(r, "file of %d bytes from %x to %x with a %s from %x to %x", m.Size, m.From, m.To, k, m.Message.GetFrom(), m.Message.GetTo())
	}
}

// restorable tells whether the raft library can adopt a configuration; it
// panics on one that it cannot reproduce.
func restorable(cs *raftpb.ConfState) bool {
	voters, learners, outgoing, next := cs.GetVoters(), cs.GetLearners(), cs.GetVotersOutgoing(), cs.GetLearnersNext()
	for _, ids := range [...][]uint64{voters, learners, outgoing, next} {
		if !distinctReplicas(ids) {
			return false
		}
	}
	joint := len(outgoing) > 0
	return len(voters) > 0 && (joint || !cs.GetAutoLeave()) &&
		disjoint(learners, voters) && disjoint(learners, outgoing) &&
		disjoint(next, voters) && contains(outgoing, next)
}

func distinctReplicas(ids []uint64) bool {
	for i, id := range ids {
		if !isReplica(id) || slices.Contains(ids[:i], id) {
			return false
		}
	}
	return true
}

func disjoint(a, b []uint64) bool {
	return !slices.ContainsFunc(a, func(id uint64) bool { return slices.Contains(b, id) })
}

func contains(all, some []uint64) bool {
	return !slices.ContainsFunc(some, func(id uint64) bool { return !slices.Contains(all, id) })
}
