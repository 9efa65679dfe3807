package sim

import (
	"cmp"
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/troupedb/troupe/actors"
	"github.com/troupedb/troupe/gossip"
	"github.com/troupedb/troupe/slotmap"
)

// Spans of the simulated gossip.
const (
	gossipRound  = 200 * time.Millisecond
	deadAfter    = 2 * time.Second // at least; at most three times that
	pullPatience = 600 * time.Millisecond
	tellings     = 6 // how often news are passed on
)

// gossiper stands in for package gossip in one process: rumours with counters that rise while a node lives.
type gossiper struct {
	p   *process
	cfg gossip.Config
	rng *rand.Rand

	self    member
	members map[slotmap.NodeID]*member // but this node
	order   []slotmap.NodeID           // of members
	shown   map[slotmap.NodeID]gossip.Node
	known   map[slotmap.NodeID]gossip.Node // shown once, and neither left nor replaced
	news    map[slotmap.ShardID]*telling
	clocks  map[slotmap.NodeID]gossip.Clock
	round   time.Duration // of the last round
	pulled  time.Duration
	closed  bool
}

// member is what is known of a node. A greater beat is newer.
type member struct {
	node  gossip.Node
	beat  uint64
	left  bool
	alive bool
	heard time.Duration
}

// telling is what a leader said of its shard, with how often it is still to be passed on.
type telling struct {
	delta []byte
	times int
}

// rumour is a datagram.
type rumour struct {
	from    gossip.Node
	members []member
	news    [][]byte
	digest  uint64
}

func (p *process) startGossip(cfg gossip.Config) (actors.Gossip, error) {
	g := &gossiper{
		p: p, cfg: cfg, rng: p.m.s.stream(p.m.s.nextStream()),
		members: map[slotmap.NodeID]*member{}, shown: map[slotmap.NodeID]gossip.Node{}, known: map[slotmap.NodeID]gossip.Node{},
		news: map[slotmap.ShardID]*telling{}, clocks: map[slotmap.NodeID]gossip.Clock{}, round: p.m.s.now,
	}
	g.self = member{node: cfg.Self, beat: uint64(p.m.s.now), alive: true}
	g.self.node.Boot = p.m.clock.wall(p.m.s.now).Milliseconds()
	for _, n := range cfg.Peers {
		g.known[n.ID] = n
	}
	p.gossip = g
	g.later()
	return g, nil
}

func (g *gossiper) later() {
	g.p.m.s.after(gossipRound*3/4+time.Duration(g.rng.Int64N(int64(gossipRound/2))), func() {
		if g.closed || g.p.over {
			return
		}
		if !g.p.paused {
			g.tell()
		}
		g.later()
	})
}

// SetSelf implements actors.Gossip.
func (g *gossiper) SetSelf(n gossip.Node) {
	n.ID, n.Gossip, n.Boot = g.self.node.ID, g.self.node.Gossip, g.self.node.Boot
	g.self.node = n
	g.self.beat++
	g.refresh()
}

// Publish implements actors.Gossip.
func (g *gossiper) Publish(d slotmap.Delta) {
	if !g.self.node.Cluster.IsZero() {
		g.news[d.Shard.ID] = &telling{d.AppendMsgpack(nil), tellings}
	}
}

// Nodes implements actors.Gossip.
func (g *gossiper) Nodes() []gossip.Node { return byID(append(values(g.shown), g.self.node)) }

// Known implements actors.Gossip.
func (g *gossiper) Known() []gossip.Node { return byID(values(g.known)) }

// Leave implements actors.Gossip: everyone in reach hears the farewell.
func (g *gossiper) Leave(context.Context) error {
	g.self.left = true
	g.self.beat++
	for _, m := range g.p.m.s.machines {
		if m != g.p.m { // the next process here is nobody to hear it
			g.send(m.i)
		}
	}
	return nil
}

// SetKeys implements actors.Gossip. Nothing is encrypted here.
func (g *gossiper) SetKeys([][]byte) error { return nil }

// Close implements actors.Gossip.
func (g *gossiper) Close() { g.closed = true }

func values(m map[slotmap.NodeID]gossip.Node) []gossip.Node { return slices.Collect(maps.Values(m)) }

func byID(nodes []gossip.Node) []gossip.Node {
	slices.SortFunc(nodes, func(a, b gossip.Node) int { return a.ID.Compare(b.ID) })
	return nodes
}

// tell is a round: it buries who was silent, and passes on what is known to two others.
func (g *gossiper) tell() {
	s := g.p.m.s
	if s.now-g.round > time.Second { // after a pause nobody is dead just because nothing was heard
		for _, m := range g.members {
			m.heard = s.now
		}
	}
	g.round = s.now
	g.self.beat++
	g.bury()
	for _, place := range g.targets(2) {
		g.send(place)
		g.probe(place)
	}
	for _, t := range g.news {
		t.times = max(0, t.times-1)
	}
}

// bury takes those for dead whose beat has not risen for some time.
func (g *gossiper) bury() {
	changed := false
	for _, id := range g.order {
		m := g.members[id]
		if m.alive && g.p.m.s.now-m.heard > deadAfter+time.Duration(g.rng.Int64N(int64(deadAfter))) {
			m.alive, changed = false, true
		}
	}
	if changed {
		g.refresh()
	}
}

// targets draws places to talk to: of members, and of addresses that are given or remembered.
func (g *gossiper) targets(n int) []int {
	places := map[int]bool{}
	for _, addr := range g.cfg.Join {
		places[g.p.m.s.placeOf(addr)] = true
	}
	for _, m := range g.members {
		places[g.p.m.s.placeOf(m.node.Gossip)] = true
	}
	for _, k := range g.known {
		places[g.p.m.s.placeOf(k.Gossip)] = true
	}
	delete(places, g.p.m.i)
	delete(places, 0)
	all := slices.Sorted(maps.Keys(places))
	g.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:min(n, len(all))]
}

func (g *gossiper) send(place int) {
	r := &rumour{from: g.self.node, members: append(make([]member, 0, 1+len(g.order)), g.self), digest: g.digest()}
	for _, id := range g.order {
		if m := g.members[id]; m.alive || m.left {
			r.members = append(r.members, *m)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(g.news)) {
		if t := g.news[id]; t.times > 0 {
			r.news = append(r.news, t.delta)
		}
	}
	g.p.m.s.datagram(g.p.m.i, place, func(to *process) { to.gossip.hear(r) })
}

// datagram carries something that may be lost, doubled, or overtaken.
func (s *Sim) datagram(from, to int, arrive func(*process)) {
	if s.net.loss > 0 && s.net.rng.Float64() < s.net.loss {
		return
	}
	times := 1
	if s.net.double > 0 && s.net.rng.Float64() < s.net.double {
		times = 2
	}
	for range times {
		s.after(s.net.delay(), func() {
			p := s.processAt(to)
			if p == nil || p.gossip == nil || !s.net.open(from, to) {
				return
			}
			p.when(func() { arrive(p) })
		})
	}
}

// hear takes a rumour in.
func (g *gossiper) hear(r *rumour) {
	if g.closed || !g.admits(r.from) {
		return
	}
	changed := false
	for _, m := range r.members {
		changed = g.learn(m) || changed
	}
	if changed {
		g.refresh()
	}
	if r.from.Cluster.IsZero() || r.from.Cluster != g.self.node.Cluster {
		return
	}
	for _, b := range r.news {
		g.heardNews(b)
	}
	if r.digest != g.digest() {
		g.pull(r.from.ID)
	}
}

func (g *gossiper) admits(n gossip.Node) bool {
	own := g.self.node.Cluster
	return n.Cluster == own || n.Cluster.IsZero() || own.IsZero()
}

// learn takes over what is newer, and reports whether that is more than a beat.
func (g *gossiper) learn(m member) (changed bool) {
	id := m.node.ID
	if id == g.self.node.ID {
		return false
	}
	old := g.members[id]
	switch {
	case old == nil:
		old = new(member)
		g.members[id] = old
		g.order = slices.SortedFunc(maps.Keys(g.members), slotmap.NodeID.Compare)
	case m.beat <= old.beat:
		return false
	}
	m.heard, m.alive = g.p.m.s.now, !m.left
	changed = m.node != old.node || m.alive != old.alive
	*old = m
	return changed
}

// refresh tells what has changed about who counts: of those alive the last to boot at each address.
func (g *gossiper) refresh() {
	before := g.shown
	g.shown = map[slotmap.NodeID]gossip.Node{}
	for _, n := range g.latest() {
		g.shown[n.ID] = n
	}
	for _, n := range byID(values(before)) {
		if _, ok := g.shown[n.ID]; !ok {
			left := g.members[n.ID].left
			if left {
				delete(g.known, n.ID)
			}
			g.event(gossip.NodeDown{Node: n, Left: left})
		}
	}
	for _, n := range byID(values(g.shown)) {
		g.remember(n)
		switch old, had := before[n.ID]; {
		case !had:
			g.event(gossip.NodeUp{Node: n})
		case old != n:
			g.event(gossip.NodeChanged{Node: n})
		}
	}
}

func (g *gossiper) latest() map[string]gossip.Node {
	latest := map[string]gossip.Node{}
	for _, m := range g.members {
		if !m.alive || !g.admits(m.node) {
			continue
		}
		o, ok := latest[m.node.Gossip]
		if !ok || cmp.Or(cmp.Compare(m.node.Boot, o.Boot), m.node.ID.Compare(o.ID)) > 0 {
			latest[m.node.Gossip] = m.node
		}
	}
	return latest
}

func (g *gossiper) remember(n gossip.Node) {
	for id, o := range g.known {
		if id != n.ID && o.Gossip == n.Gossip {
			delete(g.known, id)
		}
	}
	g.known[n.ID] = n
}

func (g *gossiper) event(e gossip.Event) {
	g.p.m.s.after(0, func() {
		if !g.closed {
			g.p.when(func() { g.cfg.Events(e) })
		}
	})
}

func (g *gossiper) digest() uint64 { return g.cfg.Map().Digest() }

// heardNews takes over what a leader said, and passes it on.
func (g *gossiper) heardNews(b []byte) {
	d, err := slotmap.DecodeDelta(b)
	if err != nil {
		g.p.m.s.fail("delta: %v", err)
		return
	}
	if _, news := g.cfg.Map().Apply(d); news {
		g.event(gossip.DeltaReceived{Delta: d})
		g.news[d.Shard.ID] = &telling{b, tellings}
	}
}

// pull exchanges whole maps with a node, over a stream.
func (g *gossiper) pull(from slotmap.NodeID) {
	s := g.p.m.s
	if s.now-g.pulled < pullPatience {
		return
	}
	g.pulled = s.now
	place := s.placeOf(g.members[from].node.Gossip)
	s.after(2*s.net.resend(), func() {
		to := s.processAt(place)
		if g.closed || to == nil || to.paused || to.gossip == nil || to.gossip.closed || !s.net.both(g.p.m.i, place) {
			return
		}
		g.take(to.gossip)
		to.gossip.take(g)
	})
}

// take merges the map that another hands over.
func (g *gossiper) take(from *gossiper) {
	if g.self.node.Cluster.IsZero() || g.self.node.Cluster != from.self.node.Cluster {
		return
	}
	m, err := slotmap.DecodeMap(from.cfg.Map().AppendMsgpack(nil))
	if err != nil {
		g.p.m.s.fail("map: %v", err)
		return
	}
	if m.Digest() != g.digest() {
		g.event(gossip.MapReceived{Map: m})
	}
}
