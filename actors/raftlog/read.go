package raftlog

import (
	"slices"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/slotmap"
)

// entryOverhead is counted for each entry beside its data.
const entryOverhead = 16

// Entries returns the entries [lo, hi) in order, at least one and no more than maxBytes of them. The error is
// raft.ErrCompacted when lo was dropped, raft.ErrUnavailable when the log ends before lo, else ErrCorrupt or
// that of the disk. Any goroutine; the entries are the caller's.
func (l *Log) Entries(shard slotmap.ShardID, lo, hi, maxBytes uint64) ([]*raftpb.Entry, error) {
	if lo >= hi {
		return nil, nil
	}
	c := gathering{lo: lo, maxBytes: maxBytes}
	if err := l.db.Entries(uint32(shard), lo, hi, c.add); err != nil {
		return nil, l.where(storeError(err))
	}
	if len(c.entries) == 0 {
		return nil, l.where(l.missing(shard, lo))
	}
	return c.entries, nil
}

// gathering collects consecutive entries from lo on, at least one and no more than maxBytes.
type gathering struct {
	lo, maxBytes uint64

	entries []*raftpb.Entry
	slab    slab
	size    uint64
}

func (c *gathering) add(index uint64, value []byte) (more bool, err error) {
	if index != c.lo+uint64(len(c.entries)) {
		return false, nil
	}
	if c.size += uint64(len(value)) + entryOverhead; c.size > c.maxBytes && len(c.entries) > 0 {
		return false, nil
	}
	e, err := c.slab.entry(index, value)
	if err != nil {
		return false, corrupt("entry %d: %w", index, err)
	}
	c.entries = append(c.entries, e)
	return true, nil
}

// missing says why there is no entry at index.
func (l *Log) missing(shard slotmap.ShardID, index uint64) error {
	r, err := readRecord(l.db, shard)
	switch {
	case err != nil:
		return err
	case index <= r.truncated.Index:
		return raft.ErrCompacted
	case index > r.last:
		return raft.ErrUnavailable
	}
	return corrupt("shard %d: entry %d is missing, the log has %d to %d", shard, index, r.truncated.Index+1, r.last)
}

// Term returns the term of an entry, or of the last one that was dropped, or of the snapshot. The error is as
// for Entries. Any goroutine.
func (l *Log) Term(shard slotmap.ShardID, index uint64) (uint64, error) {
	var term uint64
	err := l.db.Entries(uint32(shard), index, index+1, func(_ uint64, b []byte) (_ bool, err error) {
		if _, term, _, err = parseEntry(b); err != nil {
			err = corrupt("entry %d: %w", index, err)
		}
		return false, err
	})
	if err != nil || term != 0 {
		return term, l.where(storeError(err))
	}
	r, err := readRecord(l.db, shard)
	switch {
	case err != nil:
		return 0, l.where(err)
	case index == r.truncated.Index:
		return r.truncated.Term, nil
	case index == r.snapshot.Index:
		return r.snapshot.Term, nil
	}
	return 0, l.where(l.missing(shard, index))
}

// Back returns the index of the entry before as many of the last ones in (lo, last] as have so many bytes together; lo if
// all of them have fewer. It waits for no disk. Any goroutine.
func (l *Log) Back(shard slotmap.ShardID, lo, last uint64, bytes int64) uint64 {
	back := lo
	l.db.Sizes(uint32(shard), lo+1, last+1, func(index uint64, size int) bool {
		if bytes -= int64(size); bytes <= 0 {
			back = index - 1
		}
		return bytes > 0
	})
	return back
}

func sortIDs(ids []slotmap.ShardID) { slices.Sort(ids) }
