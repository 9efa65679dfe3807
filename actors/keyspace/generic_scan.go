package keyspace

import (
	"math"
	"strconv"

	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/resp"
)

// A scan cursor is a place in the order of walks: the slot, then the position
// in its dict. Its place in the order of keys does not depend on the size of
// any table, so a cursor stays good on another replica of the shard. 0 is the
// start, and the end.
const (
	cursorBits = 32 + 14
	cursorEnd  = uint64(1) << cursorBits
)

// scanOptions are the options of SCAN.
type scanOptions struct {
	pattern []byte // nil: all
	typ     []byte // nil: all
	count   int64
}

// parse reads options, TYPE only with ofKeys; it is false, and has answered, if
// they are wrong.
func (o *scanOptions) parse(c *call, args [][]byte, ofKeys bool) bool {
	o.count = 10
	for ; len(args) > 0; args = args[2:] {
		if len(args) == 1 {
			c.W.Error(errSyntax)
			return false
		}
		switch val := args[1]; {
		case resp.Is(args[0], "count"):
			n, ok := c.int(val)
			if !ok {
				return false
			}
			if n < 1 {
				c.W.Error(errSyntax)
				return false
			}
			o.count = n
		case resp.Is(args[0], "match"):
			if o.pattern = val; string(val) == "*" {
				o.pattern = nil
			}
		case ofKeys && resp.Is(args[0], "type"):
			o.typ = val
		default:
			c.W.Error(errSyntax)
			return false
		}
	}
	return true
}

// scan is SCAN cursor [MATCH pattern] [COUNT n] [TYPE t].
func scan(s *State, c *call) {
	cursor, ok := c.cursor(c.Args[1])
	if !ok {
		return
	}
	var o scanOptions
	if !o.parse(c, c.Args[2:], true) {
		return
	}
	var found []*entry
	var seen int64
	w := keyWalk{at: cursor}
	// An empty bucket costs something too.
	for steps := int64(0); w.at < cursorEnd && seen < o.count && steps/10 < o.count; steps++ {
		es := s.nextOf(&w, o.count-seen)
		seen += int64(len(es))
		for _, e := range es {
			if matchKey(o.pattern, e.name()) && (o.typ == nil || resp.Is(o.typ, e.typeName())) && !s.gone(e) {
				found = append(found, e)
			}
		}
	}
	if w.at >= cursorEnd {
		w.at = 0
	}
	c.nextCursor(w.at)
	c.keys(found)
}

// nextCursor answers the first half of what a scan does.
func (c *call) nextCursor(cursor uint64) {
	c.W.Array(2)
	c.W.Bulk(strconv.AppendUint(c.num[:0], cursor, 10))
}

// keys answers the names of entries.
func (c *call) keys(es []*entry) {
	c.W.Array(len(es))
	for _, e := range es {
		c.W.BulkString(e.name())
	}
}

// keyWalk goes over the names of all keys, by cursors.
type keyWalk struct {
	at     uint64
	looked uint64 // has looked ahead up to here
}

// nextOf returns the entries of the bucket that w is at, and moves on; they are valid until the next walk. Slots without
// keys are passed over. Where about n keys are wanted it looks no further ahead. REQUIRES: n > 0.
func (s *State) nextOf(w *keyWalk, n int64) []*entry {
	slot, pos := w.at/dictEnd, w.at%dictEnd
	if w.at >= w.looked {
		c := s.aheadOfWalk(cursor{int(slot), pos}, int(min(n, AheadMax)), false, func(slot int) *dict { return s.dicts[slot] })
		w.looked = uint64(c.slot)*dictEnd + c.pos
	}
	for slot < slotmap.Count && s.dicts[slot] == nil {
		slot, pos = slot+1, 0
	}
	s.walk = s.walk[:0]
	if slot < slotmap.Count {
		s.walk, pos = s.dicts[slot].bucketAt(pos, s.walk)
	}
	w.at = slot*dictEnd + pos
	return s.walk
}

// cursor reads an argument as a cursor, or answers that it is none.
func (c *call) cursor(arg []byte) (uint64, bool) {
	cursor, ok := parseCursor(arg)
	if !ok {
		c.W.Error("ERR invalid cursor")
	}
	return cursor, ok
}

// parseCursor reads a cursor as C's strtoul does, which Redis leaves it to.
func parseCursor(b []byte) (uint64, bool) {
	if len(b) == 0 {
		return 0, true
	}
	negative := b[0] == '-'
	if negative || b[0] == '+' {
		b = b[1:]
	}
	u, ok := parseDigits(b)
	if negative {
		u = -u
	}
	return u, ok
}

// keys is KEYS pattern.
func keys(s *State, c *call) {
	pattern := c.Args[1]
	if string(pattern) == "*" {
		pattern = nil
	}
	var found []*entry
	for w := (keyWalk{}); w.at < cursorEnd; {
		for _, e := range s.nextOf(&w, AheadMax) {
			if matchKey(pattern, e.name()) && !s.gone(e) {
				found = append(found, e)
			}
		}
	}
	c.keys(found)
}

// randomkey is RANDOMKEY.
func randomkey(s *State, c *call) {
	// Where most keys are expired and wait for their deletion, it may find none.
	for range 100 {
		if s.census.keys == 0 {
			break
		}
		if e := s.randomEntry(); !s.gone(e) {
			c.W.BulkString(e.name())
			return
		}
	}
	c.W.Null()
}

// randomEntry returns an entry that depends on the keys and the numbers drawn
// alone: it tries ranges of positions of the width that one key has on average,
// and takes one of the entries in there. REQUIRES: there is a key.
func (s *State) randomEntry() *entry {
	d := s.dicts[s.slotOf(int(s.random()%uint64(s.census.keys)))]
	width := dictEnd / uint64(d.used)
	for {
		from := s.random() % dictEnd / width * width
		if es := d.between(from, min(from+width, dictEnd), s.walk[:0]); len(es) > 0 {
			s.walk = es
			return es[s.random()%uint64(len(es))]
		}
	}
}

// between appends the entries from position from up to end to dst.
func (d *dict) between(from, end uint64, dst []*entry) []*entry {
	for pos := from; pos < end; {
		n := len(dst)
		dst, pos = d.bucketAt(pos, dst)
		kept := dst[:n]
		for _, e := range dst[n:] {
			if p := uint64(position(e.hash)); from <= p && p < end {
				kept = append(kept, e)
			}
		}
		dst = kept
	}
	return dst
}

// dbsize is DBSIZE.
func dbsize(s *State, c *call) { c.W.Int(int64(s.census.keys)) }

// flush is FLUSHALL and FLUSHDB [ASYNC|SYNC]: both modes are the same here.
func flush(s *State, c *call) {
	if len(c.Args) > 2 || len(c.Args) == 2 && !resp.Is(c.Args[1], "sync") && !resp.Is(c.Args[1], "async") {
		c.W.Error(errSyntax)
		return
	}
	s.clear()
	c.W.OK()
}

// countKeysInSlot is the internal command "countkeysinslot slot".
func countKeysInSlot(s *State, c *call) {
	slot, ok := c.int(c.Args[1])
	if !ok {
		return
	}
	if slot < 0 || slot >= slotmap.Count {
		c.W.Error("ERR Invalid slot")
		return
	}
	n := 0
	if d := s.dicts[slot]; d != nil {
		n = int(d.used)
	}
	c.W.Int(int64(n))
}

// getKeysInSlot is the internal command "getkeysinslot slot count".
func getKeysInSlot(s *State, c *call) {
	slot, ok := c.int(c.Args[1])
	if !ok {
		return
	}
	count, ok := c.int(c.Args[2])
	if !ok {
		return
	}
	if slot < 0 || slot >= slotmap.Count || count < 0 {
		c.W.Error("ERR Invalid slot or number of keys")
		return
	}
	var found []*entry
	if d := s.dicts[slot]; d != nil && count > 0 {
		d.each(func(e *entry) bool {
			found = append(found, e)
			return int64(len(found)) < min(count, math.MaxInt32)
		})
	}
	c.keys(found)
}
