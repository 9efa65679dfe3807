package raftlog

import (
	"errors"
	"fmt"
	"math"

	"github.com/troupedb/troupe/slotmap"
)

// readRecords reads the record of every shard.
func readRecords(db Reader) (map[slotmap.ShardID]*record, error) {
	records := map[slotmap.ShardID]*record{}
	err := db.Scan([]byte{prefixShard}, []byte{prefixShard + 1}, func(key, value []byte) (bool, error) {
		shard, kind, ok := parseShardKey(key)
		switch {
		case !ok || kind != kindRecord && records[shard] == nil:
			return false, corrupt("key %q where a shard's record belongs", key)
		case kind != kindRecord:
			return true, nil
		}
		r, err := decodeRecord(value)
		if err != nil {
			return false, corrupt("shard %d: %w", shard, err)
		}
		records[shard] = &r
		return true, nil
	})
	return records, err
}

// Shards lists the shards that have a replica here. Any goroutine.
func (l *Log) Shards() []slotmap.ShardID {
	records, err := readRecords(l.db)
	if err != nil {
		l.fail(l.where(err))
		return nil
	}
	var ids []slotmap.ShardID
	for id, r := range records {
		if r.replica != 0 {
			ids = append(ids, id)
		}
	}
	sortIDs(ids)
	return ids
}

// Load reads and checks everything that is durable of a shard; of an unknown one the zero State. It reads all
// keys of the shard's entries. The error is ErrCorrupt when they don't fit together. Any goroutine.
func (l *Log) Load(shard slotmap.ShardID) (State, error) {
	view := l.db.View(uint32(shard), recordKey(shard), snapshotKey(shard))
	st, err := load(view, shard)
	if err := errors.Join(l.where(storeError(err)), view.Close()); err != nil {
		return State{}, err
	}
	return st, nil
}

func load(db Reader, shard slotmap.ShardID) (State, error) {
	r, err := readRecord(db, shard)
	if err != nil {
		return State{}, err
	}
	st := State{
		Replica: r.replica, Hard: r.hard(), Truncated: r.truncated, Tombstone: r.tombstone,
		First: r.truncated.Index + 1, Last: r.last,
	}
	if st.Snapshot, err = readSnapshot(db, shard); err != nil {
		return State{}, err
	}
	if err := r.check(&st.Snapshot); err != nil {
		return State{}, corrupt("shard %d: %w", shard, err)
	}
	if err := checkEntries(db, shard, &r); err != nil {
		return State{}, err
	}
	if r.replica == 0 {
		return State{Tombstone: r.tombstone}, nil
	}
	return st, nil
}

func readRecord(db Reader, shard slotmap.ShardID) (r record, err error) {
	err = get(db, recordKey(shard), func(b []byte) error {
		r, err = decodeRecord(b)
		return err
	})
	return r, err
}

func readSnapshot(db Reader, shard slotmap.ShardID) (s SnapshotRef, err error) {
	err = get(db, snapshotKey(shard), func(b []byte) error {
		s, err = decodeSnapshot(b)
		return err
	})
	return s, err
}

// get hands over the value of a key if there is one. What use can't make sense of is corrupt.
func get(db Reader, key []byte, use func([]byte) error) error {
	return db.Get(key, func(b []byte) error {
		if err := use(b); err != nil {
			return corrupt("key %q: %w", key, err)
		}
		return nil
	})
}

// check holds the record against its invariants and the snapshot, which is zero if there is none.
func (r *record) check(s *SnapshotRef) error {
	switch {
	case r.snapshot != Position{s.Index, s.Term}:
		return fmt.Errorf("snapshot is at %d of term %d, the record names %d of term %d",
			s.Index, s.Term, r.snapshot.Index, r.snapshot.Term)
	case r.replica == 0 && (s.Index != 0 || r.last != 0 || r.truncated.Index != 0 || r.hasHard):
		return errors.New("there is data, and no replica")
	case r.replica != 0 && r.replica <= r.tombstone:
		return fmt.Errorf("replica %d was removed (tombstone %d)", r.replica, r.tombstone)
	case r.truncated.Index > r.snapshot.Index:
		return fmt.Errorf("gap between the snapshot at %d and the first entry %d", r.snapshot.Index, r.truncated.Index+1)
	case r.last < r.snapshot.Index:
		return fmt.Errorf("log ends at %d, before the snapshot at %d", r.last, r.snapshot.Index)
	case r.hasHard && (r.commit > r.last || r.commit < r.truncated.Index):
		return fmt.Errorf("commit index %d, and the log has %d to %d", r.commit, r.truncated.Index+1, r.last)
	}
	return nil
}

// checkEntries walks over all entries of a shard: they must be those that the record names, in terms that don't
// fall.
func checkEntries(db Reader, shard slotmap.ShardID, r *record) error {
	prev := r.truncated
	err := db.Entries(uint32(shard), 0, math.MaxUint64, func(index uint64, value []byte) (more bool, err error) {
		prev, err = checkEntry(shard, index, value, prev)
		return true, err
	})
	switch {
	case err != nil:
		return err
	case prev.Index != r.last:
		return corrupt("shard %d: entries end at %d, the log at %d", shard, prev.Index, r.last)
	case r.hasHard && prev.Term > r.term:
		return corrupt("shard %d: entry %d is of term %d, the hard state of term %d", shard, prev.Index, prev.Term, r.term)
	}
	return nil
}

func checkEntry(shard slotmap.ShardID, index uint64, value []byte, prev Position) (Position, error) {
	_, term, _, err := parseEntry(value)
	switch {
	case err != nil:
		return prev, corrupt("shard %d, entry %d: %w", shard, index, err)
	case index != prev.Index+1:
		return prev, corrupt("shard %d: entry %d follows %d", shard, index, prev.Index)
	case term < prev.Term:
		return prev, corrupt("shard %d: entry %d of term %d follows term %d", shard, index, term, prev.Term)
	}
	return Position{index, term}, nil
}
