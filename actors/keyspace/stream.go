package keyspace

import (
	"bytes"

	"github.com/troupedb/troupe/wire/resp"
)

// streamToRead finds a stream for a command that does not change it, nil if there
// is no such key. ok is false, and it has answered, if that is no stream.
func (s *State) streamToRead(c *call, key []byte) (st *streamObject, ok bool) {
	return objectOf[*streamObject](c, s.read(key))
}

// streamToChange finds a stream for a command that may change it. ok is false,
// and it has answered, if that is no stream.
func (s *State) streamToChange(c *call, key []byte) (p place, st *streamObject, ok bool) {
	p = s.write(key)
	st, ok = objectOf[*streamObject](c, p.e)
	return p, st, ok
}

// upsertStream begins the change of a stream, which is made if there is none.
func (s *State) upsertStream(p *place) (e *entry, st *streamObject, before int64) {
	e, before = s.upsert(p)
	if e.kind() == kindString {
		e.put(objectValue(&streamObject{}))
	}
	return e, e.object().(*streamObject), before
}

// addOptions are the options of XADD.
type addOptions struct {
	trim   streamTrim
	noMake bool
	auto   bool // the whole id is made here
	autoID bool // its sequence is
	id     streamID
}

// parse reads what follows the key, and returns the fields with their values. ok
// is false, and it has answered, if something is wrong.
func (o *addOptions) parse(s *State, c *call) (pairs [][]byte, ok bool) {
	args := c.Args[2:]
	limited := false
	for len(args) > 0 && string(args[0]) != "*" {
		took, ok := o.trim.option(c, args)
		switch {
		case !ok:
			return nil, false
		case took > 0:
			limited = limited || resp.Is(args[0], "limit")
		case resp.Is(args[0], "nomkstream"):
			o.noMake, took = true, 1
		}
		if took == 0 {
			break
		}
		args = args[took:]
	}
	if len(args) > 0 && !o.parseID(c, args[0]) || !o.trim.finish(c, s, limited) {
		return nil, false
	}
	if len(args) < 3 || len(args)%2 == 0 {
		c.arity()
		return nil, false
	}
	return args[1:], true
}

// parseID reads "*", "ms-*" or an id.
func (o *addOptions) parseID(c *call, arg []byte) (ok bool) {
	if o.auto = string(arg) == "*"; o.auto {
		return true
	}
	ms, found := bytes.CutSuffix(arg, []byte("-*"))
	if o.autoID = found; !found {
		o.id, ok = c.strictID(arg)
		return ok
	}
	if o.id.ms, ok = parseUint(ms); !ok {
		c.W.Error(errStreamID)
	}
	return ok
}

// next returns the id that an entry gets in a stream where last is the highest one
// so far; ok is false if that is not below it.
func (o *addOptions) next(last streamID, now int64) (id streamID, ok bool) {
	id = o.id
	switch {
	case o.auto:
		if id = (streamID{ms: uint64(max(now, 0))}); id.ms <= last.ms {
			id, ok = last.next()
			return id, ok
		}
	case o.autoID && id.ms == last.ms:
		id.seq = last.seq + 1
	}
	return id, last.less(id)
}

// xadd is XADD key [NOMKSTREAM] [MAXLEN|MINID [=|~] threshold [LIMIT n]] *|id
// field value [field value …].
func xadd(s *State, c *call) {
	var o addOptions
	pairs, ok := o.parse(s, c)
	if !ok {
		return
	}
	if !o.auto && !o.autoID && o.id == (streamID{}) {
		c.W.Error("ERR The ID specified in XADD must be greater than 0-0")
		return
	}
	p, st, ok := s.streamToChange(c, c.Args[1])
	if !ok {
		return
	}
	if st == nil && o.noMake {
		c.W.Null()
		return
	}
	id, ok := s.idToAdd(c, st, &o, pairs)
	if !ok {
		return
	}
	e, st, before := s.upsertStream(&p)
	st.append(s, id, pairs)
	s.resized(e, before)
	c.id(id)
	s.notify(EventStream, "xadd", e.name())
	if o.trim.by != trimNot {
		s.trimStream(&p, &o.trim)
	}
	s.ready(e)
}

// idToAdd returns the id of an entry to be added; ok is false, and it has
// answered, if it can't be.
func (s *State) idToAdd(c *call, st *streamObject, o *addOptions, pairs [][]byte) (id streamID, ok bool) {
	var last streamID
	if st != nil {
		last = st.last
	}
	if last == lastStreamID {
		c.W.Error("ERR The stream has exhausted the last possible ID, unable to add more items")
		return id, false
	}
	if id, ok = o.next(last, c.Env.Now); !ok {
		c.W.Error("ERR The ID specified in XADD is equal or smaller than the target stream top item")
		return id, false
	}
	if sizeOf(pairs) > maxStreamEntry {
		c.W.Error("ERR Elements are too large to be stored")
		return id, false
	}
	return id, true
}

// xlen is XLEN key.
func xlen(s *State, c *call) {
	if st, ok := s.streamToRead(c, c.Args[1]); ok {
		c.W.Int(int64(st.len()))
	}
}

// xdel is XDEL key id [id …].
func xdel(s *State, c *call) {
	p, st, ok := s.streamToChange(c, c.Args[1])
	if !ok {
		return
	}
	if st == nil {
		c.W.Int(0)
		return
	}
	ids, ok := c.strictIDs(c.Args[2:])
	if !ok {
		return
	}
	var e *entry
	var n, before int64
	for _, id := range ids {
		if !st.has(id) {
			continue
		}
		if n++; n == 1 {
			e, st, before = s.upsertStream(&p)
		}
		st.remove(id)
	}
	if n > 0 {
		s.resized(e, before)
		s.notify(EventStream, "xdel", e.name())
	}
	c.W.Int(n)
}

// xsetid is XSETID key id [ENTRIESADDED n] [MAXDELETEDID id].
func xsetid(s *State, c *call) {
	id, ok := c.strictID(c.Args[2])
	if !ok {
		return
	}
	added, maxDeleted, ok := c.setIDOptions(id)
	if !ok {
		return
	}
	p, st, ok := s.streamToChange(c, c.Args[1])
	if !ok {
		return
	}
	if st == nil {
		c.W.Error(errNoKey)
		return
	}
	switch {
	case st.len() > 0 && id.less(st.top()):
		c.W.Error("ERR The ID specified in XSETID is smaller than the target stream top item")
		return
	case st.len() > 0 && added >= 0 && int64(st.len()) > added:
		c.W.Error("ERR The entries_added specified in XSETID is smaller than the target stream length")
		return
	case id.less(st.maxDeleted):
		c.W.Error("ERR The ID specified in XSETID is smaller than current max_deleted_entry_id")
		return
	}
	e, st, _ := s.upsertStream(&p)
	st.last = id
	if added >= 0 {
		st.added = uint64(added)
	}
	if maxDeleted != (streamID{}) {
		st.maxDeleted = maxDeleted
	}
	s.notify(EventStream, "xsetid", e.name())
	c.W.OK()
}

// setIDOptions reads the options of XSETID; added is negative without one. ok is
// false, and it has answered, if they are wrong.
func (c *call) setIDOptions(id streamID) (added int64, maxDeleted streamID, ok bool) {
	added = -1
	for args := c.Args[3:]; len(args) > 0; args = args[2:] {
		switch {
		case len(args) > 1 && resp.Is(args[0], "entriesadded"):
			if added, ok = c.int(args[1]); ok && added < 0 {
				c.W.Error("ERR entries_added must be positive")
				return 0, maxDeleted, false
			}
		case len(args) > 1 && resp.Is(args[0], "maxdeletedid"):
			if maxDeleted, ok = c.strictID(args[1]); ok && id.less(maxDeleted) {
				c.W.Error("ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id")
				return 0, maxDeleted, false
			}
		default:
			c.W.Error(errSyntax)
			ok = false
		}
		if !ok {
			return 0, maxDeleted, false
		}
	}
	return added, maxDeleted, true
}
