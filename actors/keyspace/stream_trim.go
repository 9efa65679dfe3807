package keyspace

import "github.com/troupedb/troupe/wire/resp"

// maxStreamEntry is the longest entry, and node, of a stream in bytes.
const maxStreamEntry = 1 << 30

// streamTrim says what is to be cut off the beginning of a stream.
type streamTrim struct {
	by     trimBy
	approx bool  // whole nodes only
	limit  int64 // entries at most, 0: any number
	maxLen int64
	minID  streamID
}

type trimBy uint8

const (
	trimNot trimBy = iota
	trimByLength
	trimByID
)

// trim cuts entries off and returns how many.
func (st *streamObject) trim(t *streamTrim) (deleted int64) {
	for t.by != trimNot && st.nodes.Len() > 0 {
		if t.by == trimByLength && int64(st.len()) <= t.maxLen {
			break
		}
		node := readNode(st.nodes.At(0))
		if t.limit > 0 && deleted+int64(node.live) > t.limit {
			break
		}
		if t.whole(st, &node) {
			deleted += int64(node.live)
			st.entries.DeleteRange(0, min(node.live, st.len()))
			st.nodes.Delete(0)
			continue
		}
		if !t.approx {
			n := t.inFirst(st)
			deleted += int64(n)
			st.entries.DeleteRange(0, n)
			st.forget(0, n)
		}
		break
	}
	return deleted
}

// whole tells whether all of the first node is to be cut off.
func (t *streamTrim) whole(st *streamObject, first *streamNode) bool {
	if t.by == trimByLength {
		return int64(st.len()-first.live) >= t.maxLen
	}
	return first.last.less(t.minID)
}

// inFirst returns how many entries of the first node are to be cut off, where
// that is not all of it.
func (t *streamTrim) inFirst(st *streamObject) int {
	if t.by == trimByLength {
		return st.len() - int(t.maxLen)
	}
	pos, _ := st.entries.Seek(appendShortID(nil, t.minID))
	return pos
}

// trimOption reads "MAXLEN|MINID [=|~] threshold" or "LIMIT n" from the beginning
// of args and returns how many that took. ok is false, and it has answered, if it
// is wrong; with no such option it takes nothing.
func (t *streamTrim) option(c *call, args [][]byte) (took int, ok bool) {
	switch {
	case len(args) < 2:
		return 0, true
	case resp.Is(args[0], "limit"):
		if t.limit, ok = c.int(args[1]); ok && t.limit < 0 {
			c.W.Error("ERR The LIMIT argument must be >= 0.")
			return 0, false
		}
		return 2, ok
	case resp.Is(args[0], "maxlen"), resp.Is(args[0], "minid"):
		return t.threshold(c, args)
	}
	return 0, true
}

func (t *streamTrim) threshold(c *call, args [][]byte) (took int, ok bool) {
	if t.by != trimNot {
		c.W.Error("ERR syntax error, MAXLEN and MINID options at the same time are not compatible")
		return 0, false
	}
	took, t.approx = 2, false
	if sign := string(args[1]); len(args) > 2 && (sign == "~" || sign == "=") {
		took, t.approx = 3, sign == "~"
	}
	if resp.Is(args[0], "minid") {
		t.by = trimByID
		t.minID, ok = c.strictID(args[took-1])
		return took, ok
	}
	t.by = trimByLength
	if t.maxLen, ok = c.int(args[took-1]); ok && t.maxLen < 0 {
		c.W.Error("ERR The MAXLEN argument must be >= 0.")
		return 0, false
	}
	return took, ok
}

// finish checks how options go together, once all are read: whether LIMIT was
// among them tells limited. ok is false, and it has answered, if they do not.
func (t *streamTrim) finish(c *call, s *State, limited bool) (ok bool) {
	switch {
	case t.limit > 0 && t.by == trimNot:
		c.W.Error("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy")
		return false
	case limited && !t.approx:
		c.W.Error("ERR syntax error, LIMIT cannot be used without the special ~ option")
		return false
	case !limited && t.approx:
		const nodes, most, unlimited = 100, 1_000_000, 10_000
		if t.limit = min(nodes*s.limits[streamMaxEntries], most); t.limit <= 0 {
			t.limit = unlimited
		}
	}
	return true
}

// xtrim is XTRIM key MAXLEN|MINID [=|~] threshold [LIMIT n].
func xtrim(s *State, c *call) {
	var t streamTrim
	limited := false
	for args := c.Args[2:]; len(args) > 0; {
		took, ok := t.option(c, args)
		if !ok {
			return
		}
		if took == 0 {
			c.W.Error(errSyntax)
			return
		}
		limited = limited || resp.Is(args[0], "limit")
		args = args[took:]
	}
	if t.by == trimNot && t.limit == 0 {
		c.W.Error("ERR syntax error, XTRIM must be called with a trimming strategy")
		return
	}
	if !t.finish(c, s, limited) {
		return
	}
	p, st, ok := s.streamToChange(c, c.Args[1])
	if !ok {
		return
	}
	if st == nil {
		c.W.Int(0)
		return
	}
	c.W.Int(s.trimStream(&p, &t))
}

// trimStream trims a stream that exists and returns how many entries are gone.
func (s *State) trimStream(p *place, t *streamTrim) (deleted int64) {
	e, before := s.upsert(p)
	if deleted = e.object().(*streamObject).trim(t); deleted > 0 {
		s.notify(EventStream, "xtrim", e.name())
	}
	s.resized(e, before)
	return deleted
}
