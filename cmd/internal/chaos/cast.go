package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/troupedb/troupe/cmd/internal/cluster"
	"github.com/troupedb/troupe/cmd/internal/script"
)

// cast finds the nodes that a script speaks of.
type cast struct {
	target Target
	rng    *rand.Rand
	names  map[string]int // given by call
}

var errNobody = errors.New("there is no such node now")

// find returns the nodes of each group, and what the shards are like, if the groups ask for that.
func (c *cast) find(ctx context.Context, groups [][]script.Node) (found [][]int, shards []cluster.Shard, err error) {
	if shards, err = c.target.Shards(ctx); err != nil && asksForShards(groups) {
		return nil, nil, err
	}
	var taken []int
	found = make([][]int, len(groups))
	for _, rest := range []bool{false, true} { // the rest is known last
		for i, group := range groups {
			for _, n := range group {
				if (n.Kind == script.Rest) != rest {
					continue
				}
				nodes, err := c.one(n, shards, taken)
				if err != nil {
					return nil, nil, fmt.Errorf("%s: %w", n, err)
				}
				found[i] = union(found[i], nodes)
				taken = union(taken, nodes)
			}
		}
	}
	return found, shards, nil
}

func asksForShards(groups [][]script.Node) bool {
	for _, n := range slices.Concat(groups...) {
		switch n.Kind {
		case script.Leader, script.Follower, script.RandomLeader, script.RandomFollower:
			return true
		}
	}
	return false
}

// one returns the nodes that n stands for. taken are those that the action names otherwise.
func (c *cast) one(n script.Node, shards []cluster.Shard, taken []int) ([]int, error) {
	count := len(c.target.Addrs())
	switch n.Kind {
	case script.Numbered:
		return c.exists(n.N-1, count)
	case script.Named:
		if i, ok := c.names[n.Name]; ok {
			return []int{i}, nil
		}
		return nil, errors.New("it was not called yet")
	case script.All:
		return upTo(count), nil
	case script.Rest:
		return slices.DeleteFunc(upTo(count), func(i int) bool { return slices.Contains(taken, i) }), nil
	case script.RandomNode:
		return []int{c.rng.IntN(count)}, nil
	case script.Minority:
		some := c.rng.Perm(count)[:max((count-1)/2, 1)]
		slices.Sort(some)
		return some, nil
	}
	return c.ofShard(n, shards)
}

// ofShard returns the leader or a follower of a shard.
func (c *cast) ofShard(n script.Node, shards []cluster.Shard) ([]int, error) {
	at := slices.IndexFunc(shards, func(s cluster.Shard) bool { return s.ID == n.Shard })
	if n.Kind == script.RandomLeader || n.Kind == script.RandomFollower {
		at = c.rng.IntN(max(len(shards), 1))
	}
	if at < 0 || at >= len(shards) {
		return nil, errNobody
	}
	s := shards[at]
	switch n.Kind {
	case script.Leader, script.RandomLeader:
		return c.exists(s.Leader, len(c.target.Addrs()))
	case script.RandomFollower:
		if len(s.Followers()) == 0 {
			return nil, errNobody
		}
		return []int{s.Followers()[c.rng.IntN(len(s.Followers()))]}, nil
	}
	if n.N > len(s.Followers()) {
		return nil, errNobody
	}
	return []int{s.Followers()[n.N-1]}, nil
}

func (c *cast) exists(i, count int) ([]int, error) {
	if i < 0 || i >= count {
		return nil, errNobody
	}
	return []int{i}, nil
}

func upTo(n int) (all []int) {
	for i := range n {
		all = append(all, i)
	}
	return all
}

// union is sorted.
func union(a, b []int) []int {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}
