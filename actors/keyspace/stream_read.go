package keyspace

import (
	"fmt"
	"strings"

	"github.com/troupedb/troupe/actors/plant"
	"github.com/troupedb/troupe/wire/resp"
)

// readOptions are the arguments of XREAD and XREADGROUP.
type readOptions struct {
	blocks  bool
	timeout int64 // ms, if it blocks
	count   int64 // 0: any number
	noAck   bool
	group   []byte // nil: none
	name    []byte // of the consumer
	keys    [][]byte
	after   [][]byte // for each key the id behind which to read
}

// parse reads the arguments of XREADGROUP if grouped, else of XREAD. ok is false,
// and it has answered, if they are wrong.
func (o *readOptions) parse(c *call, grouped bool) (ok bool) {
	for args := c.Args[1:]; len(args) > 0; {
		if len(args) > 1 && resp.Is(args[0], "streams") {
			return o.parseStreams(c, args[1:], grouped)
		}
		took := 0
		if took, ok = o.option(c, args, grouped); !ok {
			return false
		}
		args = args[took:]
	}
	c.W.Error(errSyntax)
	return false
}

// option reads one option and returns how many arguments that took.
func (o *readOptions) option(c *call, args [][]byte, grouped bool) (took int, ok bool) {
	switch name, more := args[0], len(args)-1; {
	case resp.Is(name, "block") && more > 0:
		o.timeout, ok = c.millis(args[1])
		o.blocks = true
		return 2, ok
	case resp.Is(name, "count") && more > 0:
		o.count, ok = c.int(args[1])
		o.count = max(o.count, 0)
		return 2, ok
	case resp.Is(name, "group") && more > 1:
		o.group, o.name, took = args[1], args[2], 3
	case resp.Is(name, "noack"):
		o.noAck, took = true, 1
	default:
		c.W.Error(errSyntax)
		return 0, false
	}
	if !grouped {
		c.W.Error("ERR The " + strings.ToUpper(string(args[0])) + " option is only supported by XREADGROUP. You called XREAD instead.")
		return 0, false
	}
	return took, true
}

func (o *readOptions) parseStreams(c *call, args [][]byte, grouped bool) (ok bool) {
	if len(args)%2 != 0 {
		sign := '$'
		if grouped {
			sign = '>'
		}
		c.W.Error(fmt.Sprintf("ERR Unbalanced '%s' list of streams: for each stream key an ID or '%c' must be specified.",
			c.name(), sign))
		return false
	}
	if grouped && o.group == nil {
		c.W.Error("ERR Missing GROUP option for XREADGROUP")
		return false
	}
	o.keys, o.after = args[:len(args)/2], args[len(args)/2:]
	return true
}

// head answers the head of so many streams.
func (c *call) streams(n int) {
	if c.W.Proto() == 3 {
		c.W.Map(n)
	} else {
		c.W.Array(n)
	}
}

// stream answers the key of a stream, whose entries follow.
func (c *call) stream(key []byte) {
	if c.W.Proto() == 2 {
		c.W.Array(2)
	}
	c.W.Bulk(key)
}

// streamPart is what is to be answered of a stream.
type streamPart struct {
	key   []byte
	st    *streamObject
	after streamID
}

// xread is XREAD [COUNT n] [BLOCK ms] STREAMS key [key …] id [id …].
func xread(s *State, c *call) {
	var o readOptions
	if !o.parse(c, false) {
		return
	}
	var parts []streamPart
	for i, key := range o.keys {
		st, ok := s.streamToRead(c, key)
		if !ok {
			return
		}
		after, ok := o.behind(c, st, i)
		if !ok {
			return
		}
		if st.len() > 0 && after.less(st.top()) {
			parts = append(parts, streamPart{key, st, after})
		}
	}
	if len(parts) == 0 {
		s.blockRead(c, &o)
		return
	}
	c.streams(len(parts))
	for _, p := range parts {
		c.stream(p.key)
		first, _ := p.after.next()
		p.st.answer(c, idRange{first, lastStreamID}, o.count, false)
	}
}

// behind reads the id behind which to read a stream. "$" is the last one, and is
// replaced by that in the arguments, lest it moves on while the command waits.
func (o *readOptions) behind(c *call, st *streamObject, i int) (id streamID, ok bool) {
	switch string(o.after[i]) {
	case "$":
		if st != nil {
			id = st.last
		}
		o.after[i] = id.appendText(nil)
		return id, true
	case ">":
		c.W.Error("ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.")
		return id, false
	}
	return c.strictID(o.after[i])
}

// blockRead ends a command that found nothing to read.
func (s *State) blockRead(c *call, o *readOptions) {
	if !o.blocks {
		c.W.NullArray()
		return
	}
	s.block(c, waitFor{keys: o.keys, kind: kindStream, timeout: o.timeout, gone: o.group != nil})
}

// xreadgroup is XREADGROUP GROUP group consumer [COUNT n] [BLOCK ms] [NOACK]
// STREAMS key [key …] id [id …].
func xreadgroup(s *State, c *call) {
	s.mayWrite()
	var o readOptions
	if !o.parse(c, true) {
		return
	}
	parts := make([]groupPart, len(o.keys))
	served := 0
	for i, key := range o.keys {
		part, ok := s.groupPart(c, &o, key, o.after[i])
		if !ok {
			return
		}
		if parts[i] = part; part.served {
			served++
		}
	}
	if served == 0 && o.blocks && c.waits {
		s.blockRead(c, &o)
		if _, waits := s.Blocked(); waits && !c.repeats {
			s.noteConsumer(c, &o)
		}
		return
	}
	if served > 0 {
		c.streams(served)
	}
	for _, part := range parts {
		s.readPart(c, &o, part)
	}
	if served == 0 {
		c.W.NullArray()
	}
}

// noteConsumer makes the consumer of a command that waits from now on, and notes when it asked. Nobody else who waits
// is woken: there is nothing to read, and each would wake all others.
func (s *State) noteConsumer(c *call, o *readOptions) {
	for _, key := range o.keys {
		p := s.write(key)
		st, before := p.e.object().(*streamObject), p.e.size()
		s.alter(p.e)
		st.keepConsumer(s.consumerFor(c, p.e, st, st.group(o.group), o.name))
		s.resized(p.e, before)
	}
}

// groupPart is what is to be read of a stream for a group.
type groupPart struct {
	key     []byte
	after   streamID
	history bool // what is pending for the consumer, not what is new
	served  bool // there is something to answer
}

// groupPart checks the arguments about one stream. ok is false, and it has
// answered, if they are wrong.
func (s *State) groupPart(c *call, o *readOptions, key, after []byte) (part groupPart, ok bool) {
	st, ok := s.streamToRead(c, key)
	if !ok {
		return part, false
	}
	g := st.group(o.group)
	part.key = key
	switch {
	case g == nil:
		c.noGroup(key, o.group, " in XREADGROUP with GROUP option")
		return part, false
	case string(after) == "$":
		c.W.Error("ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this " +
			"consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an " +
			"empty result set.")
		return part, false
	}
	part.after = lastStreamID // as in Redis it means the same as ">"
	if string(after) != ">" {
		if part.after, ok = c.strictID(after); !ok {
			return part, false
		}
	}
	part.history = part.after != lastStreamID
	part.served = part.history || st.len() > 0 && g.last.less(st.top())
	return part, true
}

// noGroup answers that a key, or a group of it, does not exist.
func (c *call) noGroup(key, group []byte, where string) {
	c.W.Error("NOGROUP No such key '" + preview(key, len(key)) + "' or consumer group '" + preview(group, len(group)) + "'" + where)
}

// readPart reads one stream for a group, and answers if there is something.
func (s *State) readPart(c *call, o *readOptions, part groupPart) {
	p := s.write(part.key)
	e, st, before := s.upsertStream(&p)
	g := st.group(o.group)
	k := s.consumerFor(c, e, st, g, o.name)
	if part.served {
		c.stream(part.key)
		if part.history {
			st.answerHistory(c, k, part.after, o.count)
		} else {
			st.answerNew(c, g, k, o)
		}
	}
	st.keepConsumer(k)
	s.resized(e, before)
}

// consumerFor returns a consumer that asks for something now, made if there is none.
func (s *State) consumerFor(c *call, e *entry, st *streamObject, g *streamGroup, name []byte) *streamConsumer {
	k := st.consumer(g, name)
	if k == nil {
		k = st.addConsumer(g, name, c.Env.Now)
		s.notify(EventStream, "xgroup-createconsumer", e.name())
	}
	k.seen = c.Env.Now
	return k
}

// answerNew answers the entries that a group did not get yet, and gives them to a
// consumer.
func (st *streamObject) answerNew(c *call, g *streamGroup, k *streamConsumer, o *readOptions) {
	first, _ := g.last.next()
	from, to := st.entriesOf(idRange{first, lastStreamID})
	n := int64(to - from)
	if o.count > 0 {
		n = min(n, o.count)
	}
	c.W.Array(int(n))
	reader := streamReader{st: st}
	for item := range st.entries.Forward(from) {
		if n--; n < 0 {
			break
		}
		id, _ := cutShortID(item)
		st.advance(g, id)
		reader.entry(c, item)
		if !o.noAck && !plant.ForgottenDelivery.On() {
			d := delivery{g.number, id, k.number, c.Env.Now, 1}
			st.deliver(&d, st.delivered(g, id))
			k.active = c.Env.Now
		}
	}
	st.keep(g)
}

// answerHistory answers what is pending for a consumer behind an id, once more.
func (st *streamObject) answerHistory(c *call, k *streamConsumer, after streamID, count int64) {
	first, ok := after.next()
	from, to := between(&st.owned, appendNumber(nil, k.number), idRange{first, lastStreamID})
	if !ok {
		to = from
	}
	n := int64(to - from)
	if count > 0 {
		n = min(n, count)
	}
	c.W.Array(int(n))
	reader := streamReader{st: st}
	for item := range st.owned.Forward(from) {
		if n--; n < 0 {
			break
		}
		id := readID(item[8:])
		if !reader.entryAt(c, id) {
			c.W.Array(2)
			c.id(id)
			c.W.NullArray()
			continue
		}
		d := st.delivered(&streamGroup{number: k.group}, id)
		d.at = c.Env.Now
		d.count++
		putItem(&st.pending, d.key(), d.appendTo(nil))
	}
}
