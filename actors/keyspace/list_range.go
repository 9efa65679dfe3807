package keyspace

import (
	"bytes"
	"math"

	"github.com/troupedb/troupe/wire/resp"
)

// indexRange turns the ends of a range of elements, which count from the end if
// negative and include the last, into bounds of a slice of n.
func indexRange(start, stop int64, n int) (from, to int) {
	size := int64(n)
	if start < 0 {
		start = max(start+size, 0)
	}
	if stop < 0 {
		stop += size
	}
	stop = min(stop, size-1)
	if start > stop {
		return 0, 0
	}
	return int(start), int(stop + 1)
}

// ends reads the ends of a range, or answers that one is no integer.
func (c *call) ends(first, last []byte) (start, stop int64, ok bool) {
	if start, ok = c.int(first); !ok {
		return 0, 0, false
	}
	stop, ok = c.int(last)
	return start, stop, ok
}

// lrange is LRANGE key start stop.
func lrange(s *State, c *call) {
	start, stop, ok := c.ends(c.Args[2], c.Args[3])
	if !ok {
		return
	}
	l, ok := s.listToRead(c, c.Args[1])
	if !ok {
		return
	}
	from, to := indexRange(start, stop, l.len())
	c.W.Array(to - from)
	if from == to {
		return
	}
	for element := range l.t.Forward(from) {
		c.W.Bulk(element)
		if from++; from == to {
			break
		}
	}
}

// ltrim is LTRIM key start stop. It counts as a change also if nothing is outside
// the range.
func ltrim(s *State, c *call) {
	start, stop, ok := c.ends(c.Args[2], c.Args[3])
	if !ok {
		return
	}
	p, l, ok := s.listToChange(c, c.Args[1])
	if !ok {
		return
	}
	if l != nil {
		from, to := indexRange(start, stop, l.len())
		e, before := s.upsert(&p)
		l.remove(to, l.len())
		l.remove(0, from)
		l.shrink(s)
		s.notify(EventList, "ltrim", e.name())
		s.settle(e, before)
	}
	c.W.OK()
}

// posOptions are those of LPOS.
type posOptions struct {
	rank   int64 // the first match that counts; from the right if negative
	count  int64 // how many to answer, 0: all; -1: one, not in an array
	maxLen int64 // how many elements to look at, 0: all
}

// parse reads options; ok is false, and it has answered, if they are wrong.
func (o *posOptions) parse(c *call, opts [][]byte) (ok bool) {
	*o = posOptions{rank: 1, count: -1}
	for ; len(opts) > 0; opts = opts[2:] {
		switch name := opts[0]; {
		case len(opts) == 1:
			c.W.Error(errSyntax)
			return false
		case resp.Is(name, "rank"):
			o.rank, ok = c.rank(opts[1])
		case resp.Is(name, "count"):
			o.count, ok = c.intOr(opts[1], 0, math.MaxInt64, "ERR COUNT can't be negative")
		case resp.Is(name, "maxlen"):
			o.maxLen, ok = c.intOr(opts[1], 0, math.MaxInt64, "ERR MAXLEN can't be negative")
		default:
			c.W.Error(errSyntax)
			return false
		}
		if !ok {
			return false
		}
	}
	return true
}

func (c *call) rank(arg []byte) (int64, bool) {
	rank, ok := c.intIn(arg, -math.MaxInt64, math.MaxInt64)
	if ok && rank == 0 {
		c.W.Error("ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... " +
			"or use negative to start from the end of the list")
		return 0, false
	}
	return rank, ok
}

// lpos is LPOS key element [RANK rank] [COUNT count] [MAXLEN len].
func lpos(s *State, c *call) {
	var o posOptions
	if !o.parse(c, c.Args[3:]) {
		return
	}
	l, ok := s.listToRead(c, c.Args[1])
	if !ok {
		return
	}
	found := l.search(c.Args[2], o)
	switch {
	case o.count >= 0:
		c.W.Array(len(found))
		for _, i := range found {
			c.W.Int(int64(i))
		}
	case len(found) == 0:
		c.W.Null()
	default:
		c.W.Int(int64(found[0]))
	}
}

// search returns the positions that o asks for, in the order of the search.
func (l *listObject) search(element []byte, o posOptions) (found []int) {
	if l == nil {
		return nil
	}
	end, pos, step, rank := left, 0, 1, o.rank
	if rank < 0 {
		end, pos, step, rank = right, l.len()-1, -1, -rank
	}
	seen := int64(0)
	for other := range l.from(end) {
		if bytes.Equal(other, element) {
			if rank--; rank <= 0 {
				found = append(found, pos)
			}
			if n := int64(len(found)); n > 0 && (o.count < 0 || n == o.count) {
				break
			}
		}
		if seen++; seen == o.maxLen {
			break
		}
		pos += step
	}
	return found
}
