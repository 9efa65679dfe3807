package keyspace

// hashToRead finds a hash for a command that does not change it, nil if there is
// no such key. ok is false, and it has answered, if that is no hash.
func (s *State) hashToRead(c *call) (h *hashObject, ok bool) {
	return objectOf[*hashObject](c, s.read(c.Args[1]))
}

// hashToChange finds a hash for a command that may change it. ok is false, and it
// has answered, if that is no hash.
func (s *State) hashToChange(c *call) (p place, h *hashObject, ok bool) {
	p = s.write(c.Args[1])
	h, ok = objectOf[*hashObject](c, p.e)
	return p, h, ok
}

// setFields gives fields values, reports that as an event, and returns how many
// are new. The hash is made if there is none.
func (s *State) setFields(p *place, pairs [][]byte, event string) (added int64) {
	d := edit{s: s, p: p}
	h := d.begin(func() object { return &hashObject{} }).(*hashObject)
	for i := 0; i < len(pairs); i += 2 {
		if h.set(s, pairs[i], pairs[i+1]) {
			added++
		}
	}
	d.end(EventHash, event)
	return added
}

// hset is HSET key field value [field value …].
func hset(s *State, c *call) {
	if added, ok := s.storeFields(c); ok {
		c.W.Int(added)
	}
}

// hmset is HMSET, which does the same and answers OK.
func hmset(s *State, c *call) {
	if _, ok := s.storeFields(c); ok {
		c.W.OK()
	}
}

func (s *State) storeFields(c *call) (added int64, ok bool) {
	if len(c.Args)%2 != 0 {
		c.arity()
		return 0, false
	}
	p, _, ok := s.hashToChange(c)
	if !ok {
		return 0, false
	}
	return s.setFields(&p, c.Args[2:], "hset"), true
}

// hsetnx is HSETNX key field value.
func hsetnx(s *State, c *call) {
	p, h, ok := s.hashToChange(c)
	if !ok {
		return
	}
	if h.get(s, c.Args[2]) != nil {
		c.W.Int(0)
		return
	}
	s.setFields(&p, c.Args[2:], "hset")
	c.W.Int(1)
}

// hdel is HDEL key field [field …].
func hdel(s *State, c *call) {
	p, h, ok := s.hashToChange(c)
	if !ok {
		return
	}
	var n int64
	d := edit{s: s, p: &p}
	for _, field := range c.Args[2:] {
		if h.get(s, field) != nil {
			d.begin(nil)
			h.remove(s, field)
			n++
		}
	}
	d.end(EventHash, "hdel")
	c.W.Int(n)
}

// hget is HGET key field.
func hget(s *State, c *call) {
	if h, ok := s.hashToRead(c); ok {
		c.bulkOrNull(h.get(s, c.Args[2]))
	}
}

// hmget is HMGET key field [field …].
func hmget(s *State, c *call) {
	h, ok := s.hashToRead(c)
	if !ok {
		return
	}
	c.W.Array(len(c.Args) - 2)
	for _, field := range c.Args[2:] {
		c.bulkOrNull(h.get(s, field))
	}
}

// hstrlen is HSTRLEN key field.
func hstrlen(s *State, c *call) {
	if h, ok := s.hashToRead(c); ok {
		c.W.Int(int64(len(h.get(s, c.Args[2]))))
	}
}

// hexists is HEXISTS key field.
func hexists(s *State, c *call) {
	if h, ok := s.hashToRead(c); ok {
		c.flag(h.get(s, c.Args[2]) != nil)
	}
}

// hlen is HLEN key.
func hlen(s *State, c *call) {
	if h, ok := s.hashToRead(c); ok {
		c.W.Int(int64(h.len()))
	}
}
