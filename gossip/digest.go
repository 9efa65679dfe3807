package gossip

import (
	"math/rand/v2"
	"time"

	"github.com/troupedb/troupe/slotmap"
)

const (
	digestTick = 200 * time.Millisecond
	// News takes a moment to spread by itself; only a digest that differs
	// for longer than this is a reason to pull.
	digestPatience = 400 * time.Millisecond
	maxPullWait    = 15 * time.Second
)

// lag is a peer whose map is not ours.
type lag struct {
	theirs uint64
	wait   time.Duration
	next   time.Time
}

// lags decides whom to pull a map from. Pure state.
type lags map[slotmap.NodeID]*lag

// pick returns a peer whose digest has differed for long enough, if any. One
// that stays different after a pull is asked ever less often: then there is
// something that one of us cannot take in.
func (l lags) pick(now time.Time, own Node, peers []Node) (Node, bool) {
	var best Node
	var due *lag
	present := make(map[slotmap.NodeID]bool, len(peers))
	for _, p := range peers {
		if p.ID == own.ID || p.Cluster != own.Cluster || p.Digest == own.Digest {
			continue
		}
		present[p.ID] = true
		k := l.of(p, own, now)
		if !k.next.After(now) && (due == nil || k.next.Before(due.next)) {
			best, due = p, k
		}
	}
	for id := range l {
		if !present[id] {
			delete(l, id)
		}
	}
	if due == nil {
		return Node{}, false
	}
	due.next = now.Add(due.wait + rand.N(due.wait/2))
	due.wait = min(2*due.wait, maxPullWait)
	return best, true
}

// of returns the entry for p. An own map that is empty is reason enough to
// pull at once.
func (l lags) of(p, own Node, now time.Time) *lag {
	k := l[p.ID]
	switch {
	case k == nil:
		k = &lag{next: now.Add(digestPatience), wait: digestPatience}
		if own.Digest == (*slotmap.Map)(nil).Digest() {
			k.next = now
		}
		l[p.ID] = k
	case k.theirs != p.Digest:
		k.wait = digestPatience
	}
	k.theirs = p.Digest
	return k
}

// watchDigests tells others of our map's digest and pulls the maps of those
// whose digest is another one.
func (g *Gossip) watchDigests() {
	if g.cfg.Map == nil {
		return
	}
	tick := time.NewTicker(digestTick)
	defer tick.Stop()
	behind := make(lags)
	for {
		select {
		case <-g.ctx.Done():
			return
		case now := <-tick.C:
			g.compareDigests(behind, now)
		}
	}
}

func (g *Gossip) compareDigests(behind lags, now time.Time) {
	own := g.announcement()
	if own.Digest != g.announced.Load() {
		g.announce()
	}
	if own.Cluster.IsZero() || g.leaving.Load() {
		return
	}
	g.mu.Lock()
	peers := g.mu.dir.nodes()
	g.mu.Unlock()
	if p, ok := behind.pick(now, own, peers); ok {
		// Failure needs no word here: memberlist logs it and we try again.
		_, _ = g.list.Join([]string{p.Gossip})
	}
}

// keepAnnouncing tells others what is new about us, one change after another.
func (g *Gossip) keepAnnouncing() {
	for {
		select {
		case <-g.ctx.Done():
			return
		case <-g.tell:
			if !g.leaving.Load() {
				_ = g.list.UpdateNode(announceTimeout)
			}
		}
	}
}
