package raftlog

import (
	"time"

	"github.com/troupedb/troupe/slotmap"
)

const (
	recentSyncs = 2                    // a shard that appended in one of so many syncs is about to do so again
	maxPutOff   = 5 * time.Millisecond // whatever a sync takes
	maxSkipped  = 31                   // syncs that nothing waits before, after waits that nobody came in
)

// groupCommit says how long a sync is put off for the shards that are about to append. Under load those of a node take
// turns otherwise, one in a sync and one in the next: each sync then carries half of what it might, and the next one
// begins as soon as it ends. What waits has been waited for by the sync before it, so the wait is no longer than syncs
// take, counted from the end of the last. Where nobody came in a wait, the next ones are left out.
type groupCommit struct {
	number  uint64                     // of the sync that is being put together
	latest  map[slotmap.ShardID]uint64 // number of the last sync with entries of a shard
	missing int                        // shards that have appended lately, and not yet for this sync
	ended   time.Time                  // the last sync
	takes   time.Duration              // a sync, on average

	waiting bool
	came    bool // somebody who was missing, since the wait began
	skip    int  // so many syncs are not put off
	vain    int  // as many were left out last
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
		g.came = g.came || g.waiting
	}
	g.latest[shard] = g.number
}

// wait is for how long from now on this sync is put off; 0: it is made now.
func (g *groupCommit) wait(now time.Time) time.Duration {
	if g.missing == 0 || g.skip > 0 {
		return 0
	}
	d := min(g.takes, maxPutOff) - now.Sub(g.ended)
	if d <= 0 {
		return 0
	}
	g.waiting = true
	return d
}

// synced ends this sync and begins the next.
func (g *groupCommit) synced(began, ended time.Time) {
	switch {
	case g.came:
		g.vain = 0
	case g.waiting:
		g.vain = min(2*g.vain+1, maxSkipped)
		g.skip = g.vain
	case g.skip > 0:
		g.skip--
	}
	g.ended = ended
	g.takes += (ended.Sub(began) - g.takes) / 8
	g.number++
	g.waiting, g.came, g.missing = false, false, 0
	for shard, n := range g.latest {
		if n+recentSyncs >= g.number {
			g.missing++
		} else {
			delete(g.latest, shard)
		}
	}
}
