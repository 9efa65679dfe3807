package raftlog

import (
	"github.com/troupedb/troupe/actors/raftlog/segment"
	"github.com/troupedb/troupe/slotmap"
)

// loseTail forgets the two newest entries of every shard. It is a planted bug.
func (l *Log) loseTail(records map[slotmap.ShardID]*record) error {
	var batch segment.Batch
	for shard, r := range records {
		if r.replica == 0 || r.last < r.truncated.Index+2 || r.last < r.snapshot.Index+2 {
			continue
		}
		batch.Cut(uint32(shard), r.last-1, r.last)
		r.last -= 2
		r.commit = min(r.commit, r.last)
		batch.Set(recordKey(shard), r.append(nil))
	}
	return l.db.Commit(&batch, true)
}
