package raftlog

import (
	"time"

	"github.com/troupedb/troupe/slotmap"
)

const (
	recentSyncs = 2                      // a shard that appended in one of so many syncs is about to do so again
	minSync     = 100 * time.Microsecond // quicker syncs are not put off: a delay that a timer has to end is 1 to 2 ms late
	maxPutOff   = 5 * time.Millisecond   // whatever a sync takes
	worthwhile  = 0.45                   // of those who were missing come in a delay, on average, or it gains too little
	maxSkipped  = 63                     // syncs that are not put off, after delays that gained too little
)

// groupCommit says for how long a sync is put off for the shards that are about to append. Under load those of a node
// take turns otherwise, one in a sync and one in the next: each sync then carries half of what it might, and the next
// one begins as soon as it ends. What is put off has waited for the sync before it anyway, so the delay is what a sync
// takes, counted from the end of the last. Where few of those come who were missing, as with few clients, it is tried now
// and then only. It belongs to the writer.
type groupCommit struct {
	number  uint64                     // of the sync that is being put together
	latest  map[slotmap.ShardID]uint64 // number of the last sync with entries of a shard
	missing int                        // shards that have appended lately, and not yet for this sync
	ended   time.Time                  // the last sync
	takes   time.Duration              // a sync, on average, the longest ones left out

	until  time.Time // this sync is put off, if it is
	wanted int       // shards that were missing when that began
	came   int       // of them
	gain   float64   // the part that came of those who were missing, on average
	skip   int       // so many syncs are not put off
	vain   int       // as many were skipped last
}

func newGroupCommit() groupCommit {
	return groupCommit{number: recentSyncs + 1, gain: 1, latest: map[slotmap.ShardID]uint64{}}
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
	case g.missing > 0 && began.Before(g.until): // it was ended early, which says nothing of those who were missing
	default:
		g.learn(float64(g.came) / float64(g.wanted))
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

// learn takes what a delay has gained.
func (g *groupCommit) learn(gain float64) {
	g.gain += (gain - g.gain) / 8
	if g.gain >= worthwhile {
		g.vain = 0
		return
	}
	g.vain = min(2*g.vain+1, maxSkipped)
	g.skip = g.vain
}
