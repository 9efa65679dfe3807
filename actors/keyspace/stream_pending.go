package keyspace

import (
	"strconv"

	"github.com/troupedb/troupe/wire/resp"
)

// xack is XACK key group id [id …].
func xack(s *State, c *call) {
	p, st, ok := s.streamToChange(c, c.Args[1])
	if !ok {
		return
	}
	g := st.group(c.Args[2])
	if g == nil {
		c.W.Int(0)
		return
	}
	ids, ok := c.strictIDs(c.Args[3:])
	if !ok {
		return
	}
	var e *entry
	var n, before int64
	for _, id := range ids {
		d := st.delivered(g, id)
		if d == nil {
			continue
		}
		if n++; n == 1 {
			e, st, before = s.upsertStream(&p)
		}
		st.acknowledge(d)
	}
	if n > 0 {
		s.resized(e, before)
	}
	c.W.Int(n)
}

// pendingOptions are what XPENDING looks for.
type pendingOptions struct {
	idle  int64 // ms at least
	ids   idRange
	count int64
	name  []byte // of the consumer, nil: any
}

// xpending is XPENDING key group [[IDLE ms] first last n [consumer]].
func xpending(s *State, c *call) {
	var o pendingOptions
	all := len(c.Args) == 3
	if !all && !o.parse(c) {
		return
	}
	st, ok := s.streamToRead(c, c.Args[1])
	if !ok {
		return
	}
	g := st.group(c.Args[2])
	switch {
	case g == nil:
		c.noGroup(c.Args[1], c.Args[2], "")
	case all:
		st.summary(c, g)
	default:
		st.answerPending(c, g, &o)
	}
}

// parse reads what follows the group; ok is false, and it has answered, if that is
// wrong.
func (o *pendingOptions) parse(c *call) (ok bool) {
	args := c.Args[3:]
	if len(args) < 3 || len(args) > 6 {
		c.W.Error(errSyntax)
		return false
	}
	if resp.Is(args[0], "idle") {
		if o.idle, ok = c.int(args[1]); !ok {
			return false
		}
		if args = args[2:]; len(args) < 3 {
			c.W.Error(errSyntax)
			return false
		}
	}
	if o.count, ok = c.int(args[2]); !ok {
		return false
	}
	if o.ids, ok = c.idRange(args[0], args[1]); !ok {
		return false
	}
	if len(args) > 3 {
		o.name = args[3]
	}
	return true
}

// summary answers how much is pending for a group, from which id to which, and
// how much for each consumer.
func (st *streamObject) summary(c *call, g *streamGroup) {
	from, to := span8(&st.pending, g.number)
	c.W.Array(4)
	c.W.Int(int64(to - from))
	if from == to {
		c.W.Null()
		c.W.Null()
		c.W.NullArray()
		return
	}
	c.id(readDelivery(st.pending.At(from)).id)
	c.id(readDelivery(st.pending.At(to - 1)).id)
	busy := 0
	for k := range st.consumersOf(g) {
		if st.pendingFor(&k) > 0 {
			busy++
		}
	}
	c.W.Array(busy)
	for k := range st.consumersOf(g) {
		if n := st.pendingFor(&k); n > 0 {
			c.W.Array(2)
			c.W.Bulk(k.name)
			c.W.BulkString(strconv.Itoa(n))
		}
	}
}

// answerPending answers what is pending for a group, or for one consumer.
func (st *streamObject) answerPending(c *call, g *streamGroup, o *pendingOptions) {
	var found []delivery
	for d := range st.deliveries(g, o.name, o.ids) {
		if int64(len(found)) >= o.count {
			break
		}
		if o.idle == 0 || c.now-d.at >= o.idle {
			found = append(found, d)
		}
	}
	c.W.Array(len(found))
	for _, d := range found {
		c.W.Array(4)
		c.id(d.id)
		c.W.Bulk(st.nameOf(d.consumer))
		c.W.Int(max(c.now-d.at, 0))
		c.W.Int(d.count)
	}
}
