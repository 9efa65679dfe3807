package wire

import (
	"math"

	"github.com/troupedb/troupe/wire/pack"
	"go.etcd.io/raft/v3/raftpb"
)

// A raft message is an array of its fields, unset ones nil, so that what comes
// out is set exactly where what went in was:
//
//	[type, to, from, term, logTerm, index, commit, vote, reject, rejectHint,
//	 context, [entries, flat: type, term, index, data], snapshot]
//	snapshot  = nil | [data, metadata]
//	metadata  = nil | [index, term, confState]
//	confState = nil | [[voters], [learners], [outgoing], [next], autoLeave]
const (
	raftWidth      = 13
	entryWidth     = 4
	snapshotWidth  = 2
	metadataWidth  = 3
	confStateWidth = 5
)

func appendRaftMessage(dst []byte, m *raftpb.Message) []byte {
	dst = pack.AppendArray(dst, raftWidth)
	dst = appendEnum(dst, m.Type)
	for _, p := range [...]*uint64{m.To, m.From, m.Term, m.LogTerm, m.Index, m.Commit, m.Vote} {
		dst = appendOptional(dst, p)
	}
	dst = appendOptionalBool(dst, m.Reject)
	dst = appendOptional(dst, m.RejectHint)
	dst = appendOptionalBytes(dst, m.Context)
	dst = appendEntries(dst, m.Entries)
	return appendRaftSnapshot(dst, m.Snapshot)
}

func appendEntries(dst []byte, entries []*raftpb.Entry) []byte {
	dst = pack.AppendArray(dst, len(entries)*entryWidth)
	for _, e := range entries {
		dst = appendEnum(dst, e.Type)
		dst = appendOptional(dst, e.Term)
		dst = appendOptional(dst, e.Index)
		dst = appendOptionalBytes(dst, e.Data)
	}
	return dst
}

func appendRaftSnapshot(dst []byte, s *raftpb.Snapshot) []byte {
	if s == nil {
		return pack.AppendNil(dst)
	}
	dst = pack.AppendArray(dst, snapshotWidth)
	dst = appendOptionalBytes(dst, s.Data)
	if s.Metadata == nil {
		return pack.AppendNil(dst)
	}
	dst = pack.AppendArray(dst, metadataWidth)
	dst = appendOptional(dst, s.Metadata.Index)
	dst = appendOptional(dst, s.Metadata.Term)
	return appendConfState(dst, s.Metadata.ConfState)
}

func appendConfState(dst []byte, cs *raftpb.ConfState) []byte {
	if cs == nil {
		return pack.AppendNil(dst)
	}
	dst = pack.AppendArray(dst, confStateWidth)
	for _, ids := range [...][]uint64{cs.Voters, cs.Learners, cs.VotersOutgoing, cs.LearnersNext} {
		dst = pack.AppendArray(dst, len(ids))
		for _, id := range ids {
			dst = pack.AppendUint(dst, id)
		}
	}
	return appendOptionalBool(dst, cs.AutoLeave)
}

func appendEnum[E ~int32](dst []byte, p *E) []byte {
	if p == nil {
		return pack.AppendNil(dst)
	}
	return pack.AppendInt(dst, int64(*p))
}

func appendOptional(dst []byte, p *uint64) []byte {
	if p == nil {
		return pack.AppendNil(dst)
	}
	return pack.AppendUint(dst, *p)
}

func appendOptionalBool(dst []byte, p *bool) []byte {
	if p == nil {
		return pack.AppendNil(dst)
	}
	return pack.AppendBool(dst, *p)
}

func appendOptionalBytes(dst, b []byte) []byte {
	if b == nil {
		return pack.AppendNil(dst)
	}
	return pack.AppendBytes(dst, b)
}

// raftSlab is a message and all that its pointers point to, in one allocation.
type raftSlab struct {
	raft    Raft
	message raftpb.Message
	kind    raftpb.MessageType
	numbers [8]uint64
	reject  bool
}

// entrySlab is the same for an entry.
type entrySlab struct {
	entry       raftpb.Entry
	kind        raftpb.EntryType
	term, index uint64
}

// readRaftMessage reads a message into s. It makes r own its bytes before it
// reads any, unless the message has none.
func readRaftMessage(r *pack.Reader, s *raftSlab) *raftpb.Message {
	fields(r, raftWidth)
	m := &s.message
	m.Type = readEnum(r, &s.kind)
	for i, p := range [...]**uint64{&m.To, &m.From, &m.Term, &m.LogTerm, &m.Index, &m.Commit, &m.Vote} {
		*p = readOptional(r, &s.numbers[i])
	}
	m.Reject = readOptionalBool(r, &s.reject)
	m.RejectHint = readOptional(r, &s.numbers[7])
	if r.Len() > len("\xc0\x90\xc0") { // no context, no entries, no snapshot
		r.Own()
	}
	m.Context = readOptionalBytes(r)
	m.Entries = readEntries(r)
	m.Snapshot = readRaftSnapshot(r)
	return m
}

// readEntries allocates as entries are decoded, slabSize of them at a time.
func readEntries(r *pack.Reader) []*raftpb.Entry {
	const slabSize = 1024
	n := flatLen(r, MaxEntries, entryWidth)
	if n == 0 {
		return nil
	}
	entries := make([]*raftpb.Entry, 0, min(n, slabSize))
	for len(entries) < n && r.Err() == nil {
		slab := make([]entrySlab, min(n-len(entries), slabSize))
		for i := range slab {
			entries = append(entries, readEntry(r, &slab[i]))
		}
	}
	return entries
}

func readEntry(r *pack.Reader, s *entrySlab) *raftpb.Entry {
	e := &s.entry
	e.Type = readEnum(r, &s.kind)
	e.Term = readOptional(r, &s.term)
	e.Index = readOptional(r, &s.index)
	e.Data = readOptionalBytes(r)
	return e
}

func readRaftSnapshot(r *pack.Reader) *raftpb.Snapshot {
	if r.Nil() {
		return nil
	}
	fields(r, snapshotWidth)
	s := &raftpb.Snapshot{Data: readOptionalBytes(r)}
	if r.Nil() {
		return s
	}
	fields(r, metadataWidth)
	s.Metadata = &raftpb.SnapshotMetadata{
		Index:     readOptional(r, new(uint64)),
		Term:      readOptional(r, new(uint64)),
		ConfState: readConfState(r),
	}
	return s
}

func readConfState(r *pack.Reader) *raftpb.ConfState {
	if r.Nil() {
		return nil
	}
	fields(r, confStateWidth)
	cs := new(raftpb.ConfState)
	for _, ids := range [...]*[]uint64{&cs.Voters, &cs.Learners, &cs.VotersOutgoing, &cs.LearnersNext} {
		*ids = readReplicas(r)
	}
	cs.AutoLeave = readOptionalBool(r, new(bool))
	return cs
}

func readReplicas(r *pack.Reader) []uint64 {
	n := r.ArrayLen(MaxReplica)
	if n == 0 {
		return nil
	}
	ids := make([]uint64, n)
	for i := range ids {
		ids[i] = r.Uint()
	}
	return ids
}

func readEnum[E ~int32](r *pack.Reader, to *E) *E {
	if r.Nil() {
		return nil
	}
	*to = E(r.UintMax(math.MaxInt32))
	return to
}

func readOptional(r *pack.Reader, to *uint64) *uint64 {
	if r.Nil() {
		return nil
	}
	*to = r.Uint()
	return to
}

func readOptionalBool(r *pack.Reader, to *bool) *bool {
	if r.Nil() {
		return nil
	}
	*to = r.Bool()
	return to
}

func readOptionalBytes(r *pack.Reader) []byte {
	if r.Nil() {
		return nil
	}
	return r.Bytes(r.Len())
}

// flatLen reads the head of a flat array of up to max items of width values.
func flatLen(r *pack.Reader, max, width int) int {
	n := r.ArrayLen(max * width)
	if n%width != 0 {
		invalid(r, "%d values, not a multiple of %d", n, width)
		return 0
	}
	return n / width
}
