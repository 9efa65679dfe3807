package keyspace

// setnx is SETNX key value.
func setnx(s *State, c *call) {
	p := s.write(c.Args[1])
	if p.e == nil {
		s.setText(&p, c.Args[2], 0, false)
		s.notify(EventString, "set", p.e.name())
		c.W.Int(1)
		return
	}
	c.W.Int(0)
}

// setex returns the handler of SETEX and PSETEX, which take key, time, value.
func setex(unit string) handler {
	return func(s *State, c *call) {
		s.store(c, &setOptions{unit: unit, when: c.Args[2]}, c.Args[1], c.Args[3])
	}
}

// getset is GETSET key value.
func getset(s *State, c *call) {
	p := s.write(c.Args[1])
	if !c.isString(p.e) {
		return
	}
	c.text(p.e)
	s.setText(&p, c.Args[2], 0, false)
	s.notify(EventString, "set", p.e.name())
}

// mset is MSET key value [key value …].
func mset(s *State, c *call) {
	if len(c.Args)%2 == 0 {
		c.arity()
		return
	}
	s.setPairs(c.Args[1:])
	c.W.OK()
}

// msetnx is MSETNX: all keys or none.
func msetnx(s *State, c *call) {
	if len(c.Args)%2 == 0 {
		c.arity()
		return
	}
	for _, key := range s.withAhead(c.Args[1:], 2) {
		if s.write(key).e != nil {
			c.W.Int(0)
			return
		}
	}
	s.setPairs(c.Args[1:])
	c.W.Int(1)
}

func (s *State) setPairs(pairs [][]byte) {
	for i, key := range s.withAhead(pairs, 2) {
		p := s.write(key)
		s.setText(&p, pairs[i+1], 0, false)
		s.notify(EventString, "set", p.e.name())
	}
}
