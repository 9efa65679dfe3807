package keyspace

import (
	"iter"

	"github.com/troupedb/troupe/wire/resp"
)

// xrange is XRANGE key first last [COUNT n].
func xrange(s *State, c *call) {
	if r, ok := c.idRange(c.Args[2], c.Args[3]); ok {
		s.answerRange(c, r, false)
	}
}

// xrevrange is XREVRANGE key last first [COUNT n].
func xrevrange(s *State, c *call) {
	if r, ok := c.idRange(c.Args[3], c.Args[2]); ok {
		s.answerRange(c, r, true)
	}
}

// answerRange answers the entries of a range, the last one first if backward.
func (s *State) answerRange(c *call, r idRange, backward bool) {
	count := int64(-1)
	for args := c.Args[4:]; len(args) > 0; args = args[2:] {
		if len(args) == 1 || !resp.Is(args[0], "count") {
			c.W.Error(errSyntax)
			return
		}
		n, ok := c.int(args[1])
		if !ok {
			return
		}
		count = max(n, 0)
	}
	st, ok := s.streamToRead(c, c.Args[1])
	switch {
	case !ok:
	case st == nil:
		c.W.Array(0)
	case count == 0:
		c.W.NullArray()
	default:
		st.answer(c, r, max(count, 0), backward)
	}
}

// answer answers an array of the entries of a range, at most count unless that is 0.
func (st *streamObject) answer(c *call, r idRange, count int64, backward bool) {
	from, to := st.entriesOf(r)
	n := to - from
	if count > 0 {
		n = int(min(int64(n), count))
	}
	var items iter.Seq[[]byte]
	if backward {
		items = st.entries.Backward(to - 1)
	} else {
		items = st.entries.Forward(from)
	}
	c.W.Array(n)
	reader := streamReader{st: st}
	for item := range items {
		if n--; n < 0 {
			break
		}
		reader.entry(c, item)
	}
}
