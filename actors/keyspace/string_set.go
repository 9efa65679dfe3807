package keyspace

import (
	"math"

	"github.com/troupedb/troupe/wire/resp"
)

// setOptions are the options of SET and GETEX.
type setOptions struct {
	nx, xx, get, keep, persist bool
	unit                       string // EX, PX, EXAT or PXAT in lower case; "" for none
	when                       []byte // what follows unit
}

// parse reads options from args; reading is for GETEX. It is false, and has
// answered, if they are wrong or do not go together.
func (o *setOptions) parse(c *call, args [][]byte, reading bool) bool {
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case !reading && resp.Is(a, "nx") && !o.xx:
			o.nx = true
		case !reading && resp.Is(a, "xx") && !o.nx:
			o.xx = true
		case !reading && resp.Is(a, "get"):
			o.get = true
		case !reading && resp.Is(a, "keepttl") && o.unit == "":
			o.keep = true
		case reading && resp.Is(a, "persist") && o.unit == "":
			o.persist = true
		case i+1 < len(args) && o.takesTime(a):
			i++
			o.when = args[i]
		default:
			c.W.Error(errSyntax)
			return false
		}
	}
	return true
}

// takesTime tells whether a is a unit of time that may stand here, and notes it.
// The same one may be given again.
func (o *setOptions) takesTime(a []byte) bool {
	if o.keep || o.persist {
		return false
	}
	for _, unit := range [...]string{"ex", "px", "exat", "pxat"} {
		if resp.Is(a, unit) && (o.unit == "" || o.unit == unit) {
			o.unit = unit
			return true
		}
	}
	return false
}

// deadline returns the time that the options name, 0 for none. It is false, and
// has answered, if that is no time in the future of 1970.
func (o *setOptions) deadline(c *call) (int64, bool) {
	if o.unit == "" {
		return 0, true
	}
	at, ok := c.int(o.when)
	if !ok {
		return 0, false
	}
	seconds := o.unit == "ex" || o.unit == "exat"
	if at <= 0 || seconds && at > math.MaxInt64/1000 {
		return c.badTime()
	}
	if seconds {
		at *= 1000
	}
	if o.unit == "ex" || o.unit == "px" {
		if at, ok = addInt(at, c.Env.Now); !ok || at <= 0 {
			return c.badTime()
		}
	}
	return at, true
}

func (c *call) badTime() (int64, bool) {
	c.W.Error("ERR invalid expire time in '" + c.name() + "' command")
	return 0, false
}

// set is SET key value [NX|XX] [GET] [EX s|PX ms|EXAT s|PXAT ms|KEEPTTL].
func set(s *State, c *call) {
	var o setOptions
	if o.parse(c, c.Args[3:], false) {
		s.store(c, &o, c.Args[1], c.Args[2])
	}
}

// store is SET once its options are read; it answers as SET does.
func (s *State) store(c *call, o *setOptions, key, val []byte) {
	at, ok := o.deadline(c)
	if !ok {
		return
	}
	p := s.write(key)
	if o.get {
		if !c.isString(p.e) {
			return
		}
		c.text(p.e)
	}
	if o.nx && p.e != nil || o.xx && p.e == nil {
		if !o.get {
			c.W.Null()
		}
		return
	}
	s.setText(&p, val, at, o.keep)
	s.notify(EventString, "set", p.e.name())
	if at != 0 {
		s.notify(EventGeneric, "expire", p.e.name())
	}
	if !o.get {
		c.W.OK()
	}
}

// setText gives a key a string and a time; keep leaves the time that it has.
func (s *State) setText(p *place, val []byte, at int64, keep bool) {
	n, isInt := parseInt(val)
	if isInt {
		val = nil
	}
	e, size := s.upsertString(p, len(val))
	if isInt {
		e.setInt(n)
	} else {
		e.setBytes(val)
	}
	s.resized(e, size)
	if !keep {
		s.expiry.set(e, at)
	}
}
