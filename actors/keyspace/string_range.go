package keyspace

// getrange is GETRANGE key start end, and SUBSTR.
func getrange(s *State, c *call) {
	start, ok := c.int(c.Args[2])
	if !ok {
		return
	}
	end, ok := c.int(c.Args[3])
	if !ok {
		return
	}
	e := s.read(c.Args[1])
	if !c.isString(e) {
		return
	}
	if e == nil {
		c.W.Bulk(nil)
		return
	}
	text := e.text(c.num[:])
	from, to := bounds(start, end, int64(len(text)))
	c.W.Bulk(text[from:to])
}

// bounds turns the ends of a range, which count from the end if negative and
// include the last, into bounds of a slice of n.
func bounds(start, end, n int64) (from, to int64) {
	if start < 0 && end < 0 && start > end {
		return 0, 0
	}
	if start < 0 {
		start = max(start+n, 0)
	}
	if end < 0 {
		end = max(end+n, 0)
	}
	end = min(end, n-1)
	if start > end || n == 0 {
		return 0, 0
	}
	return start, end + 1
}

// setrange is SETRANGE key offset value.
func setrange(s *State, c *call) {
	offset, ok := c.int(c.Args[2])
	if !ok {
		return
	}
	if offset < 0 {
		c.W.Error("ERR offset is out of range")
		return
	}
	val := c.Args[3]
	p := s.write(c.Args[1])
	if !c.isString(p.e) {
		return
	}
	if len(val) == 0 {
		n := 0
		if p.e != nil {
			n = p.e.textLen()
		}
		c.W.Int(int64(n))
		return
	}
	if !s.fits(c, offset, len(val)) {
		return
	}
	e, size := s.upsert(&p)
	e.makeRaw()
	e.own(overwrite(e.data(), int(offset), val))
	s.resized(e, size)
	s.notify(EventString, "setrange", e.name())
	c.W.Int(int64(len(e.data())))
}

// overwrite puts val into b at an offset; what lies between them is zero.
func overwrite(b []byte, offset int, val []byte) []byte {
	need := offset + len(val)
	switch {
	case need > cap(b):
		b = append(make([]byte, 0, need), b...)
		fallthrough
	case need > len(b):
		from := len(b)
		b = b[:need]
		clear(b[from:])
	}
	copy(b[offset:], val)
	return b
}
