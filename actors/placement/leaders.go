package placement

import (
	"cmp"
	"slices"
)

// transfer takes the leadership of a shard to another of its voters.
type transfer struct {
	shard *shard
	to    *node
}

// spreadLeaders finds the transfers of this round. Direct ones, each between nodes of its own, lower the sum of
// squares of leaderships a node. Where none is left a chain of transfers may still do so; then only the end of a
// shortest chain is carried out, which leaves the sum as it is and a shorter chain behind. Either way rounds end.
func (t *target) spreadLeaders() {
	movable := t.movable()
	t.drain(movable)
	t.transferDirectly(movable)
	if len(t.transfers) == 0 {
		t.transferByChain(movable)
	}
}

// movable lists the shards whose leadership may move: those that sit where they should.
func (t *target) movable() []*shard {
	return slices.DeleteFunc(slices.Clone(t.shards), func(s *shard) bool {
		return s.leader == nil || !s.settled()
	})
}

// settled tells whether the voters are where the target wants them.
func (s *shard) settled() bool {
	if len(s.extra) > 0 || len(s.voters) != len(s.seats) {
		return false
	}
	for _, n := range s.seats {
		if !slices.ContainsFunc(s.voters, func(m member) bool { return m.Node == n.ID }) {
			return false
		}
	}
	return true
}

// drain takes leaderships from nodes that are short of disk space, since their leaders refuse writes, and from
// those whose clock is wrong.
func (t *target) drain(movable []*shard) {
	for _, s := range movable {
		if !s.leader.LowSpace && !s.leader.WrongClock || s.leader.moved {
			continue
		}
		var best *node
		for _, n := range s.seats {
			if n.mayLead() && !n.moved && (best == nil || cmp.Or(cmp.Compare(n.leads, best.leads), n.ID.Compare(best.ID)) < 0) {
				best = n
			}
		}
		if best != nil {
			t.transfer(s, best)
		}
	}
}

func (t *target) transfer(s *shard, to *node) {
	t.transfers = append(t.transfers, transfer{shard: s, to: to})
	s.leader.moved, to.moved = true, true
}

func (t *target) transferDirectly(movable []*shard) {
	var gains []transfer
	for _, s := range movable {
		for _, n := range s.seats {
			if n.mayLead() && s.leader.leads-n.leads >= 2 {
				gains = append(gains, transfer{s, n})
			}
		}
	}
	slices.SortFunc(gains, func(a, b transfer) int {
		return cmp.Or(
			cmp.Compare(b.shard.leader.leads-b.to.leads, a.shard.leader.leads-a.to.leads),
			cmp.Compare(a.shard.id, b.shard.id),
			a.to.ID.Compare(b.to.ID),
		)
	})
	for _, g := range gains {
		if !g.shard.leader.moved && !g.to.moved {
			t.transfer(g.shard, g.to)
		}
	}
}

// transferByChain looks for the shortest chain of transfers from a node to one that leads two shards less.
func (t *target) transferByChain(movable []*shard) {
	from := map[*node][]transfer{}
	for _, s := range movable {
		for _, n := range s.seats {
			if n.mayLead() && n != s.leader {
				from[s.leader] = append(from[s.leader], transfer{s, n})
			}
		}
	}
	var last transfer
	shortest := len(t.nodes)
	for _, start := range t.nodes {
		if end, length := chain(start, from, shortest); length < shortest {
			last, shortest = end, length
		}
	}
	if last.shard != nil {
		t.transfer(last.shard, last.to)
	}
}

// chain answers the last transfer of a shortest chain from start, if it has fewer links than limit.
func chain(start *node, from map[*node][]transfer, limit int) (transfer, int) {
	seen := map[*node]bool{start: true}
	front := []*node{start}
	for length := 1; length < limit && len(front) > 0; length++ {
		var next []*node
		for _, n := range front {
			for _, tr := range from[n] {
				if seen[tr.to] {
					continue
				}
				if start.leads-tr.to.leads >= 2 {
					return tr, length
				}
				seen[tr.to] = true
				next = append(next, tr.to)
			}
		}
		front = next
	}
	return transfer{}, limit
}
