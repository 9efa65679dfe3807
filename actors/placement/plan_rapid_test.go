package placement

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/troupedb/troupe/slotmap"
)

// TestPlansConverge lets a cluster live for a while, with nodes that come, die, return and fill up, leaders that see
// only a part of it and copies that take their time. Then the world stands still, and the plans must come to rest
// where the design wants them.
func TestPlansConverge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		t.Repeat(map[string]func(*rapid.T){
			"": func(*rapid.T) {
				for _, g := range w.groups {
					w.checkVoters(g)
				}
			},
			"live":  func(t *rapid.T) { w.t = t; w.round(true) },
			"event": func(t *rapid.T) { w.t = t; w.event() },
		})
		w.t = t
		w.mend()
		w.settle()
		w.checkRest()
	})
}

// event changes one thing in the world.
func (w *world) event() {
	n := &w.nodes[rapid.IntRange(0, len(w.nodes)-1).Draw(w.t, "node")]
	switch rapid.IntRange(0, 8).Draw(w.t, "event") {
	case 0, 1:
		if len(w.nodes) < 9 {
			w.join(4)
		}
	case 2:
		n.Alive = !n.Alive && !w.replaced(n.ID)
	case 3:
		n.LowSpace = !n.LowSpace
	case 4:
		if !n.Alive && !w.replaced(n.ID) && len(w.nodes) < 9 {
			w.join(4, append(n.Replaces, n.ID)...)
		}
	case 5:
		for _, g := range w.groups {
			for _, m := range g.Members {
				g.behind[m.Replica] = m.Replica != g.Leader && rapid.Bool().Draw(w.t, "behind")
			}
		}
	case 6:
		if w.holdsNothing(n.ID) {
			n.Gateway = true
		}
	case 7:
		n.WrongClock = !n.WrongClock
	case 8:
		n.Leaving = !n.Leaving
	}
	w.elect()
}

func (w *world) replaced(id slotmap.NodeID) bool {
	return slices.ContainsFunc(w.nodes, func(n NodeInfo) bool { return slices.Contains(n.Replaces, id) })
}

func (w *world) holdsNothing(id slotmap.NodeID) bool {
	return !slices.ContainsFunc(w.groups, func(g *group) bool {
		return slices.ContainsFunc(g.Members, func(m member) bool { return m.Node == id })
	})
}

// round lets every node plan once, some with a partial view, and reports whether anything was to do.
func (w *world) round(partial bool) bool {
	busy := false
	for _, n := range slices.Clone(w.nodes) {
		if !n.Alive {
			continue
		}
		v := w.view(n.ID)
		known := !partial || rapid.Bool().Draw(w.t, "whole view")
		if !known {
			w.blur(&v)
		}
		for _, s := range Plan(v) {
			if !partial || rapid.IntRange(0, 3).Draw(w.t, "carried out") > 0 {
				w.apply(s, n.ID, known)
			}
			busy = true
		}
		w.elect()
	}
	for _, g := range w.groups {
		for _, m := range g.Members {
			if g.behind[m.Replica] && w.alive(m.Node) && g.Leader != 0 && (!partial || rapid.Bool().Draw(w.t, "catches up")) {
				g.behind[m.Replica] = false
				busy = true
			}
		}
	}
	w.elect()
	return busy
}

// blur makes others look dead or gone, and their shards older than they are.
func (w *world) blur(v *View) {
	v.Nodes = slices.DeleteFunc(v.Nodes, func(n NodeInfo) bool {
		return n.ID != v.Self && rapid.IntRange(0, 3).Draw(w.t, "unseen") == 0
	})
	shards := slices.Clone(v.Map.Shards())
	for i, s := range shards {
		if _, mine := v.Led[s.ID]; !mine && rapid.Bool().Draw(w.t, "stale") {
			shards[i].Members = s.Members[:1]
		}
	}
	v.Map = slotmap.New(nil, shards)
}

// mend brings every dead node back or replaces it, unless it was replaced already. Who was about to stop has done
// so and is back.
func (w *world) mend() {
	for i := range w.nodes {
		n := &w.nodes[i]
		n.Leaving = false
		if n.Alive || w.replaced(n.ID) {
			continue
		}
		if n.Alive = rapid.Bool().Draw(w.t, "returns"); !n.Alive && rapid.Bool().Draw(w.t, "has a successor") {
			w.join(4, append(n.Replaces, n.ID)...)
		}
	}
	w.elect()
}

// settle lets the plans run until there is nothing to do.
func (w *world) settle() {
	for range 400 {
		if !w.round(false) {
			return
		}
	}
	w.t.Fatalf("no rest: %v", w.ownershipMap().Shards())
}

func (w *world) checkRest() {
	healthy := !slices.ContainsFunc(w.nodes, func(n NodeInfo) bool { return !fit(&n) })
	for _, g := range w.groups {
		w.checkVoters(g)
		if g.Leader == 0 {
			healthy = false // its majority is gone for good
			continue
		}
		w.checkSize(g)
		w.checkSuccessors(g)
		w.checkClock(g)
		if healthy {
			w.checkZones(g)
		}
	}
	if healthy && !slices.ContainsFunc(w.nodes, func(n NodeInfo) bool { return n.WrongClock }) {
		w.checkLeaders()
	}
}

func fit(n *NodeInfo) bool { return n.Alive && !n.LowSpace && !n.Gateway && !n.Leaving }

// checkClock: no shard that sits where it should is led by a wrong clock while one of its voters could lead.
func (w *world) checkClock(g *group) {
	id, _ := g.LeaderNode()
	could := g.voters(func(m member) bool { return fit(w.node(m.Node)) && !w.node(m.Node).WrongClock })
	if w.node(id).WrongClock && len(could) > 0 && g.Voters() == w.replicas {
		w.t.Fatalf("shard %d is led by %s, whose clock is wrong; %v could", g.ID, id, could)
	}
}

// checkSize: the replication factor wherever there are nodes for it, and then no learners.
func (w *world) checkSize(g *group) {
	could := map[slotmap.NodeID]bool{}
	for i := range w.nodes {
		if fit(&w.nodes[i]) {
			could[w.nodes[i].ID] = true
		}
	}
	for _, m := range g.voters(all) {
		could[m.Node] = true
	}
	if len(could) >= w.replicas && g.Voters() != w.replicas {
		w.t.Fatalf("shard %d: %d voters of %d on %d nodes: %v", g.ID, g.Voters(), w.replicas, len(could), g.Members)
	}
	if len(g.Members) > g.Voters() && g.Voters() == w.replicas {
		w.t.Fatalf("shard %d keeps learners: %v", g.ID, g.Members)
	}
}

// checkSuccessors: no place is left to a dead node that a fit one replaces.
func (w *world) checkSuccessors(g *group) {
	for _, m := range g.voters(all) {
		for i := range w.nodes {
			n := &w.nodes[i]
			sits := slices.ContainsFunc(g.Members, func(o member) bool { return o.Node == n.ID })
			if !w.alive(m.Node) && slices.Contains(n.Replaces, m.Node) && fit(n) && !sits {
				w.t.Fatalf("shard %d: %s waits for the place of %s", g.ID, n.ID, m.Node)
			}
		}
	}
}

// checkZones: a replica in a crowded zone has no better place.
func (w *world) checkZones(g *group) {
	inZone := map[string]int{}
	for _, m := range g.voters(all) {
		inZone[w.node(m.Node).Zone]++
	}
	most := 0
	for _, c := range inZone {
		most = max(most, c)
	}
	for _, n := range w.nodes {
		sits := slices.ContainsFunc(g.Members, func(m member) bool { return m.Node == n.ID })
		if g.Voters() == w.replicas && !sits && inZone[n.Zone]+1 < most {
			w.t.Fatalf("shard %d crowds a zone while zone %s has room: %v", g.ID, n.Zone, inZone)
		}
	}
}

// checkLeaders: as even as any choice of leaders among the voters can be, by trying them all or by theory.
func (w *world) checkLeaders() {
	leads := map[slotmap.NodeID]int{}
	holds := map[slotmap.NodeID]int{}
	for _, g := range w.groups {
		id, _ := g.LeaderNode()
		leads[id]++
		for _, m := range g.voters(all) {
			holds[m.Node]++
		}
	}
	if got, best := squares(leads), w.evenest(0, map[slotmap.NodeID]int{}); got != best && w.groups[0].Voters() == w.replicas {
		w.t.Fatalf("leaders %v: sum of squares %d, could be %d", leads, got, best)
	}
	zones := map[string]bool{}
	for _, n := range w.nodes {
		zones[n.Zone] = true
	}
	if len(zones) == 1 && w.groups[0].Voters() == w.replicas && (spread(w.nodes, leads) > 1 || spread(w.nodes, holds) > 1) {
		w.t.Fatalf("uneven: leaders %v, replicas %v", leads, holds)
	}
}

func squares(count map[slotmap.NodeID]int) int {
	sum := 0
	for _, c := range count {
		sum += c * c
	}
	return sum
}

// evenest is the least sum of squares over all choices of leaders.
func (w *world) evenest(i int, leads map[slotmap.NodeID]int) int {
	if i == len(w.groups) {
		return squares(leads)
	}
	best := 1 << 30
	for _, m := range w.groups[i].voters(all) {
		leads[m.Node]++
		best = min(best, w.evenest(i+1, leads))
		leads[m.Node]--
	}
	return best
}

func spread(nodes []NodeInfo, count map[slotmap.NodeID]int) int {
	low, high := 1<<30, 0
	for _, n := range nodes {
		low, high = min(low, count[n.ID]), max(high, count[n.ID])
	}
	return high - low
}

// TestEveryNodeComputesTheSameTarget, whatever it leads and in whatever order it heard of the nodes.
func TestEveryNodeComputesTheSameTarget(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		for range rapid.IntRange(0, 10).Draw(t, "events") {
			w.event()
		}
		want := targetOf(w.view(w.nodes[0].ID))
		for _, n := range w.nodes {
			v := w.view(n.ID)
			v.Nodes = rapid.Permutation(v.Nodes).Draw(t, "order")
			if got := targetOf(v); !slices.Equal(got, want) {
				t.Fatalf("%s\n%v\n%v", n.ID, got, want)
			}
		}
	})
}

// targetOf lists the seats of every shard and the transfers of the round.
func targetOf(v View) []slotmap.NodeID {
	t := makeTarget(v)
	var out []slotmap.NodeID
	for _, s := range t.shards {
		for _, n := range s.seats {
			out = append(out, n.ID)
		}
		out = append(out, slotmap.NodeID{})
	}
	for _, tr := range t.transfers {
		out = append(out, slotmap.NodeID{byte(tr.shard.id)}, tr.to.ID)
	}
	return out
}
