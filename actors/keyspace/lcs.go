package keyspace

import (
	"slices"

	"github.com/troupedb/troupe/wire/resp"
)

// lcsOptions are the options of LCS.
type lcsOptions struct {
	length, index, withLen bool
	minLen                 int64
}

// parse reads options; it is false, and has answered, if they are wrong.
func (o *lcsOptions) parse(c *call, args [][]byte) bool {
	for i := 0; i < len(args); i++ {
		switch a := args[i]; {
		case resp.Is(a, "idx"):
			o.index = true
		case resp.Is(a, "len"):
			o.length = true
		case resp.Is(a, "withmatchlen"):
			o.withLen = true
		case resp.Is(a, "minmatchlen") && i+1 < len(args):
			i++
			n, ok := c.int(args[i])
			if !ok {
				return false
			}
			o.minLen = max(n, 0)
		default:
			c.W.Error(errSyntax)
			return false
		}
	}
	if o.length && o.index {
		c.W.Error("ERR If you want both the length and indexes, please just use IDX.")
		return false
	}
	return true
}

// lcs is LCS key1 key2 [LEN] [IDX] [MINMATCHLEN n] [WITHMATCHLEN].
func lcs(s *State, c *call) {
	ea, eb := s.read(c.Args[1]), s.read(c.Args[2])
	if ea != nil && ea.kind() != kindString || eb != nil && eb.kind() != kindString {
		c.W.Error("ERR The specified keys must contain string values")
		return
	}
	var o lcsOptions
	if !o.parse(c, c.Args[3:]) {
		return
	}
	t := lcsTable{a: lcsText(ea), b: lcsText(eb)}
	cells := (int64(len(t.a)) + 1) * (int64(len(t.b)) + 1)
	if cells > int64(s.maxValue)/4 {
		c.W.Error("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len")
		return
	}
	t.fill(int(cells))
	switch {
	case o.length:
		c.W.Int(t.total())
	case o.index:
		t.replyIndex(c, &o)
	default:
		c.W.Bulk(t.text())
	}
}

func lcsText(e *entry) []byte {
	if e == nil {
		return nil
	}
	return e.text(nil)
}

// lcsTable holds the length of the longest common subsequence for each pair of
// prefixes of a and b.
type lcsTable struct {
	a, b  []byte
	cells []uint32
}

func (t *lcsTable) at(i, j int) uint32 { return t.cells[i*(len(t.b)+1)+j] }

func (t *lcsTable) total() int64 { return int64(t.cells[len(t.cells)-1]) }

func (t *lcsTable) fill(cells int) {
	t.cells = make([]uint32, cells)
	width := len(t.b) + 1
	for i, ca := range t.a {
		above, row := t.cells[i*width:(i+1)*width], t.cells[(i+1)*width:(i+2)*width]
		for j, cb := range t.b {
			if ca == cb {
				row[j+1] = above[j] + 1
			} else {
				row[j+1] = max(above[j+1], row[j])
			}
		}
	}
}

// back walks from the ends of a and b to their starts, and calls f with the
// places of each common byte.
func (t *lcsTable) back(f func(i, j int)) {
	i, j := len(t.a), len(t.b)
	for i > 0 && j > 0 {
		switch {
		case t.a[i-1] == t.b[j-1]:
			i, j = i-1, j-1
			f(i, j)
		case t.at(i-1, j) > t.at(i, j-1):
			i--
		default:
			j--
		}
	}
}

func (t *lcsTable) text() []byte {
	out := make([]byte, 0, t.total())
	t.back(func(i, _ int) { out = append(out, t.a[i]) })
	slices.Reverse(out)
	return out
}

// match is a stretch of common bytes.
type match struct{ a, b, n int }

// matches returns the stretches, last one first.
func (t *lcsTable) matches() []match {
	var out []match
	t.back(func(i, j int) {
		if k := len(out) - 1; k >= 0 && out[k].a == i+1 && out[k].b == j+1 {
			out[k] = match{i, j, out[k].n + 1}
			return
		}
		out = append(out, match{i, j, 1})
	})
	return out
}

func (t *lcsTable) replyIndex(c *call, o *lcsOptions) {
	all := slices.DeleteFunc(t.matches(), func(m match) bool { return int64(m.n) < o.minLen })
	c.W.Map(2)
	c.W.BulkString("matches")
	c.W.Array(len(all))
	for _, m := range all {
		if o.withLen {
			c.W.Array(3)
		} else {
			c.W.Array(2)
		}
		replySpan(c, m.a, m.n)
		replySpan(c, m.b, m.n)
		if o.withLen {
			c.W.Int(int64(m.n))
		}
	}
	c.W.BulkString("len")
	c.W.Int(t.total())
}

func replySpan(c *call, first, n int) {
	c.W.Array(2)
	c.W.Int(int64(first))
	c.W.Int(int64(first + n - 1))
}
