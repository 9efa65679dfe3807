package raftlog

import (
	"time"

	"github.com/troupedb/troupe/slotmap"
)

const (
	recentSyncs = 2                    // a shard that appended in one of so many syncs is about to do so again
	minSync     = time.Millisecond     // quicker syncs are not put off: timers are no finer than that
	maxPutOff   = 5 * time.Millisecond // whatever a sync takes
	maxSkipped  = 31                   // syncs that are not put off, after delays that gained nothing
)

// groupCommit says for how long a sync is put off for the shards that are about to append. Under load those of a node
// take turns otherwise, one in a sync and one in the next: each sync then carries half of what it might, and the next
// one begins as soon as it ends. What is put off has waited for the sync before it anyway, so the delay is what a sync
// takes, counted from the end of the last. Where fewer than half of those came who were missing, the next syncs are not
// put off. It belongs to the writer.
type groupCommit struct {
	number  uint64                     // of the sync that is being put together
	latest  map[slotmap.ShardID]uint64 // number of the last sync with entries of a shard
	missing int                        // shards that have appended lately, and not yet for this sync
	ended   time.Time                  // the last sync
	takes   time.Duration              // a sync, on average, the longest ones left out

	until  time.Time // this sync is put off, if it is
	wanted int       // shards that were missing when that began
	came   int       // of them
	skip   int       // so many syncs are not put off
	vain   int       // as many were skipped last
}

func newGroupCommit() groupCommit {
	return groupCommit{number: recentSyncs + 1, latest: map[slotmap.ShardID]uint64{}}
}

// appends notes that there are entries of a shard for this sync.
func (g *groupCommit) appends(shard slotmap.ShardID) {
	switch n := g.latest[shard]; {
	case n == g.number:
		return
	case n+recentSyncs >= g.number:
		g.missing--
		g.came++
	}
	g.latest[shard] = g.number
}

// delay is for how long from now on this sync is put off; 0: it is made now.
func (g *groupCommit) delay(now time.Time) time.Duration {
	if g.missing == 0 || g.skip > 0 || g.takes < minSync {
		return 0
	}
	until := g.ended.Add(min(g.takes, maxPutOff))
	d := until.Sub(now)
	if d <= 0 {
		return 0
	}
	if g.until.IsZero() {
		g.until, g.wanted, g.came = until, g.missing, 0
	}
	return d
}

// synced ends this sync and begins the next.
func (g *groupCommit) synced(began, ended time.Time) {
	switch {
	case g.until.IsZero():
		g.skip = max(g.skip-1, 0)
	case 2*g.came >= g.wanted:
		g.vain = 0
	case began.Before(g.until): // something urgent came, which says nothing of those who were missing
	default:
		g.vain = min(2*g.vain+1, maxSkipped)
		g.skip = g.vain
	}
	g.ended = ended
	g.takes += (min(ended.Sub(began), maxPutOff) - g.takes) / 8
	g.number++
	g.until, g.missing = time.Time{}, 0
	for shard, n := range g.latest {
		if n+recentSyncs >= g.number {
			g.missing++
		} else {
			delete(g.latest, shard)
		}
	}
}
