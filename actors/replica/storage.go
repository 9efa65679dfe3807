package replica

import (
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/actors/raftlog"
	"github.com/troupedb/troupe/slotmap"
)

// LogReader is what a replica reads of the node's durable log. *raftlog.Log is one.
type LogReader interface {
	Entries(shard slotmap.ShardID, lo, hi, maxBytes uint64) ([]*raftpb.Entry, error)
	Term(shard slotmap.ShardID, index uint64) (uint64, error)
	Back(shard slotmap.ShardID, lo, last uint64, bytes int64) uint64
}

// storage is raft's view of the durable log of one replica. It belongs to the replica actor: what the
// raftlog actor has acknowledged is made visible here before raft is told. The newest entries are kept
// in memory up to a byte bound, older ones are read from the log.
type storage struct {
	shard slotmap.ShardID
	log   LogReader

	hard     *raftpb.HardState
	snap     raftlog.SnapshotRef
	snapFrom uint64 // a snapshot older than this misses the newest configuration, or is damaged, and is not sent
	wanted   bool   // raft asked for a snapshot that was not to be had
	truncIdx uint64 // index before the first entry that is present
	truncTrm uint64
	last     uint64

	cache      []*raftpb.Entry // contiguous, ends at last
	cacheBytes int
	cacheMax   func() int
}

func newStorage(shard slotmap.ShardID, log LogReader, st raftlog.State, cacheMax func() int) *storage {
	s := &storage{shard: shard, log: log, hard: st.Hard, snap: st.Snapshot, last: st.Last, cacheMax: cacheMax}
	s.truncIdx, s.truncTrm = st.Truncated.Index, st.Truncated.Term
	if s.truncIdx == 0 {
		s.truncIdx, s.truncTrm = st.Snapshot.Index, st.Snapshot.Term
	}
	s.last = max(s.last, s.truncIdx)
	return s
}

// InitialState implements raft.Storage. The configuration is that of the snapshot: the entries after
// it are replayed, and with them their changes.
func (s *storage) InitialState() (*raftpb.HardState, *raftpb.ConfState, error) {
	conf := s.snap.ConfState
	if conf == nil {
		conf = &raftpb.ConfState{}
	}
	return s.hard, conf, nil
}

// FirstIndex implements raft.Storage.
func (s *storage) FirstIndex() (uint64, error) { return s.truncIdx + 1, nil }

// LastIndex implements raft.Storage.
func (s *storage) LastIndex() (uint64, error) { return s.last, nil }

// Term implements raft.Storage.
func (s *storage) Term(i uint64) (uint64, error) {
	switch {
	case i == s.truncIdx:
		return s.truncTrm, nil
	case i < s.truncIdx:
		return 0, raft.ErrCompacted
	case i > s.last:
		return 0, raft.ErrUnavailable
	case i == s.snap.Index:
		return s.snap.Term, nil
	}
	if first := s.cacheFirst(); i >= first {
		return s.cache[i-first].GetTerm(), nil
	}
	return s.log.Term(s.shard, i)
}

// Entries implements raft.Storage. It may return fewer entries than asked for: where the cache begins, and if
// they would be much to read at once.
func (s *storage) Entries(lo, hi, maxSize uint64) ([]*raftpb.Entry, error) {
	if lo <= s.truncIdx {
		return nil, raft.ErrCompacted
	}
	if hi > s.last+1 {
		return nil, raft.ErrUnavailable
	}
	first := s.cacheFirst()
	if lo >= first {
		return limit(s.cache[lo-first:hi-first:hi-first], maxSize), nil
	}
	return s.log.Entries(s.shard, lo, min(hi, first), min(maxSize, maxRead))
}

// Snapshot implements raft.Storage: metadata only, the file is streamed beside it. A replica refuses a
// snapshot whose configuration does not know it, so one older than the newest configuration is not
// given out.
func (s *storage) Snapshot() (*raftpb.Snapshot, error) {
	if s.snap.File == "" || s.snap.Index < s.snapFrom {
		s.wanted = true
		return nil, raft.ErrSnapshotTemporarilyUnavailable
	}
	return &raftpb.Snapshot{Metadata: &raftpb.SnapshotMetadata{
		ConfState: s.snap.ConfState, Index: new(s.snap.Index), Term: new(s.snap.Term),
	}}, nil
}

// giveUpSnapshot asks for a snapshot in place of the newest one, which is not to be sent.
func (s *storage) giveUpSnapshot() { s.snapFrom, s.wanted = max(s.snapFrom, s.snap.Index+1), true }

func (s *storage) cacheFirst() uint64 { return s.last + 1 - uint64(len(s.cache)) }

// appended makes entries visible that the log has on disk; they replace any from their index on.
func (s *storage) appended(entries []*raftpb.Entry) {
	if len(entries) == 0 {
		return
	}
	lo := entries[0].GetIndex()
	if lo <= s.last {
		s.dropSuffix(lo)
	}
	s.cache = append(s.cache, entries...)
	for _, e := range entries {
		s.cacheBytes += len(e.GetData())
	}
	s.last = entries[len(entries)-1].GetIndex()
	s.shrink()
}

// dropSuffix removes the entries from lo on. The array is left alone: raft and messages on their way
// still share it.
func (s *storage) dropSuffix(lo uint64) {
	first := s.cacheFirst()
	keep := 0
	if lo > first {
		keep = int(lo - first)
	}
	s.cache = append([]*raftpb.Entry(nil), s.cache[:keep]...)
	s.cacheBytes = 0
	for _, e := range s.cache {
		s.cacheBytes += len(e.GetData())
	}
	s.last = lo - 1
}

// shrink keeps the cache within its bounds of bytes and entries. It drops down to half a bound at a time,
// so that the copy is paid for by many appends.
func (s *storage) shrink() {
	most := s.cacheMax()
	if s.cacheBytes <= most && len(s.cache) <= maxCachedEntries {
		return
	}
	drop, bytes := 0, s.cacheBytes
	for drop < len(s.cache)-1 && (bytes > most/2 || len(s.cache)-drop > maxCachedEntries/2) {
		bytes -= len(s.cache[drop].GetData())
		drop++
	}
	s.dropPrefix(drop)
}

// maxCachedEntries bounds the number of cached entries, whatever their size.
const maxCachedEntries = 8192

func (s *storage) dropPrefix(n int) {
	for _, e := range s.cache[:n] {
		s.cacheBytes -= len(e.GetData())
	}
	rest := make([]*raftpb.Entry, len(s.cache)-n, max(2*(len(s.cache)-n), 64))
	copy(rest, s.cache[n:])
	s.cache = rest
}

// installed makes a received snapshot visible: it replaces the whole log.
func (s *storage) installed(ref raftlog.SnapshotRef) {
	s.snap = ref
	s.truncIdx, s.truncTrm, s.last = ref.Index, ref.Term, ref.Index
	s.cache, s.cacheBytes = nil, 0
}

// compacted makes a local snapshot visible, and the removal of the entries through the given one.
func (s *storage) compacted(ref raftlog.SnapshotRef, through, term uint64) {
	s.snap, s.wanted = ref, false
	if through <= s.truncIdx {
		return
	}
	if first := s.cacheFirst(); through >= first && len(s.cache) > 0 {
		s.dropPrefix(int(through - first + 1))
	}
	s.truncIdx, s.truncTrm = through, term
}

// limit cuts entries at maxSize bytes, but leaves at least one.
func limit(entries []*raftpb.Entry, maxSize uint64) []*raftpb.Entry {
	var size uint64
	for i, e := range entries {
		size += uint64(len(e.GetData())) + 16
		if size > maxSize && i > 0 {
			return entries[:i:i]
		}
	}
	return entries
}
