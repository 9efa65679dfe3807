package placement

import (
	"cmp"
	"slices"
)

// move takes a seat of a shard from one node to another.
type move struct {
	shard    *shard
	from, to *node
	zones    int // by how much the crowding of zones changes; below 0 is better
	gap      int // how many more shards from holds
}

// rebalance seats shards elsewhere where that spreads them better over zones, or, zones being equal, over nodes.
// A node gives or takes one shard in a round, so that the moves of a round do not spoil each other's gain, in
// whatever order they are carried out. Each lowers (crowding of zones, sum of squares of shards a node), so rounds end.
func (t *target) rebalance() {
	var moves []move
	for _, s := range t.shards {
		if s.unsound || len(s.seats) != t.replicas {
			continue
		}
		for _, from := range s.seats {
			moves = t.movesFrom(moves, s, from)
		}
	}
	slices.SortFunc(moves, compareMoves)
	for _, m := range moves {
		if m.from.moved || m.to.moved || m.shard.unsound {
			continue
		}
		m.from.moved, m.to.moved, m.shard.unsound = true, true, true
		t.unseat(m.shard, m.from)
		t.seat(m.shard, m.to)
	}
	for _, n := range t.nodes {
		n.moved = false
	}
}

func (t *target) movesFrom(moves []move, s *shard, from *node) []move {
	for _, to := range t.nodes {
		if !to.fit() || s.sits(to) {
			continue
		}
		m := move{shard: s, from: from, to: to, zones: s.zoneChange(from, to), gap: from.holds - to.holds}
		if m.zones < 0 || m.zones == 0 && m.gap >= 2 {
			moves = append(moves, m)
		}
	}
	return moves
}

// zoneChange is the change of half the sum of squares of the seats a zone.
func (s *shard) zoneChange(from, to *node) int {
	if from.Zone == to.Zone {
		return 0
	}
	return s.inZone(to.Zone) - s.inZone(from.Zone) + 1
}

// compareMoves puts first what is under way, since a move that is dropped half way copied data for nothing.
func compareMoves(a, b move) int {
	return cmp.Or(
		trueFirst(a.shard.learns(a.to), b.shard.learns(b.to)),
		cmp.Compare(a.zones, b.zones),
		cmp.Compare(b.gap, a.gap),
		trueFirst(a.from != a.shard.leader, b.from != b.shard.leader),
		cmp.Compare(a.shard.id, b.shard.id),
		a.from.ID.Compare(b.from.ID),
		a.to.ID.Compare(b.to.ID),
	)
}
