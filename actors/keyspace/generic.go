package keyspace

import (
	"bytes"
	"math"

	"github.com/troupedb/troupe/wire/resp"
)

// del is DEL key [key …] and UNLINK.
func del(s *State, c *call) {
	var n int64
	for _, key := range s.withAhead(c.Args[1:], 1) {
		if p := s.write(key); p.e != nil {
			s.removeBy(p.e)
			n++
		}
	}
	c.W.Int(n)
}

// removeBy deletes an entry by the will of a client.
func (s *State) removeBy(e *entry) {
	s.remove(e)
	s.notify(EventGeneric, "del", e.name())
}

// exists is EXISTS key [key …]: a key named twice counts twice.
func exists(s *State, c *call) {
	var n int64
	for _, key := range s.withAhead(c.Args[1:], 1) {
		if s.peek(key) != nil {
			n++
		}
	}
	c.W.Int(n)
}

// touchKeys is TOUCH key [key …], which counts as use whatever the client said.
func touchKeys(s *State, c *call) {
	var n int64
	for _, key := range s.withAhead(c.Args[1:], 1) {
		if e := s.peek(key); e != nil {
			s.usage.note(e)
			n++
		}
	}
	c.W.Int(n)
}

// typeOf is TYPE key.
func typeOf(s *State, c *call) {
	e := s.peek(c.Args[1])
	if e == nil {
		c.W.Simple("none")
		return
	}
	c.W.Simple(e.typeName())
}

// rename is RENAME key newkey.
func rename(s *State, c *call) {
	if moved, ok := s.move(c, false); ok && moved {
		c.W.OK()
	}
}

// renamenx is RENAMENX key newkey.
func renamenx(s *State, c *call) {
	if moved, ok := s.move(c, true); ok {
		c.flag(moved)
	}
}

// move gives the value and the time of a key to another key; ok is false, and
// it has answered, if there is no such key. With free it does so only if the
// other key does not exist. A key that is renamed to itself counts as moved,
// except that it is not free.
func (s *State) move(c *call, free bool) (moved, ok bool) {
	from := s.write(c.Args[1])
	if from.e == nil {
		c.W.Error(errNoKey)
		return false, false
	}
	to := s.write(c.Args[2])
	switch {
	case free && to.e != nil:
		return false, true
	case to.e == from.e:
		return true, true
	}
	v, at := from.e.taken(), from.e.expire
	s.unlink(from.e)
	s.setValue(&to, v, at)
	to.e.access = v.access
	s.notify(EventGeneric, "rename_from", from.e.name())
	s.notify(EventGeneric, "rename_to", to.e.name())
	return true, true
}

// moveKey is MOVE key database.
func moveKey(_ *State, c *call) { c.W.Error("ERR MOVE is not allowed in cluster mode") }

// setValue makes a key hold v, which it then owns, until the time at.
func (s *State) setValue(p *place, v value, at int64) {
	e, size := s.upsertString(p, len(v.data()))
	e.put(v)
	s.resized(e, size)
	s.expiry.set(e, at)
	s.ready(e)
}

// copyKey is COPY source destination [DB n] [REPLACE].
func copyKey(s *State, c *call) {
	replace, ok := c.copyOptions()
	if !ok {
		return
	}
	if bytes.Equal(c.Args[1], c.Args[2]) {
		c.W.Error(errSameKey)
		return
	}
	from, to := s.write(c.Args[1]), s.write(c.Args[2])
	if from.e == nil || to.e != nil && !replace {
		c.W.Int(0)
		return
	}
	s.setValue(&to, from.e.clone(), from.e.expire)
	s.notify(EventGeneric, "copy_to", to.e.name())
	c.W.Int(1)
}

// databases is how many databases Redis has unless configured; there is only
// the first here, as in its cluster mode.
const databases = 16

// copyOptions reads the options of COPY; ok is false, and it has answered, if
// they are wrong.
func (c *call) copyOptions() (replace, ok bool) {
	for i := 3; i < len(c.Args); i++ {
		switch a := c.Args[i]; {
		case resp.Is(a, "replace"):
			replace = true
		case resp.Is(a, "db") && i+1 < len(c.Args):
			i++
			if !c.firstDatabase(c.Args[i]) {
				return false, false
			}
		default:
			c.W.Error(errSyntax)
			return false, false
		}
	}
	return replace, true
}

func (c *call) firstDatabase(arg []byte) bool {
	n, ok := c.intIn(arg, math.MinInt32, math.MaxInt32)
	switch {
	case !ok:
	case n < 0 || n >= databases:
		c.W.Error("ERR DB index is out of range")
	case n != 0:
		c.W.Error("ERR Copying to another database is not allowed in cluster mode")
	default:
		return true
	}
	return false
}
