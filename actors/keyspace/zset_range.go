package keyspace

import (
	"bytes"
	"encoding/binary"
	"sort"

	"github.com/troupedb/troupe/wire/resp"
)

// rangeBy says what the ends of a range are.
type rangeBy uint8

const (
	byAny rangeBy = iota // the options tell
	byRank
	byScore
	byLex
)

// zrange is a range of a sorted set. ends sets the bounds, and span finds the ranks.
type zrange struct {
	by        rangeBy
	low, high zbound
}

// zbound is an end of a range.
type zbound struct {
	rank     int64
	score    float64
	lex      []byte
	infinite int // by names: -1 is before all of them, 1 behind all
	open     bool
}

const (
	errNoScoreRange = "ERR min or max is not a float"
	errNoLexRange   = "ERR min or max not valid string range item"
)

// ends reads the ends of the range. ok is false, and it has answered, if they are none.
func (r *zrange) ends(c *call, low, high []byte) bool {
	for _, end := range []struct {
		arg   []byte
		bound *zbound
	}{{low, &r.low}, {high, &r.high}} {
		if !r.end(c, end.arg, end.bound) {
			return false
		}
	}
	return true
}

func (r *zrange) end(c *call, arg []byte, b *zbound) (ok bool) {
	switch r.by {
	case byRank:
		b.rank, ok = c.int(arg)
		return ok
	case byScore:
		if ok = b.parseScore(arg); !ok {
			c.W.Error(errNoScoreRange)
		}
		return ok
	}
	if ok = b.parseLex(arg); !ok {
		c.W.Error(errNoLexRange)
	}
	return ok
}

// parseScore reads a score with a ( before it if it is excluded, as loosely as Redis does.
func (b *zbound) parseScore(arg []byte) bool {
	if b.open = len(arg) > 0 && arg[0] == '('; b.open {
		arg = arg[1:]
	}
	score, ok, _ := scanLoose(arg)
	b.score = score
	return ok
}

// parseLex reads a name behind [ or (, or one of - and +.
func (b *zbound) parseLex(arg []byte) bool {
	if len(arg) == 0 {
		return false
	}
	switch arg[0] {
	case '-', '+':
		if b.infinite = 1; arg[0] == '-' {
			b.infinite = -1
		}
		return len(arg) == 1 || arg[1] == 0
	case '(', '[':
		b.lex, b.open = arg[1:], arg[0] == '('
		return true
	}
	return false
}

// span returns the ranks from low up to high of what is in the range; reverse
// counts ranks from the highest score.
func (r *zrange) span(s *State, z *sortedSet, reverse bool) (low, high int) {
	n := z.len()
	if n == 0 {
		return 0, 0
	}
	switch r.by {
	case byRank:
		low, high = rankSpan(r.low.rank, r.high.rank, n)
		if reverse {
			low, high = n-high, n-low
		}
	case byScore:
		low, high = z.scoreRank(r.low.score, r.low.open), z.scoreRank(r.high.score, !r.high.open)
	default:
		low, high = z.lexRank(s, &r.low, r.low.open), z.lexRank(s, &r.high, !r.high.open)
	}
	return low, max(low, high)
}

// rankSpan turns ranks, which count from the end if negative and include the last,
// into bounds.
func rankSpan(start, end int64, n int) (low, high int) {
	if start < 0 {
		start = max(start+int64(n), 0)
	}
	if end < 0 {
		end += int64(n)
	}
	if start > end || start >= int64(n) {
		return 0, 0
	}
	return int(start), int(min(end, int64(n)-1)) + 1
}

// scoreRank returns how many members have a lower score, or with equal the same.
func (z *sortedSet) scoreRank(score float64, equal bool) int {
	key := scoreKey(score)
	if equal {
		key++
	}
	rank, _ := z.byScore.Seek(binary.BigEndian.AppendUint64(nil, key))
	return rank
}

// lexRank returns how many members are before a name, or with equal have it. If
// not all scores are the same this takes the members for ordered by name: what
// Redis leaves open else.
func (z *sortedSet) lexRank(s *State, b *zbound, equal bool) int {
	switch {
	case b.infinite < 0:
		return 0
	case b.infinite > 0:
		return z.len()
	}
	_, lowest := z.at(0)
	if _, highest := z.at(z.len() - 1); lowest != highest {
		return sort.Search(z.len(), func(i int) bool {
			member, _ := z.at(i)
			cmp := bytes.Compare(member, b.lex)
			return cmp > 0 || cmp == 0 && !equal
		})
	}
	probe := s.scoreItem(b.lex, lowest)
	rank, item := z.byScore.Seek(probe)
	if equal && bytes.Equal(item, probe) {
		rank++
	}
	return rank
}

// rangeOptions are the options of ZRANGE and the commands before it.
type rangeOptions struct {
	by            rangeBy
	reverse       bool
	fixed         bool // the direction is the command's
	store         bool
	withScores    bool
	offset, limit int64
}

// parse reads options. It is false, and has answered, if they are wrong or do not
// go together.
func (o *rangeOptions) parse(c *call, args [][]byte) bool {
	o.limit = -1
	for ; len(args) > 0; args = args[1:] {
		switch a := args[0]; {
		case !o.store && resp.Is(a, "withscores"):
			o.withScores = true
		case resp.Is(a, "limit") && len(args) > 2:
			if !o.parseLimit(c, args[1], args[2]) {
				return false
			}
			args = args[2:]
		case !o.fixed && resp.Is(a, "rev"):
			o.reverse, o.fixed = true, true
		case o.by == byAny && resp.Is(a, "bylex"):
			o.by = byLex
		case o.by == byAny && resp.Is(a, "byscore"):
			o.by = byScore
		default:
			c.W.Error(errSyntax)
			return false
		}
	}
	return o.complete(c)
}

func (o *rangeOptions) parseLimit(c *call, offset, limit []byte) (ok bool) {
	if o.offset, ok = c.int(offset); ok {
		o.limit, ok = c.int(limit)
	}
	return ok
}

// complete fills in what was left open and checks the rest.
func (o *rangeOptions) complete(c *call) bool {
	if o.by == byAny {
		o.by = byRank
	}
	switch {
	case o.limit != -1 && o.by == byRank:
		c.W.Error("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX")
	case o.withScores && o.by == byLex:
		c.W.Error("ERR syntax error, WITHSCORES not supported in combination with BYLEX")
	default:
		return true
	}
	return false
}

// cut applies offset and limit to ranks.
func (o *rangeOptions) cut(low, high int) (int, int) {
	if o.offset < 0 || o.offset >= int64(high-low) {
		return low, low
	}
	n := high - low - int(o.offset)
	if o.limit >= 0 {
		n = int(min(int64(n), o.limit))
	}
	if o.reverse {
		return high - int(o.offset) - n, high - int(o.offset)
	}
	return low + int(o.offset), low + int(o.offset) + n
}

// ranks reads "key low high [options]" from argument i on and returns the sorted
// set with the ranks asked for. ok is false, and it has answered, if that is wrong.
func (o *rangeOptions) ranks(s *State, c *call, i int) (z *sortedSet, low, high int, ok bool) {
	if !o.parse(c, c.Args[i+3:]) {
		return nil, 0, 0, false
	}
	r := zrange{by: o.by}
	first, last := c.Args[i+1], c.Args[i+2]
	if o.reverse && o.by != byRank {
		first, last = last, first
	}
	if !r.ends(c, first, last) {
		return nil, 0, 0, false
	}
	if z, ok = s.zsetToRead(c, c.Args[i]); !ok {
		return nil, 0, 0, false
	}
	if low, high = r.span(s, z, o.reverse); o.by != byRank {
		low, high = o.cut(low, high)
	}
	return z, low, high, true
}

// zrangeOf returns the handler of ZRANGE and the commands before it, key low high [options].
func zrangeOf(o rangeOptions) handler {
	return func(s *State, c *call) {
		o := o
		z, low, high, ok := o.ranks(s, c, 1)
		if !ok {
			return
		}
		c.scoresHead(high-low, o.withScores)
		from := low
		if o.reverse {
			from = high - 1
		}
		for member, score := range z.from(from, o.reverse) {
			if low == high {
				break
			}
			c.member(member, score, o.withScores)
			low++
		}
	}
}

// scoresHead answers the head of an array of n members. With scores it is flat in
// RESP2, and has pairs in RESP3.
func (c *call) scoresHead(n int, withScores bool) {
	if withScores && c.W.Proto() == 2 {
		n *= 2
	}
	c.W.Array(n)
}

// member answers an element of that array.
func (c *call) member(member []byte, score float64, withScores bool) {
	if withScores && c.W.Proto() == 3 {
		c.W.Array(2)
	}
	c.W.Bulk(member)
	if withScores {
		c.W.Double(score)
	}
}

// zrangestore is ZRANGESTORE destination key low high [options].
func zrangestore(s *State, c *call) {
	o := rangeOptions{store: true}
	z, low, high, ok := o.ranks(s, c, 2)
	if !ok {
		return
	}
	p := s.write(c.Args[1])
	result := &sortedSet{}
	for member, score := range z.from(low, false) {
		if low == high {
			break
		}
		result.put(s, member, score)
		low++
	}
	s.storeResult(&p, result, EventSortedSet, "zrangestore")
	c.W.Int(int64(result.len()))
}

// zcount returns the handler of ZCOUNT and ZLEXCOUNT key low high.
func zcount(by rangeBy) handler {
	return func(s *State, c *call) {
		r := zrange{by: by}
		if !r.ends(c, c.Args[2], c.Args[3]) {
			return
		}
		if z, ok := s.zsetToRead(c, c.Args[1]); ok {
			low, high := r.span(s, z, false)
			c.W.Int(int64(high - low))
		}
	}
}

// zremrange returns the handler of ZREMRANGEBYRANK, …BYSCORE and …BYLEX key low high.
func zremrange(by rangeBy, event string) handler {
	return func(s *State, c *call) {
		r := zrange{by: by}
		if !r.ends(c, c.Args[2], c.Args[3]) {
			return
		}
		p, z, ok := s.zsetToChange(c, c.Args[1])
		if !ok {
			return
		}
		low, high := r.span(s, z, false)
		if low < high {
			d := edit{s: s, p: &p}
			d.begin(nil)
			z.removeRange(s, low, high)
			d.end(EventSortedSet, event)
		}
		c.W.Int(int64(high - low))
	}
}
