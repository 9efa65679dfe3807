package keyspace

// get is GET key.
func get(s *State, c *call) {
	if e := s.read(c.Args[1]); c.isString(e) {
		c.text(e)
	}
}

// mget is MGET key [key …]; what holds no string is null.
func mget(s *State, c *call) {
	c.W.Array(len(c.Args) - 1)
	for _, key := range s.withAhead(c.Args[1:], 1) {
		e := s.read(key)
		if e != nil && e.kind() != kindString {
			e = nil
		}
		c.text(e)
	}
}

// strlen is STRLEN key.
func strlen(s *State, c *call) {
	e := s.read(c.Args[1])
	if !c.isString(e) {
		return
	}
	n := 0
	if e != nil {
		n = e.textLen()
	}
	c.W.Int(int64(n))
}

// getdel is GETDEL key.
func getdel(s *State, c *call) {
	p := s.write(c.Args[1])
	if !c.isString(p.e) {
		return
	}
	c.text(p.e)
	if p.e != nil {
		s.removeBy(p.e)
	}
}

// getex is GETEX key [EX s|PX ms|EXAT s|PXAT ms|PERSIST].
func getex(s *State, c *call) {
	var o setOptions
	if !o.parse(c, c.Args[2:], true) {
		return
	}
	p := s.write(c.Args[1])
	if p.e == nil {
		c.W.Null()
		return
	}
	if !c.isString(p.e) {
		return
	}
	at, ok := o.deadline(c)
	if !ok {
		return
	}
	c.text(p.e)
	switch {
	case at != 0 && at <= c.Env.Now:
		s.removeBy(p.e)
	case at != 0 || o.persist && p.e.expire != 0:
		s.setExpire(p.e, at)
	}
}

// appendString is APPEND key value.
func appendString(s *State, c *call) {
	val := c.Args[2]
	p := s.write(c.Args[1])
	if !c.isString(p.e) {
		return
	}
	if p.e == nil {
		s.setText(&p, val, 0, false)
		s.notify(EventString, "append", p.e.name())
		c.W.Int(int64(len(val)))
		return
	}
	if !s.fits(c, int64(p.e.textLen()), len(val)) {
		return
	}
	e, size := s.upsert(&p)
	e.makeRaw()
	e.own(append(e.data(), val...))
	s.resized(e, size)
	s.notify(EventString, "append", e.name())
	c.W.Int(int64(len(e.data())))
}

// fits tells whether a string may grow from size by more; else it answers that
// it may not.
func (s *State) fits(c *call, size int64, more int) bool {
	if total, ok := addInt(size, int64(more)); !ok || total > int64(s.maxValue) {
		c.W.Error(errTooLong)
		return false
	}
	return true
}
