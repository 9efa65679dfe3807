package keyspace

import "strconv"

// hincrby is HINCRBY key field n.
func hincrby(s *State, c *call) {
	n, ok := c.int(c.Args[3])
	if !ok {
		return
	}
	p, h, ok := s.hashToChange(c)
	if !ok {
		return
	}
	old := int64(0)
	if value := h.get(s, c.Args[2]); value != nil {
		if old, ok = parseInt(value); !ok {
			c.W.Error("ERR hash value is not an integer")
			return
		}
	}
	sum, ok := addInt(old, n)
	if !ok {
		c.W.Error(errOverflow)
		return
	}
	s.setFields(&p, [][]byte{c.Args[2], strconv.AppendInt(c.num[:0], sum, 10)}, "hincrby")
	c.W.Int(sum)
}

// hincrbyfloat is HINCRBYFLOAT key field n.
func hincrbyfloat(s *State, c *call) {
	n := newLongDouble()
	if !n.parse(c.Args[3]) {
		c.W.Error(errNotFloat)
		return
	}
	if n.inf {
		c.W.Error("ERR value is NaN or Infinity")
		return
	}
	p, h, ok := s.hashToChange(c)
	if !ok {
		return
	}
	old := newLongDouble()
	if value := h.get(s, c.Args[2]); value != nil && !old.parse(value) {
		c.W.Error("ERR hash value is not a float")
		return
	}
	if !old.add(n) {
		c.W.Error(errNotFinite)
		return
	}
	text := old.appendText(nil)
	s.setFields(&p, [][]byte{c.Args[2], text}, "hincrbyfloat")
	c.W.Bulk(text)
}
