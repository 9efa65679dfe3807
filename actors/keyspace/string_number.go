package keyspace

import "math"

// incrBy returns the handler of INCR and DECR, which add n.
func incrBy(n int64) handler {
	return func(s *State, c *call) { s.increase(c, n) }
}

// incrby is INCRBY key n.
func incrby(s *State, c *call) {
	if n, ok := c.int(c.Args[2]); ok {
		s.increase(c, n)
	}
}

// decrby is DECRBY key n.
func decrby(s *State, c *call) {
	n, ok := c.int(c.Args[2])
	if !ok {
		return
	}
	if n == math.MinInt64 {
		c.W.Error("ERR decrement would overflow")
		return
	}
	s.increase(c, -n)
}

func (s *State) increase(c *call, n int64) {
	p := s.write(c.Args[1])
	if !c.isString(p.e) {
		return
	}
	old, ok := p.e.integer()
	if !ok {
		c.W.Error(errNotInt)
		return
	}
	sum, ok := addInt(old, n)
	if !ok {
		c.W.Error(errOverflow)
		return
	}
	e, size := s.upsert(&p)
	e.setInt(sum)
	s.resized(e, size)
	s.notify(EventString, "incrby", e.name())
	c.W.Int(sum)
}

// integer returns the integer that a string is the text of; without a key, 0.
func (e *entry) integer() (int64, bool) {
	switch {
	case e == nil:
		return 0, true
	case e.enc == encInt:
		return e.num, true
	}
	return parseInt(e.data())
}

// incrbyfloat is INCRBYFLOAT key n.
func incrbyfloat(s *State, c *call) {
	p := s.write(c.Args[1])
	if !c.isString(p.e) {
		return
	}
	old := newLongDouble()
	if p.e != nil && !old.parse(p.e.text(c.num[:])) {
		c.W.Error(errNotFloat)
		return
	}
	n := newLongDouble()
	if !n.parse(c.Args[2]) {
		c.W.Error(errNotFloat)
		return
	}
	if !old.add(n) {
		c.W.Error(errNotFinite)
		return
	}
	text := old.appendText(nil)
	e, size := s.upsertString(&p, len(text))
	e.setBytes(text)
	s.resized(e, size)
	s.notify(EventString, "incrbyfloat", e.name())
	c.W.Bulk(text)
}
