package keyspace

import (
	"strings"

	"github.com/troupedb/troupe/wire/resp"
)

// badSub answers that the arguments of a subcommand are wrong.
func (c *call) badSub() {
	c.W.Error("ERR unknown subcommand or wrong number of arguments for '" + preview(c.Args[1], maxPreview) +
		"'. Try " + strings.ToUpper(string(c.Args[0])) + " HELP.")
}

// groupOptions are the options of XGROUP CREATE and SETID.
type groupOptions struct {
	make bool // the stream if there is none
	read int64
}

// parse reads options; ok is false, and it has answered, if they are wrong.
func (o *groupOptions) parse(c *call, creating bool) (ok bool) {
	o.read = readUnknown
	for args := c.Args[5:]; len(args) > 0; args = args[1:] {
		switch {
		case creating && resp.Is(args[0], "mkstream"):
			o.make = true
		case resp.Is(args[0], "entriesread") && len(args) > 1:
			if o.read, ok = c.int(args[1]); !ok {
				return false
			}
			if o.read < readUnknown {
				c.W.Error("ERR value for ENTRIESREAD must be positive or -1")
				return false
			}
			args = args[1:]
		default:
			c.badSub()
			return false
		}
	}
	return true
}

// streamOfGroups finds the stream that a subcommand of XGROUP is about. ok is
// false, and it has answered, if there is none, and none is to be made.
func (s *State) streamOfGroups(c *call, make bool) (p place, st *streamObject, ok bool) {
	p, st, ok = s.streamToChange(c, c.Args[2])
	if ok && st == nil && !make {
		c.W.Error("ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the " +
			"MKSTREAM option to create an empty stream automatically.")
		return p, nil, false
	}
	return p, st, ok
}

// groupOf finds the group that a subcommand of XGROUP is about. ok is false, and
// it has answered, if there is none.
func (s *State) groupOf(c *call) (p place, st *streamObject, g *streamGroup, ok bool) {
	if p, st, ok = s.streamOfGroups(c, false); !ok {
		return p, nil, nil, false
	}
	if g = st.group(c.Args[3]); g == nil {
		c.noSuchGroup(c.Args[3])
		return p, nil, nil, false
	}
	return p, st, g, true
}

func (c *call) noSuchGroup(group []byte) {
	c.W.Error("NOGROUP No such consumer group '" + preview(group, len(group)) + "' for key name '" +
		preview(c.Args[2], len(c.Args[2])) + "'")
}

// xgroupCreate is XGROUP CREATE key group id|$ [MKSTREAM] [ENTRIESREAD n].
func xgroupCreate(s *State, c *call) {
	var o groupOptions
	if !o.parse(c, true) {
		return
	}
	p, st, ok := s.streamOfGroups(c, o.make)
	if !ok {
		return
	}
	var id streamID
	if string(c.Args[4]) != "$" {
		id, ok = c.strictID(c.Args[4])
	} else if st != nil {
		id = st.last
	}
	switch {
	case !ok:
		return
	case st.group(c.Args[3]) != nil:
		c.W.Error("BUSYGROUP Consumer Group name already exists")
		return
	}
	e, st, before := s.upsertStream(&p)
	st.addGroup(c.Args[3], id, o.read)
	s.resized(e, before)
	s.notify(EventStream, "xgroup-create", e.name())
	c.W.OK()
}

// xgroupSetID is XGROUP SETID key group id|$ [ENTRIESREAD n].
func xgroupSetID(s *State, c *call) {
	var o groupOptions
	if !o.parse(c, false) {
		return
	}
	p, st, g, ok := s.groupOf(c)
	if !ok {
		return
	}
	if g.last = st.last; string(c.Args[4]) != "$" {
		if g.last, ok = c.looseID(c.Args[4], 0); !ok {
			return
		}
	}
	g.read = o.read
	e, st, before := s.upsertStream(&p)
	st.keep(g)
	s.resized(e, before)
	s.notify(EventStream, "xgroup-setid", e.name())
	c.W.OK()
}

// xgroupDestroy is XGROUP DESTROY key group.
func xgroupDestroy(s *State, c *call) {
	p, st, ok := s.streamOfGroups(c, false)
	if !ok {
		return
	}
	g := st.group(c.Args[3])
	if g == nil {
		c.W.Int(0)
		return
	}
	e, st, before := s.upsertStream(&p)
	st.destroy(g)
	s.resized(e, before)
	s.notify(EventStream, "xgroup-destroy", e.name())
	s.ready(e)
	c.W.Int(1)
}

// xgroupCreateConsumer is XGROUP CREATECONSUMER key group consumer.
func xgroupCreateConsumer(s *State, c *call) {
	p, st, g, ok := s.groupOf(c)
	if !ok {
		return
	}
	if st.consumer(g, c.Args[4]) != nil {
		c.W.Int(0)
		return
	}
	e, st, before := s.upsertStream(&p)
	st.addConsumer(g, c.Args[4], c.Env.Now)
	s.resized(e, before)
	s.notify(EventStream, "xgroup-createconsumer", e.name())
	c.W.Int(1)
}

// xgroupDelConsumer is XGROUP DELCONSUMER key group consumer.
func xgroupDelConsumer(s *State, c *call) {
	p, st, g, ok := s.groupOf(c)
	if !ok {
		return
	}
	k := st.consumer(g, c.Args[4])
	if k == nil {
		c.W.Int(0)
		return
	}
	e, st, before := s.upsertStream(&p)
	pending := st.removeConsumer(k)
	s.resized(e, before)
	s.notify(EventStream, "xgroup-delconsumer", e.name())
	c.W.Int(int64(pending))
}
