package raftlog

import (
	"sync/atomic"
	"time"
)

// SyncBounds are the upper bounds of Stats.SyncCounts; the last count is of those above all of them.
var SyncBounds = [...]time.Duration{
	100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond, time.Millisecond, 2500 * time.Microsecond,
	5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond,
	250 * time.Millisecond, 500 * time.Millisecond, time.Second, 5 * time.Second,
}

// Stats counts since Open.
type Stats struct {
	Commits    uint64 // batches written
	Syncs      uint64 // of them with an fsync
	Messages   uint64
	Entries    uint64
	Bytes      uint64 // of batches, before Pebble
	SyncTime   time.Duration
	SyncCounts [len(SyncBounds) + 1]uint64
}

// EntriesPerSync is how many entries one fsync makes durable.
func (s Stats) EntriesPerSync() float64 {
	if s.Syncs == 0 {
		return 0
	}
	return float64(s.Entries) / float64(s.Syncs)
}

type counters struct {
	commits, syncs, messages, entries, bytes, syncNanos atomic.Uint64
	buckets                                             [len(SyncBounds) + 1]atomic.Uint64
}

func (c *counters) synced(d time.Duration) {
	c.syncs.Add(1)
	c.syncNanos.Add(uint64(d))
	i := 0
	for i < len(SyncBounds) && d > SyncBounds[i] {
		i++
	}
	c.buckets[i].Add(1)
}

// Stats returns the counters. Any goroutine.
func (l *Log) Stats() Stats {
	c := &l.counters
	s := Stats{
		Commits: c.commits.Load(), Syncs: c.syncs.Load(), Messages: c.messages.Load(),
		Entries: c.entries.Load(), Bytes: c.bytes.Load(), SyncTime: time.Duration(c.syncNanos.Load()),
	}
	for i := range s.SyncCounts {
		s.SyncCounts[i] = c.buckets[i].Load()
	}
	return s
}
