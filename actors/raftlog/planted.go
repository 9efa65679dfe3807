package raftlog

import "github.com/troupedb/troupe/slotmap"

// loseTail forgets the two newest entries of every shard. It is a planted bug.
func (l *Log) loseTail(records map[slotmap.ShardID]*record) error {
	batch := l.db.NewBatch()
	for shard, r := range records {
		if r.replica == 0 || r.last < r.truncated.Index+2 || r.last < r.snapshot.Index+2 {
			continue
		}
		if err := batch.DeleteRange(entryKey(shard, r.last-1), entryKey(shard, r.last+1), nil); err != nil {
			return err
		}
		r.last -= 2
		r.commit = min(r.commit, r.last)
		if err := batch.Set(recordKey(shard), r.append(nil), nil); err != nil {
			return err
		}
	}
	return l.db.Commit(batch, true)
}
