package keyspace

import (
	"math"

	"github.com/troupedb/troupe/wire/resp"
)

// expireUnit says how the time of a command is told.
type expireUnit struct {
	scale    int64 // ms in a unit
	absolute bool  // since 1970, not from now
}

var (
	inSeconds = expireUnit{1000, false}
	inMillis  = expireUnit{1, false}
	atSeconds = expireUnit{1000, true}
	atMillis  = expireUnit{1, true}
)

// time turns an argument into a time in ms; it is false, and has answered, if
// that is no time.
func (u expireUnit) time(c *call, arg []byte) (int64, bool) {
	n, ok := c.int(arg)
	if !ok {
		return 0, false
	}
	if n > math.MaxInt64/u.scale || n < math.MinInt64/u.scale {
		return c.badTime()
	}
	n *= u.scale
	if u.absolute {
		return n, true
	}
	if n, ok = addInt(n, c.Env.Now); !ok {
		return c.badTime()
	}
	return n, true
}

// expireRule is the set of conditions of EXPIRE.
type expireRule struct{ nx, xx, gt, lt bool }

// parse reads conditions; it is false, and has answered, if they are wrong or
// do not go together.
func (r *expireRule) parse(c *call, args [][]byte) bool {
	for _, a := range args {
		switch {
		case resp.Is(a, "nx"):
			r.nx = true
		case resp.Is(a, "xx"):
			r.xx = true
		case resp.Is(a, "gt"):
			r.gt = true
		case resp.Is(a, "lt"):
			r.lt = true
		default:
			c.W.Error("ERR Unsupported option " + preview(a, maxPreview))
			return false
		}
	}
	switch {
	case r.nx && (r.xx || r.gt || r.lt):
		c.W.Error("ERR NX and XX, GT or LT options at the same time are not compatible")
	case r.gt && r.lt:
		c.W.Error("ERR GT and LT options at the same time are not compatible")
	default:
		return true
	}
	return false
}

// allows tells whether a key with the time old, 0 for none, may get the time at.
// Without a time it lives for ever: nothing is later.
func (r *expireRule) allows(old, at int64) bool {
	switch {
	case r.nx && old != 0, r.xx && old == 0:
		return false
	case r.gt && (old == 0 || at <= old):
		return false
	case r.lt && old != 0 && at >= old:
		return false
	}
	return true
}

// expire returns the handler of a command that gives a key a time.
func expire(u expireUnit) handler {
	return func(s *State, c *call) {
		var rule expireRule
		if !rule.parse(c, c.Args[3:]) {
			return
		}
		at, ok := u.time(c, c.Args[2])
		if !ok {
			return
		}
		p := s.write(c.Args[1])
		switch {
		case p.e == nil || !rule.allows(p.e.expire, at):
			c.W.Int(0)
			return
		case at <= c.Env.Now:
			s.removeBy(p.e)
		default:
			s.setExpire(p.e, at)
		}
		c.W.Int(1)
	}
}

// ttl returns the handler of a command that tells a key's time.
func ttl(u expireUnit) handler {
	return func(s *State, c *call) {
		e := s.peek(c.Args[1])
		switch {
		case e == nil:
			c.W.Int(-2)
		case e.expire == 0:
			c.W.Int(-1)
		case u.absolute:
			c.W.Int(u.round(e.expire))
		default:
			c.W.Int(u.round(max(e.expire-c.now, 0)))
		}
	}
}

// round tells ms in units, to the nearest.
func (u expireUnit) round(ms int64) int64 {
	if u.scale == 1 {
		return ms
	}
	if ms > math.MaxInt64-u.scale/2 {
		return ms / u.scale
	}
	return (ms + u.scale/2) / u.scale
}

// persist is PERSIST key.
func persist(s *State, c *call) {
	p := s.write(c.Args[1])
	if p.e == nil || p.e.expire == 0 {
		c.W.Int(0)
		return
	}
	s.setExpire(p.e, 0)
	c.W.Int(1)
}

// setExpire gives an entry the time at, 0 for none.
func (s *State) setExpire(e *entry, at int64) {
	s.change(e)
	s.expiry.set(e, at)
	if at == 0 {
		s.notify(EventGeneric, "persist", e.name())
	} else {
		s.notify(EventGeneric, "expire", e.name())
	}
}
