package keyspace

import (
	"iter"
	"math"
	"slices"

	"github.com/troupedb/troupe/actors/keyspace/ctree"
	"github.com/troupedb/troupe/wire/resp"
)

// scored is one of the sets that a command combines: a sorted set, or a set, all
// of whose members have the score 1, or neither, which has no members.
type scored struct {
	z      *sortedSet
	set    *setObject
	weight float64
}

func (o *scored) len() int { return o.z.len() + o.set.len() }

func (o *scored) all() iter.Seq2[[]byte, float64] {
	if o.set == nil {
		return o.z.from(0, false)
	}
	return func(yield func([]byte, float64) bool) {
		for member := range o.set.walk(0) {
			if !yield(member, 1) {
				return
			}
		}
	}
}

func (o *scored) score(s *State, member []byte) (float64, bool) {
	if o.set.has(s, member) {
		return 1, true
	}
	return o.z.score(s, member)
}

// combination is a command that combines sets, once it is read.
type combination struct {
	sets       []scored
	aggregate  func(a, b float64) float64
	withScores bool
	limit      int64
}

// Which options a combination takes.
const (
	takesWeights = 1 << iota // and AGGREGATE
	takesScores
	takesLimit
)

// combiner makes a sorted set of several.
type combiner struct {
	combine func(s *State, c *combination) *sortedSet
	options int
}

var (
	zunion = combiner{unionOf, takesWeights}
	zinter = combiner{interOf, takesWeights}
	zdiff  = combiner{diffOf, 0}
)

// parse reads "numkeys key [key …] [options]" from argument i on. It is false, and
// has answered, if that is wrong.
func (o *combination) parse(s *State, c *call, i, options int) bool {
	n, ok := c.int(c.Args[i])
	switch {
	case !ok:
		return false
	case n < 1:
		c.W.Error("ERR at least 1 input key is needed for '" + c.name() + "' command")
		return false
	case n > int64(len(c.Args)-i-1):
		c.W.Error(errSyntax)
		return false
	}
	keys, args := c.Args[i+1:i+1+int(n)], c.Args[i+1+int(n):]
	o.aggregate = sumOf
	return o.find(s, c, keys) && o.parseOptions(c, args, options)
}

// find finds the sets of some keys. It is false, and has answered, if one of them
// is none.
func (o *combination) find(s *State, c *call, keys [][]byte) bool {
	for _, key := range keys {
		set := scored{weight: 1}
		if e := s.read(key); e != nil {
			set.z, _ = e.object().(*sortedSet)
			set.set, _ = e.object().(*setObject)
			if set.z == nil && set.set == nil {
				c.W.Error(errWrongType)
				return false
			}
		}
		o.sets = append(o.sets, set)
	}
	return true
}

func (o *combination) parseOptions(c *call, args [][]byte, options int) bool {
	for len(args) > 0 {
		used, ok := 0, false
		switch a := args[0]; {
		case options&takesWeights != 0 && resp.Is(a, "weights") && len(args) > len(o.sets):
			used, ok = 1+len(o.sets), o.parseWeights(c, args[1:])
		case options&takesWeights != 0 && resp.Is(a, "aggregate") && len(args) > 1:
			used, ok = 2, o.parseAggregate(c, args[1])
		case options&takesScores != 0 && resp.Is(a, "withscores"):
			used, ok, o.withScores = 1, true, true
		case options&takesLimit != 0 && resp.Is(a, "limit") && len(args) > 1:
			used = 2
			o.limit, ok = c.intOr(args[1], 0, math.MaxInt64, errLimit)
		default:
			c.W.Error(errSyntax)
		}
		if !ok {
			return false
		}
		args = args[used:]
	}
	return true
}

func (o *combination) parseWeights(c *call, args [][]byte) (ok bool) {
	for i := range o.sets {
		if o.sets[i].weight, ok = c.float(args[i], "ERR weight value is not a float"); !ok {
			return false
		}
	}
	return true
}

func (o *combination) parseAggregate(c *call, arg []byte) bool {
	switch {
	case resp.Is(arg, "sum"):
		o.aggregate = sumOf
	case resp.Is(arg, "min"):
		o.aggregate = minOf
	case resp.Is(arg, "max"):
		o.aggregate = maxOf
	default:
		c.W.Error(errSyntax)
		return false
	}
	return true
}

// sumOf adds two scores; the sum of both infinities is 0.
func sumOf(a, b float64) float64 { return orZero(a + b) }

// minOf and maxOf leave a where b is no number.
func minOf(a, b float64) float64 {
	if b < a {
		return b
	}
	return a
}

func maxOf(a, b float64) float64 {
	if b > a {
		return b
	}
	return a
}

// orZero makes 0 of what is no number.
func orZero(score float64) float64 {
	if math.IsNaN(score) {
		return 0
	}
	return score
}

// bySize puts the smallest sets first.
func (o *combination) bySize() {
	slices.SortStableFunc(o.sets, func(a, b scored) int { return a.len() - b.len() })
}

// unionOf collects the scores of members by their hashes first, since most of them
// may change with every set.
func unionOf(s *State, o *combination) *sortedSet {
	o.bySize()
	sums := sortedSet{byMember: &ctree.Tree{}}
	longest := 0
	for i := range o.sets {
		set := &o.sets[i]
		for member, score := range set.all() {
			score = orZero(set.weight * score)
			pos, item := sums.find(s, member)
			if item == nil {
				sums.byMember.Insert(pos, s.memberItem(member, score))
				longest = max(longest, len(member))
				continue
			}
			old := readScore(item[len(item)-scoreSize:])
			sums.byMember.Replace(pos, s.memberItem(member, o.aggregate(old, score)))
		}
	}
	return sums.ofMembers(s, longest)
}

// ofMembers returns a sorted set of the members in byMember, the longest of which
// has that length. z becomes part of it.
func (z *sortedSet) ofMembers(s *State, longest int) *sortedSet {
	for item := range z.byMember.Forward(0) {
		member, score := cutField(item[hashSize:])
		z.insertScore(s, member, readScore(score))
	}
	if s.limits.exceeded(zsetMaxEntries, z.len()) || s.limits.exceeded(zsetMaxValue, longest) {
		return &sortedSet{z.byScore, z.byMember}
	}
	return &sortedSet{byScore: z.byScore}
}

func interOf(s *State, o *combination) *sortedSet {
	result := &sortedSet{}
	o.inter(s, func(member []byte, score float64) bool {
		result.put(s, member, score)
		return true
	})
	return result
}

// inter visits the members that all sets have, until visit returns false.
func (o *combination) inter(s *State, visit func(member []byte, score float64) bool) {
	o.bySize()
	for member, score := range o.sets[0].all() {
		score, there := o.interScore(s, member, orZero(score*o.sets[0].weight))
		if there && !visit(member, score) {
			return
		}
	}
}

// interScore combines the score of a member with those of the other sets.
func (o *combination) interScore(s *State, member []byte, score float64) (_ float64, there bool) {
	for i := range o.sets[1:] {
		set := &o.sets[1+i]
		other, found := set.score(s, member)
		if !found {
			return 0, false
		}
		score = o.aggregate(score, other*set.weight)
	}
	return score, true
}

func diffOf(s *State, o *combination) *sortedSet {
	result := &sortedSet{}
	for member, score := range o.sets[0].all() {
		there := func(set scored) bool {
			_, found := set.score(s, member)
			return found
		}
		if !slices.ContainsFunc(o.sets[1:], there) {
			result.put(s, member, score)
		}
	}
	return result
}

// zsetAlgebra returns the handler of ZUNION, ZINTER and ZDIFF numkeys key [key …] [options].
func zsetAlgebra(of combiner) handler {
	return func(s *State, c *call) {
		var o combination
		if !o.parse(s, c, 1, of.options|takesScores) {
			return
		}
		result := of.combine(s, &o)
		c.scoresHead(result.len(), o.withScores)
		for member, score := range result.from(0, false) {
			c.member(member, score, o.withScores)
		}
	}
}

// storeScores returns the handler of ZUNIONSTORE, ZINTERSTORE and ZDIFFSTORE
// destination numkeys key [key …] [options].
func storeScores(of combiner, event string) handler {
	return func(s *State, c *call) {
		var o combination
		if !o.parse(s, c, 2, of.options) {
			return
		}
		p := s.write(c.Args[1])
		result := of.combine(s, &o)
		s.storeResult(&p, result, EventSortedSet, event)
		c.W.Int(int64(result.len()))
	}
}

// zintercard is ZINTERCARD numkeys key [key …] [LIMIT n].
func zintercard(s *State, c *call) {
	var o combination
	if !o.parse(s, c, 1, takesLimit) {
		return
	}
	n := int64(0)
	o.inter(s, func([]byte, float64) bool {
		n++
		return n != o.limit
	})
	c.W.Int(n)
}
