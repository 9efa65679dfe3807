package raftlog

import (
	"sync/atomic"
	"time"

	"github.com/troupedb/troupe/actors/timing"
)

// Stats counts since Open.
type Stats struct {
	Commits  uint64 // batches written
	Syncs    uint64 // of them with an fsync
	Messages uint64
	Entries  uint64
	Bytes    uint64 // of batches
	Async    uint64 // writes that the kernel made while no thread waited
	SyncTime timing.Counts
}

// EntriesPerSync is how many entries one fsync makes durable.
func (s Stats) EntriesPerSync() float64 {
	if s.Syncs == 0 {
		return 0
	}
	return float64(s.Entries) / float64(s.Syncs)
}

type counters struct {
	commits, syncs, messages, entries, bytes, async atomic.Uint64
	syncTime                                        timing.Histogram
}

func (c *counters) synced(d time.Duration) {
	c.syncs.Add(1)
	c.syncTime.Observe(d)
}

// Stats returns the counters. Any goroutine.
func (l *Log) Stats() Stats {
	c := &l.counters
	return Stats{
		Commits: c.commits.Load(), Syncs: c.syncs.Load(), Messages: c.messages.Load(),
		Entries: c.entries.Load(), Bytes: c.bytes.Load(), SyncTime: c.syncTime.Counts(),
		Async: c.async.Load(),
	}
}
