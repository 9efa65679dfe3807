package keyspace

import (
	"math"

	"github.com/troupedb/troupe/wire/resp"
)

// zsetToRead finds a sorted set for a command that does not change it, nil if
// there is no such key. ok is false, and it has answered, if that is none.
func (s *State) zsetToRead(c *call, key []byte) (z *sortedSet, ok bool) {
	return objectOf[*sortedSet](c, s.read(key))
}

// zsetToChange finds a sorted set for a command that may change it. ok is false,
// and it has answered, if that is none.
func (s *State) zsetToChange(c *call, key []byte) (p place, z *sortedSet, ok bool) {
	p = s.write(key)
	z, ok = objectOf[*sortedSet](c, p.e)
	return p, z, ok
}

// zaddOptions are the options of ZADD.
type zaddOptions struct{ nx, xx, gt, lt, ch, incr bool }

// parse reads options, and returns the pairs of score and member behind them. ok
// is false, and it has answered, if these are wrong or do not go together.
func (o *zaddOptions) parse(c *call, args [][]byte) (pairs [][]byte, ok bool) {
	for len(args) > 0 && o.option(args[0]) {
		args = args[1:]
	}
	switch {
	case len(args) == 0 || len(args)%2 != 0:
		c.W.Error(errSyntax)
	case o.nx && o.xx:
		c.W.Error("ERR XX and NX options at the same time are not compatible")
	case o.nx && (o.gt || o.lt) || o.gt && o.lt:
		c.W.Error("ERR GT, LT, and/or NX options at the same time are not compatible")
	case o.incr && len(args) > 2:
		c.W.Error("ERR INCR option supports a single increment-element pair")
	default:
		return args, true
	}
	return nil, false
}

// option takes one option; it is false if that is none.
func (o *zaddOptions) option(arg []byte) bool {
	switch {
	case resp.Is(arg, "nx"):
		o.nx = true
	case resp.Is(arg, "xx"):
		o.xx = true
	case resp.Is(arg, "gt"):
		o.gt = true
	case resp.Is(arg, "lt"):
		o.lt = true
	case resp.Is(arg, "ch"):
		o.ch = true
	case resp.Is(arg, "incr"):
		o.incr = true
	default:
		return false
	}
	return true
}

// allows tells whether a member that has the score old may get the score next.
func (o *zaddOptions) allows(old, next float64) bool {
	return !(o.lt && next >= old || o.gt && next <= old)
}

// zadd is ZADD key [NX|XX] [GT|LT] [CH] [INCR] score member [score member …].
func zadd(s *State, c *call) { s.addScores(c, zaddOptions{}) }

// zincrby is ZINCRBY key n member.
func zincrby(s *State, c *call) { s.addScores(c, zaddOptions{incr: true}) }

func (s *State) addScores(c *call, o zaddOptions) {
	pairs, ok := o.parse(c, c.Args[2:])
	if !ok {
		return
	}
	members := make([]scoredMember, len(pairs)/2)
	for i := range members {
		members[i].member = pairs[2*i+1]
		if members[i].score, ok = c.float(pairs[2*i], errNotFloat); !ok {
			return
		}
	}
	s.putScores(c, o, members)
}

// scoredMember is a member with its score.
type scoredMember struct {
	member []byte
	score  float64
}

// putScores adds members, as far as the options allow, and answers how that went.
func (s *State) putScores(c *call, o zaddOptions, members []scoredMember) {
	p, z, ok := s.zsetToChange(c, c.Args[1])
	if !ok {
		return
	}
	a := adder{edit: edit{s: s, p: &p}, o: o, z: z, pairs: len(members)}
	for _, m := range members {
		if !a.add(m.member, m.score) {
			c.W.Error("ERR resulting score is not a number (NaN)")
			break
		}
	}
	if o.incr {
		a.end(EventSortedSet, "zincr")
	} else {
		a.end(EventSortedSet, "zadd")
	}
	a.answer(c)
}

// adder is a ZADD while it runs.
type adder struct {
	edit
	o     zaddOptions
	z     *sortedSet // nil: none yet
	pairs int        // how many there are to add

	added, updated int64
	score          float64 // of the last member
	done           bool    // it was not left alone
	nan            bool    // it would be none
}

// add adds a member or changes its score, as far as the options allow. It is false
// if the score would be no number.
func (a *adder) add(member []byte, score float64) bool {
	old, found := a.z.score(a.s, member)
	if found && a.o.nx || !found && a.o.xx {
		return true
	}
	if found && a.o.incr {
		score += old
	}
	switch {
	case math.IsNaN(score):
		a.nan = true
		return false
	case !found:
		a.change().put(a.s, member, score)
		a.added++
	case !a.o.allows(old, score):
		return true
	case score != old:
		a.change().update(a.s, member, old, score)
		a.updated++
	}
	a.score, a.done = score, true
	return true
}

// change returns the sorted set, ready to be changed.
func (a *adder) change() *sortedSet {
	a.z = a.begin(func() object { return &sortedSet{} }).(*sortedSet)
	if !a.z.table() && a.s.limits.exceeded(zsetMaxEntries, a.pairs) {
		a.z.makeTable(a.s)
	}
	return a.z
}

func (a *adder) answer(c *call) {
	switch {
	case a.nan: // has been answered
	case a.o.incr && a.done:
		c.W.Double(a.score)
	case a.o.incr:
		c.W.Null()
	case a.o.ch:
		c.W.Int(a.added + a.updated)
	default:
		c.W.Int(a.added)
	}
}

// zrem is ZREM key member [member …].
func zrem(s *State, c *call) {
	p, z, ok := s.zsetToChange(c, c.Args[1])
	if !ok {
		return
	}
	var n int64
	d := edit{s: s, p: &p}
	for _, member := range c.Args[2:] {
		if score, found := z.score(s, member); found {
			d.begin(nil)
			z.remove(s, member, score)
			n++
		}
	}
	d.end(EventSortedSet, "zrem")
	c.W.Int(n)
}

// zcard is ZCARD key.
func zcard(s *State, c *call) {
	if z, ok := s.zsetToRead(c, c.Args[1]); ok {
		c.W.Int(int64(z.len()))
	}
}

// zscore is ZSCORE key member.
func zscore(s *State, c *call) {
	if z, ok := s.zsetToRead(c, c.Args[1]); ok {
		c.score(z.score(s, c.Args[2]))
	}
}

// score answers a score, or null if there is none.
func (c *call) score(score float64, found bool) {
	if !found {
		c.W.Null()
		return
	}
	c.W.Double(score)
}

// zmscore is ZMSCORE key member [member …].
func zmscore(s *State, c *call) {
	z, ok := s.zsetToRead(c, c.Args[1])
	if !ok {
		return
	}
	c.W.Array(len(c.Args) - 2)
	for _, member := range c.Args[2:] {
		c.score(z.score(s, member))
	}
}

// zrank returns the handler of ZRANK and ZREVRANK key member [WITHSCORE].
func zrank(reverse bool) handler {
	return func(s *State, c *call) {
		withScore := len(c.Args) == 4
		switch {
		case len(c.Args) > 4:
			c.arity()
			return
		case withScore && !resp.Is(c.Args[3], "withscore"):
			c.W.Error(errSyntax)
			return
		}
		z, ok := s.zsetToRead(c, c.Args[1])
		if !ok {
			return
		}
		score, found := z.score(s, c.Args[2])
		if !found {
			c.noRank(withScore)
			return
		}
		rank := z.rank(s, c.Args[2], score)
		if reverse {
			rank = z.len() - 1 - rank
		}
		if withScore {
			c.W.Array(2)
		}
		c.W.Int(int64(rank))
		if withScore {
			c.W.Double(score)
		}
	}
}

// noRank answers null, in the place of an array if that was asked for.
func (c *call) noRank(array bool) {
	if array {
		c.W.NullArray()
		return
	}
	c.W.Null()
}
