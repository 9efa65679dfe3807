package chaos

import (
	"slices"
	"sync"
	"time"
)

// stallTime is how long a shard takes no write, for no leader of its own was killed, until that is told.
const stallTime = 500 * time.Millisecond

// gaps measures how long the shards of a killed leader take no write, and how long shards take none for any
// other reason. Safe for concurrent use.
type gaps struct {
	mu struct {
		sync.Mutex
		kills  []*killed
		newest map[int]time.Time // when a shard last acknowledged
		stalls []time.Duration
	}
	closed  func(k *killed)                      // told when all shards of a kill write again
	stalled func(shard int, stall time.Duration) // told after a stall; both are called with mu held
}

// killed is one kill of a node, and what came of the shards it led.
type killed struct {
	node     string
	at, gone time.Time // the kill was sent; the process was no more
	shards   []int
	waits    map[int]bool // shards without an acknowledged write since
	gap      time.Duration
}

// opened notes a kill.
func (g *gaps) opened(node string, shards []int, at, gone time.Time) {
	k := &killed{node: node, at: at, gone: gone, shards: shards, waits: map[int]bool{}}
	for _, s := range shards {
		k.waits[s] = true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.mu.kills = append(g.mu.kills, k)
}

// acknowledged notes a write to a shard.
func (g *gaps) acknowledged(shard int, began, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	waited := false
	for _, k := range g.mu.kills {
		waited = waited || k.waits[shard]
		g.maybeClose(k, shard, began, now)
	}
	last, seen := g.mu.newest[shard]
	if seen && !waited && now.Sub(last) >= stallTime {
		g.mu.stalls = append(g.mu.stalls, now.Sub(last))
		if g.stalled != nil {
			g.stalled(shard, now.Sub(last))
		}
	}
	if g.mu.newest == nil {
		g.mu.newest = map[int]time.Time{}
	}
	g.mu.newest[shard] = now
}

// maybeClose ends the gap of one shard after a kill. A write that began before the process was gone may be
// its own, and says nothing of its successor.
func (g *gaps) maybeClose(k *killed, shard int, began, now time.Time) {
	if !k.waits[shard] || began.Before(k.gone) {
		return
	}
	delete(k.waits, shard)
	k.gap = max(k.gap, now.Sub(k.at))
	if len(k.waits) == 0 && g.closed != nil {
		g.closed(k)
	}
}

// waiting reports whether a shard has taken no write since its leader was killed.
func (g *gaps) waiting(shard int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, k := range g.mu.kills {
		if k.waits[shard] {
			return true
		}
	}
	return false
}

// Gaps are the write gaps of a run: for each kill, the longest of the shards that the node led.
type Gaps struct {
	Kills            int
	Open             int // kills whose shards were not all seen to write again before the load ended
	Median, P90, Max time.Duration

	Stalls       int // times that a shard took no write for stallTime though its leader had not been killed
	LongestStall time.Duration
}

func (g *gaps) summary() Gaps {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := Gaps{Kills: len(g.mu.kills), Stalls: len(g.mu.stalls)}
	for _, stall := range g.mu.stalls {
		out.LongestStall = max(out.LongestStall, stall)
	}
	var all []time.Duration
	for _, k := range g.mu.kills {
		if len(k.waits) > 0 {
			out.Open++
		} else {
			all = append(all, k.gap)
		}
	}
	if len(all) == 0 {
		return out
	}
	slices.Sort(all)
	out.Median, out.P90, out.Max = rank(all, 0.5), rank(all, 0.9), all[len(all)-1]
	return out
}

// rank returns the least value that at least a share q of the sorted values do not exceed.
func rank(sorted []time.Duration, q float64) time.Duration {
	i := int(q*float64(len(sorted)) + 0.999999)
	return sorted[max(i, 1)-1]
}
