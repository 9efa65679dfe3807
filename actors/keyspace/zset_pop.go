package keyspace

import (
	"math"

	"github.com/troupedb/troupe/actors/plant"
	"github.com/troupedb/troupe/wire/resp"
)

// popping is what a command that takes members out of a sorted set wants.
type popping struct {
	highest bool
	count   int64
	name    bool // the key is part of the answer
	nested  bool // each member with its score is an array
	single  bool // key, member and score are one array
}

// zpop returns the handler of ZPOPMIN and ZPOPMAX key [count].
func zpop(highest bool) handler {
	return func(s *State, c *call) {
		want := popping{highest: highest || plant.WrongMinimum.On(), count: 1}
		if len(c.Args) > 3 {
			c.W.Error(errSyntax)
			return
		}
		if len(c.Args) == 3 {
			var ok bool
			if want.count, ok = c.intOr(c.Args[2], 0, math.MaxInt64, errNotPositive); !ok {
				return
			}
			want.nested = c.W.Proto() == 3
		}
		if found, ok := s.popScores(c, c.Args[1:2], want); ok && !found {
			c.W.Array(0)
		}
	}
}

// zmpop is ZMPOP numkeys key [key …] MIN|MAX [COUNT n].
func zmpop(s *State, c *call) {
	keys, want, ok := c.popping(c.Args[1:])
	if !ok {
		return
	}
	if found, ok := s.popScores(c, keys, want); ok && !found {
		c.W.NullArray()
	}
}

// bzpop returns the handler of BZPOPMIN and BZPOPMAX key [key …] timeout.
func bzpop(highest bool) handler {
	return func(s *State, c *call) {
		last := len(c.Args) - 1
		if ms, ok := c.seconds(c.Args[last]); ok {
			s.popOrBlock(c, c.Args[1:last], popping{highest: highest, count: 1, name: true, single: true}, ms)
		}
	}
}

// bzmpop is BZMPOP timeout numkeys key [key …] MIN|MAX [COUNT n].
func bzmpop(s *State, c *call) {
	keys, want, ok := c.popping(c.Args[2:])
	if !ok {
		return
	}
	if ms, ok := c.seconds(c.Args[1]); ok {
		s.popOrBlock(c, keys, want, ms)
	}
}

func (s *State) popOrBlock(c *call, keys [][]byte, want popping, timeout int64) {
	if found, ok := s.popScores(c, keys, want); ok && !found {
		s.block(c, waitFor{keys: keys, kind: kindSortedSet, timeout: timeout})
	}
}

// popping reads "numkeys key [key …] MIN|MAX [COUNT n]". ok is false, and it has
// answered, if that is wrong.
func (c *call) popping(args [][]byte) (keys [][]byte, want popping, ok bool) {
	n, ok := c.intOr(args[0], 1, math.MaxInt64, errNumKeys)
	if !ok {
		return nil, want, false
	}
	want = popping{count: 1, name: true, nested: true}
	args = args[1:]
	if n >= int64(len(args)) {
		c.W.Error(errSyntax)
		return nil, want, false
	}
	keys, args = args[:n], args[n:]
	want.highest = resp.Is(args[0], "max")
	switch {
	case !want.highest && !resp.Is(args[0], "min"):
	case len(args) == 1:
		return keys, want, true
	case len(args) == 3 && resp.Is(args[1], "count"):
		want.count, ok = c.intOr(args[2], 1, math.MaxInt64, "ERR count should be greater than 0")
		return keys, want, ok
	case len(args) > 3 && resp.Is(args[1], "count"): // the number is looked at first
		if _, ok = c.intOr(args[2], 1, math.MaxInt64, "ERR count should be greater than 0"); !ok {
			return nil, want, false
		}
	}
	c.W.Error(errSyntax)
	return nil, want, false
}

// popScores takes members out of the first of some keys that exists, and answers
// them. found is false, and it has not answered, if none does; ok is false, and it
// has answered, if the first one is no sorted set.
func (s *State) popScores(c *call, keys [][]byte, want popping) (found, ok bool) {
	for _, key := range keys {
		p, z, ok := s.zsetToChange(c, key)
		if !ok {
			return false, false
		}
		if z != nil {
			s.popFrom(c, &p, z, want)
			return true, true
		}
	}
	return false, true
}

// head answers what comes before n members.
func (want popping) head(c *call, key string, n int) {
	switch {
	case want.single:
		c.W.Array(3)
	case want.name:
		c.W.Array(2)
	}
	if want.name {
		c.W.BulkString(key)
	}
	switch {
	case want.single:
	case want.nested:
		c.W.Array(n)
	default:
		c.W.Array(2 * n)
	}
}

func (s *State) popFrom(c *call, p *place, z *sortedSet, want popping) {
	n := int(min(want.count, int64(z.len())))
	want.head(c, p.e.name(), n)
	low, high, from := 0, n, 0
	if want.highest {
		low, high, from = z.len()-n, z.len(), z.len()-1
	}
	left := n
	for member, score := range z.from(from, want.highest) {
		if left == 0 {
			break
		}
		left--
		if want.nested {
			c.W.Array(2)
		}
		c.W.Bulk(member)
		c.W.Double(score)
	}
	if n == 0 {
		return
	}
	d := edit{s: s, p: p}
	d.begin(nil)
	z.removeRange(s, low, high)
	if want.highest {
		d.end(EventSortedSet, "zpopmax")
	} else {
		d.end(EventSortedSet, "zpopmin")
	}
}
