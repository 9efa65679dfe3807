package keyspace

import (
	"iter"

	"github.com/troupedb/troupe/wire/resp"
)

// streamOfInfo finds the stream that XINFO tells of. ok is false, and it has
// answered, if there is none.
func (s *State) streamOfInfo(c *call) (st *streamObject, ok bool) {
	st, ok = s.streamToRead(c, c.Args[2])
	if ok && st == nil {
		c.W.Error(errNoKey)
		return nil, false
	}
	return st, ok
}

// xinfoGroups is XINFO GROUPS key.
func xinfoGroups(s *State, c *call) {
	st, ok := s.streamOfInfo(c)
	if !ok {
		return
	}
	c.W.Array(st.groups.Len())
	for g := range st.groupsAll() {
		c.W.Map(6)
		c.bulkField("name", g.name)
		c.intField("consumers", int64(st.consumerCount(&g)))
		c.intField("pending", int64(st.pendingOf(&g)))
		st.answerProgress(c, &g)
	}
}

// answerProgress answers how far a group is, as three fields.
func (st *streamObject) answerProgress(c *call, g *streamGroup) {
	c.idField("last-delivered-id", g.last)
	c.W.BulkString("entries-read")
	c.intOrNull(g.read, g.read != readUnknown)
	c.W.BulkString("lag")
	c.intOrNull(st.lag(g))
}

func (c *call) bulkField(name string, value []byte) {
	c.W.BulkString(name)
	c.W.Bulk(value)
}

func (c *call) intField(name string, n int64) {
	c.W.BulkString(name)
	c.W.Int(n)
}

func (c *call) idField(name string, id streamID) {
	c.W.BulkString(name)
	c.id(id)
}

// intOrNull answers an integer, or null if there is none.
func (c *call) intOrNull(n int64, ok bool) {
	if !ok {
		c.W.Null()
		return
	}
	c.W.Int(n)
}

// xinfoConsumers is XINFO CONSUMERS key group.
func xinfoConsumers(s *State, c *call) {
	st, ok := s.streamOfInfo(c)
	if !ok {
		return
	}
	g := st.group(c.Args[3])
	if g == nil {
		c.noSuchGroup(c.Args[3])
		return
	}
	c.W.Array(st.consumerCount(g))
	for k := range st.consumersOf(g) {
		c.W.Map(4)
		c.bulkField("name", k.name)
		c.intField("pending", int64(st.pendingFor(&k)))
		c.intField("idle", max(c.now-k.seen, 0))
		inactive := int64(-1)
		if k.active >= 0 {
			inactive = c.now - k.active
		}
		c.intField("inactive", inactive)
	}
}

// xinfoStream is XINFO STREAM key [FULL [COUNT n]].
func xinfoStream(s *State, c *call) {
	st, ok := s.streamOfInfo(c)
	if !ok {
		return
	}
	if len(c.Args) == 3 {
		c.W.Map(10)
		st.answerFacts(c)
		st.answerEnds(c)
		return
	}
	if count, ok := c.fullOption(); ok {
		c.W.Map(9)
		st.answerFacts(c)
		st.answerAll(c, count)
	}
}

// fullOption reads "FULL [COUNT n]"; ok is false, and it has answered, if it is
// something else.
func (c *call) fullOption() (count int64, ok bool) {
	const defaultCount = 10
	args := c.Args[3:]
	if len(args) != 1 && len(args) != 3 || !resp.Is(args[0], "full") || len(args) == 3 && !resp.Is(args[1], "count") {
		c.badSub()
		return 0, false
	}
	if len(args) == 1 {
		return defaultCount, true
	}
	if count, ok = c.int(args[2]); count < 0 {
		count = defaultCount
	}
	return count, ok
}

// answerFacts answers seven fields about the stream. There are no radix trees
// here; what Redis keeps at a key of one is a node, and it says how many there are.
func (st *streamObject) answerFacts(c *call) {
	c.intField("length", int64(st.len()))
	c.intField("radix-tree-keys", int64(st.nodes.Len()))
	c.intField("radix-tree-nodes", int64(st.nodes.Len())+1)
	c.idField("last-generated-id", st.last)
	c.idField("max-deleted-entry-id", st.maxDeleted)
	c.intField("entries-added", int64(st.added))
	c.idField("recorded-first-entry-id", st.first())
}

// answerEnds answers how many groups there are, and the first and the last entry.
func (st *streamObject) answerEnds(c *call) {
	c.intField("groups", int64(st.groups.Len()))
	reader := streamReader{st: st}
	for _, end := range []struct {
		name string
		id   streamID
	}{{"first-entry", st.first()}, {"last-entry", st.top()}} {
		c.W.BulkString(end.name)
		if st.len() == 0 || !reader.entryAt(c, end.id) {
			c.W.Null()
		}
	}
}

// answerAll answers entries, and groups with what is pending: count of each, all
// if that is 0.
func (st *streamObject) answerAll(c *call, count int64) {
	c.W.BulkString("entries")
	st.answer(c, allIDs, count, false)
	c.W.BulkString("groups")
	c.W.Array(st.groups.Len())
	for g := range st.groupsAll() {
		c.W.Map(7)
		c.bulkField("name", g.name)
		st.answerProgress(c, &g)
		c.intField("pel-count", int64(st.pendingOf(&g)))
		st.answerDeliveries(c, st.deliveries(&g, nil, allIDs), st.pendingOf(&g), count, true)
		c.W.BulkString("consumers")
		c.W.Array(st.consumerCount(&g))
		for k := range st.consumersOf(&g) {
			c.W.Map(5)
			c.bulkField("name", k.name)
			c.intField("seen-time", k.seen)
			c.intField("active-time", k.active)
			c.intField("pel-count", int64(st.pendingFor(&k)))
			st.answerDeliveries(c, st.deliveries(&g, k.name, allIDs), st.pendingFor(&k), count, false)
		}
	}
}

// answerDeliveries answers the field "pending": count of n deliveries, all if
// that is 0, with the consumer of each if named.
func (st *streamObject) answerDeliveries(c *call, all iter.Seq[delivery], n int, count int64, named bool) {
	if count > 0 {
		n = int(min(int64(n), count))
	}
	c.W.BulkString("pending")
	c.W.Array(n)
	for d := range all {
		if n--; n < 0 {
			break
		}
		if named {
			c.W.Array(4)
			c.id(d.id)
			c.W.Bulk(st.nameOf(d.consumer))
		} else {
			c.W.Array(3)
			c.id(d.id)
		}
		c.W.Int(d.at)
		c.W.Int(d.count)
	}
}
