package placement

import (
	"cmp"
	"slices"

	"github.com/troupedb/troupe/slotmap"
)

// node is a node while a target is made.
type node struct {
	NodeInfo
	holds int  // shards that have a seat here
	leads int  // shards led from here
	moved bool // gives or takes something in this round already
}

// fit tells whether the node may be given a replica.
func (n *node) fit() bool { return n.Alive && !n.Gateway && !n.LowSpace && !n.Leaving }

// mayLead tells whether the node may be given a leadership.
func (n *node) mayLead() bool { return n.fit() && !n.WrongClock }

// shard is a shard while a target is made.
type shard struct {
	id       slotmap.ShardID
	voters   []slotmap.Member // one a node
	learners []slotmap.Member
	extra    []slotmap.Member // a second replica on a node that has one
	leader   *node            // nil if none is known or alive
	seats    []*node          // the target: where its voters should be
	unsound  bool             // a voter is dead, or its seats differ from its voters: no time to move it
}

func (s *shard) sits(n *node) bool { return slices.Contains(s.seats, n) }

func (s *shard) learns(n *node) bool {
	return slices.ContainsFunc(s.learners, func(m slotmap.Member) bool { return m.Node == n.ID })
}

// inZone counts the seats in a zone.
func (s *shard) inZone(zone string) int {
	c := 0
	for _, n := range s.seats {
		if n.Zone == zone {
			c++
		}
	}
	return c
}

// target is what every node computes alike.
type target struct {
	replicas  int
	nodes     []*node // by id
	byID      map[slotmap.NodeID]*node
	shards    []*shard // by id
	transfers []transfer
}

// makeTarget does not look at Self and Led.
func makeTarget(v View) *target {
	t := &target{replicas: max(1, v.Replicas-(v.Replicas+1)%2), byID: map[slotmap.NodeID]*node{}}
	for _, info := range v.Nodes {
		t.byID[info.ID] = &node{NodeInfo: info}
	}
	for _, sh := range v.Map.Shards() {
		t.addShard(sh)
	}
	for _, n := range t.byID {
		t.nodes = append(t.nodes, n)
	}
	slices.SortFunc(t.nodes, func(a, b *node) int { return a.ID.Compare(b.ID) })
	for _, s := range t.shards {
		t.replaceDead(s)
		t.resize(s)
	}
	t.rebalance()
	t.spreadLeaders()
	return t
}

// addShard takes a shard as the map has it, its voters as its seats.
func (t *target) addShard(sh slotmap.Shard) {
	s := &shard{id: sh.ID}
	byAge := slices.Clone(sh.Members)
	slices.SortFunc(byAge, func(a, b slotmap.Member) int { return cmp.Compare(b.Replica, a.Replica) })
	for _, m := range byAge {
		n := t.node(m.Node)
		switch {
		case m.Learner:
			s.learners = append(s.learners, m)
		case s.sits(n):
			s.extra = append(s.extra, m)
			s.unsound = true
		default:
			s.voters = append(s.voters, m)
			t.seat(s, n)
			s.unsound = s.unsound || !n.Alive
		}
	}
	if len(s.voters) == 0 {
		return // nobody told of its members yet
	}
	if id, ok := sh.LeaderNode(); ok && t.byID[id].Alive {
		s.leader = t.byID[id]
		s.leader.leads++
	}
	t.shards = append(t.shards, s)
}

// node answers a member's node, also of one that nobody tells of.
func (t *target) node(id slotmap.NodeID) *node {
	n := t.byID[id]
	if n == nil {
		n = &node{NodeInfo: NodeInfo{ID: id}}
		t.byID[id] = n
	}
	return n
}

func (t *target) seat(s *shard, n *node) {
	s.seats = append(s.seats, n)
	n.holds++
}

func (t *target) unseat(s *shard, n *node) {
	s.seats = slices.DeleteFunc(s.seats, func(o *node) bool { return o == n })
	n.holds--
}

// replaceDead gives the seats of dead nodes to their successors.
func (t *target) replaceDead(s *shard) {
	for _, n := range slices.Clone(s.seats) {
		if n.Alive {
			continue
		}
		next := t.successor(s, n)
		if next != nil && s.sits(next) {
			next = t.candidate(s)
		}
		if next != nil {
			t.unseat(s, n)
			t.seat(s, next)
			s.unsound = true
		}
	}
}

// successor is the node that replaces a dead one; nil if none is fit.
func (t *target) successor(s *shard, dead *node) *node {
	var found *node
	for _, n := range t.nodes {
		if slices.Contains(n.Replaces, dead.ID) && n.fit() && (found == nil || s.learns(n) && !s.learns(found)) {
			found = n
		}
	}
	return found
}

// resize brings the number of seats to what it should be.
func (t *target) resize(s *shard) {
	for want := t.size(s); len(s.seats) != want; s.unsound = true {
		if len(s.seats) > want {
			t.unseat(s, slices.MaxFunc(s.seats, s.compareDispensable))
		} else {
			t.seat(s, t.candidate(s))
		}
	}
}

// size is the number of voters that a shard should have: the replication factor, or as it is until there are nodes
// enough for that, and always odd. It asks for no more seats than there are candidates.
func (t *target) size(s *shard) int {
	now, most := len(s.seats), len(s.seats)
	for _, n := range t.nodes {
		if n.fit() && !s.sits(n) {
			most++
		}
	}
	switch {
	case most >= t.replicas:
		return t.replicas
	case now%2 == 1:
		return now
	case most > now:
		return now + 1
	}
	return now - 1
}

// candidate is the best of the fit nodes without a seat: one that copies already, in a zone of its own, with few
// shards. It is nil if there is none.
func (t *target) candidate(s *shard) *node {
	var best *node
	for _, n := range t.nodes {
		if n.fit() && !s.sits(n) && (best == nil || s.compareCandidates(n, best) < 0) {
			best = n
		}
	}
	return best
}

func (s *shard) compareCandidates(a, b *node) int {
	return cmp.Or(
		trueFirst(s.learns(a), s.learns(b)),
		cmp.Compare(s.inZone(a.Zone), s.inZone(b.Zone)),
		cmp.Compare(a.holds, b.holds),
		a.ID.Compare(b.ID),
	)
}

// compareDispensable orders seats by how well the shard can do without: a dead one best.
func (s *shard) compareDispensable(a, b *node) int {
	return cmp.Or(
		trueFirst(a.Alive, b.Alive),
		trueFirst(a.fit(), b.fit()),
		cmp.Compare(s.inZone(a.Zone), s.inZone(b.Zone)),
		trueFirst(a == s.leader, b == s.leader),
		cmp.Compare(a.holds, b.holds),
		a.ID.Compare(b.ID),
	)
}

func trueFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}
