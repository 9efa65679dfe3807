package placement

import (
	"slices"

	"pgregory.net/rapid"

	"github.com/troupedb/troupe/slotmap"
)

// group is a Raft group in the model: what is committed, and who has it.
type group struct {
	slotmap.Shard
	next   uint64 // replica id to give
	behind map[uint64]bool
}

// world is a cluster reduced to what placement acts on.
type world struct {
	t        *rapid.T
	replicas int
	nodes    []NodeInfo
	groups   []*group
	names    int
}

// newWorld draws nodes and, on them, groups in any shape that the rules allow.
func newWorld(t *rapid.T) *world {
	w := &world{t: t, replicas: rapid.SampledFrom([]int{1, 3, 5}).Draw(t, "replicas")}
	zones := rapid.IntRange(1, 4).Draw(t, "zones")
	for range rapid.IntRange(1, 6).Draw(t, "nodes") {
		w.join(zones)
	}
	for id := range rapid.IntRange(1, 6).Draw(t, "shards") {
		w.found(slotmap.ShardID(id + 1))
	}
	return w
}

func (w *world) join(zones int, replaces ...slotmap.NodeID) {
	w.names++
	zone := string(rune('x' + rapid.IntRange(0, zones-1).Draw(w.t, "zone")))
	w.nodes = append(w.nodes, NodeInfo{ID: slotmap.NodeID{byte(rapid.IntRange(0, 255).Draw(w.t, "id")), byte(w.names)},
		Zone: zone, Alive: true, Replaces: replaces})
}

// found makes a group with an odd number of voters on nodes that differ.
func (w *world) found(id slotmap.ShardID) {
	g := &group{Shard: slotmap.Shard{ID: id, Index: 1, Term: 1}, next: 1, behind: map[uint64]bool{}}
	places := rapid.Permutation(w.nodes).Draw(w.t, "places")
	voters := rapid.SampledFrom([]int{1, 1, 3, 5}).Draw(w.t, "voters")
	if voters > len(places) {
		voters = 1
	}
	for i, n := range places {
		if i < voters || rapid.IntRange(0, 5).Draw(w.t, "learner") == 0 {
			g.add(n.ID, i >= voters)
		}
	}
	g.Leader = g.Members[0].Replica
	w.groups = append(w.groups, g)
}

func (g *group) add(n slotmap.NodeID, learner bool) {
	g.Members = append(g.Members, slotmap.Member{Replica: g.next, Node: n, Learner: learner})
	g.behind[g.next] = learner
	g.next++
}

func (w *world) node(id slotmap.NodeID) *NodeInfo {
	for i := range w.nodes {
		if w.nodes[i].ID == id {
			return &w.nodes[i]
		}
	}
	return &NodeInfo{ID: id}
}

func (w *world) alive(id slotmap.NodeID) bool { return w.node(id).Alive }

// voters lists the voters of a group that fit.
func (g *group) voters(fit func(m member) bool) []member {
	var out []member
	for _, m := range g.Members {
		if !m.Learner && fit(m) {
			out = append(out, m)
		}
	}
	return out
}

func all(member) bool { return true }

// elect gives leaders to the groups whose leader is dead and whose majority is not; without a majority none leads.
func (w *world) elect() {
	for _, g := range w.groups {
		living := len(g.voters(func(m member) bool { return w.alive(m.Node) })) > g.Voters()/2
		if m, ok := g.Member(g.Leader); living && ok && !m.Learner && w.alive(m.Node) {
			continue
		}
		g.Leader = 0
		able := g.voters(func(m member) bool { return w.alive(m.Node) && !g.behind[m.Replica] })
		if living && len(able) > 0 {
			g.Term++
			g.Leader = rapid.SampledFrom(able).Draw(w.t, "leader").Replica
		}
	}
}

// ownershipMap is what gossip tells when it has told everything.
func (w *world) ownershipMap() *slotmap.Map {
	var shards []slotmap.Shard
	for _, g := range w.groups {
		shards = append(shards, g.Shard)
	}
	return slotmap.New(nil, shards)
}

// view is what a node knows.
func (w *world) view(self slotmap.NodeID) View {
	v := View{Self: self, Nodes: slices.Clone(w.nodes), Map: w.ownershipMap(), Replicas: w.replicas,
		Led: map[slotmap.ShardID]Led{}}
	for _, g := range w.groups {
		if id, ok := g.LeaderNode(); !ok || id != self {
			continue
		}
		led := Led{Progress: map[uint64]Progress{}}
		for _, m := range g.Members {
			led.Progress[m.Replica] = Progress{CaughtUp: !g.behind[m.Replica], RecentlyActive: w.alive(m.Node)}
		}
		v.Led[g.ID] = led
	}
	return v
}

// apply carries out a step, and fails if a rule forbids it. known tells whether the view was the truth.
func (w *world) apply(s Step, self slotmap.NodeID, known bool) {
	g := w.groups[s.Of()-1]
	if id, ok := g.LeaderNode(); !ok || id != self {
		w.t.Fatalf("%v is for a shard that %s does not lead", s, self)
	}
	g.Index++
	switch s := s.(type) {
	case AddLearner:
		if slices.ContainsFunc(g.Members, func(m member) bool { return m.Node == s.Node }) {
			w.t.Fatalf("%v: there is one already", s)
		}
		if n := w.node(s.Node); known && !fit(n) {
			w.t.Fatalf("%v: the node is not fit", s)
		}
		g.add(s.Node, true)
	case RemoveLearner:
		if m, ok := g.Member(s.Replica); !ok || !m.Learner {
			w.t.Fatalf("%v: no learner", s)
		}
		g.remove(s.Replica)
	case Promote:
		w.promote(g, s, known)
	case Transfer:
		m, ok := g.Member(s.Replica)
		if !ok || m.Learner || !w.alive(m.Node) || g.behind[m.Replica] || m.Replica == g.Leader {
			w.t.Fatalf("%v: cannot lead", s)
		}
		if known && w.node(m.Node).Leaving {
			w.t.Fatalf("%v: is about to stop", s)
		}
		g.Term++
		g.Leader = s.Replica
	}
}

func (g *group) remove(replica uint64) {
	g.Members = slices.DeleteFunc(slices.Clone(g.Members), func(m member) bool { return m.Replica == replica })
}

// promote checks the rules of a joint change against the truth.
func (w *world) promote(g *group, s Promote, known bool) {
	before := slices.Clone(g.Members)
	for _, r := range s.Learners {
		i := slices.IndexFunc(g.Members, func(m member) bool { return m.Replica == r })
		if i < 0 || !g.Members[i].Learner || g.behind[r] || !w.alive(g.Members[i].Node) {
			w.t.Fatalf("%v: %d is not ready", s, r)
		}
		g.Members = slices.Clone(g.Members)
		g.Members[i].Learner = false
	}
	for _, r := range s.Remove {
		if m, ok := g.Member(r); !ok || m.Learner {
			w.t.Fatalf("%v: %d is no voter", s, r)
		}
		g.remove(r)
	}
	w.checkVoters(g)
	if len(s.Remove) == 0 {
		return
	}
	ready := g.voters(func(m member) bool { return w.alive(m.Node) && !g.behind[m.Replica] })
	if len(ready) <= g.Voters()/2 {
		w.t.Fatalf("%v of %v leaves no majority that is caught up", s, before)
	}
	if _, stays := g.Member(g.Leader); !stays {
		if g.Voters() != len(s.Learners) {
			w.t.Fatalf("%v of %v removes the leader though others stay", s, before)
		}
		g.Leader = g.voters(all)[0].Replica
	}
	if known && len(s.Remove) == len(s.Learners) {
		w.checkKeptPlaces(s, before)
	}
}

// checkVoters: an odd number, on nodes that differ.
func (w *world) checkVoters(g *group) {
	places := map[slotmap.NodeID]bool{}
	for _, m := range g.voters(all) {
		places[m.Node] = true
	}
	if g.Voters()%2 == 0 || len(places) != g.Voters() {
		w.t.Fatalf("shard %d rests at %v", g.ID, g.Members)
	}
}

// checkKeptPlaces: a swap takes the place of a dead node only when another node replaces it.
func (w *world) checkKeptPlaces(s Promote, before []member) {
	for _, m := range before {
		if !slices.Contains(s.Remove, m.Replica) || w.alive(m.Node) {
			continue
		}
		if !slices.ContainsFunc(w.nodes, func(n NodeInfo) bool { return slices.Contains(n.Replaces, m.Node) }) {
			w.t.Fatalf("%v takes the place of %s, which nothing replaces", s, m.Node)
		}
	}
}
