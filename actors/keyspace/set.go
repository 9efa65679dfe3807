package keyspace

// setToRead finds a set for a command that does not change it, nil if there is no
// such key. ok is false, and it has answered, if that is no set.
func (s *State) setToRead(c *call, key []byte) (o *setObject, ok bool) {
	return objectOf[*setObject](c, s.read(key))
}

// setToChange finds a set for a command that may change it. ok is false, and it
// has answered, if that is no set.
func (s *State) setToChange(c *call, key []byte) (p place, o *setObject, ok bool) {
	p = s.write(key)
	o, ok = objectOf[*setObject](c, p.e)
	return p, o, ok
}

// addMembers adds members to a set, which is made if there is none, and returns
// how many are new. REQUIRES: one is new.
func (s *State) addMembers(p *place, members [][]byte) (added int64) {
	d := edit{s: s, p: p}
	o := d.begin(func() object { return s.newSet(members) }).(*setObject)
	o.prepare(s, len(members))
	for _, m := range members {
		if o.insert(s, m) {
			added++
		}
	}
	d.end(EventSet, "sadd")
	return added
}

// sadd is SADD key member [member …].
func sadd(s *State, c *call) {
	p, o, ok := s.setToChange(c, c.Args[1])
	if !ok {
		return
	}
	members := c.Args[2:]
	if o.hasAll(s, members) && !o.outgrown(s, len(members)) {
		c.W.Int(0)
		return
	}
	c.W.Int(s.addMembers(&p, members))
}

// hasAll tells whether nothing is new to a set.
func (o *setObject) hasAll(s *State, members [][]byte) bool {
	for _, m := range members {
		if !o.has(s, m) {
			return false
		}
	}
	return true
}

// outgrown tells whether n members that are added at once, known ones among them,
// are too many for the encoding.
func (o *setObject) outgrown(s *State, n int) bool {
	return o.enc == encListpack && s.limits.exceeded(setMaxEntries, n) ||
		o.enc == encIntset && s.limits.exceeded(setMaxIntset, n)
}

// prepare makes a set ready for n members that are added at once.
func (o *setObject) prepare(s *State, n int) {
	if o.outgrown(s, n) {
		o.convert(s, encHashtable)
	}
}

// srem is SREM key member [member …].
func srem(s *State, c *call) {
	p, o, ok := s.setToChange(c, c.Args[1])
	if !ok {
		return
	}
	c.W.Int(s.removeMembers(&p, o, c.Args[2:]))
}

// removeMembers takes members out of a set and returns how many were there.
func (s *State) removeMembers(p *place, o *setObject, members [][]byte) (removed int64) {
	d := edit{s: s, p: p}
	for _, m := range members {
		if o.has(s, m) {
			d.begin(nil)
			o.remove(s, m)
			removed++
		}
	}
	d.end(EventSet, "srem")
	return removed
}

// smove is SMOVE source destination member.
func smove(s *State, c *call) {
	from, o, ok := s.setToChange(c, c.Args[1])
	if !ok {
		return
	}
	if o == nil {
		c.W.Int(0)
		return
	}
	to, target, ok := s.setToChange(c, c.Args[2])
	if !ok {
		return
	}
	switch member := c.Args[3:]; {
	case from.e == to.e:
		c.flag(o.has(s, member[0]))
	case s.removeMembers(&from, o, member) == 0:
		c.W.Int(0)
	default:
		if !target.has(s, member[0]) {
			s.addMembers(&to, member)
		}
		c.W.Int(1)
	}
}

// sismember is SISMEMBER key member.
func sismember(s *State, c *call) {
	if o, ok := s.setToRead(c, c.Args[1]); ok {
		c.flag(o.has(s, c.Args[2]))
	}
}

// smismember is SMISMEMBER key member [member …].
func smismember(s *State, c *call) {
	o, ok := s.setToRead(c, c.Args[1])
	if !ok {
		return
	}
	c.W.Array(len(c.Args) - 2)
	for _, m := range c.Args[2:] {
		c.flag(o.has(s, m))
	}
}

// scard is SCARD key.
func scard(s *State, c *call) {
	if o, ok := s.setToRead(c, c.Args[1]); ok {
		c.W.Int(int64(o.len()))
	}
}

// smembers is SMEMBERS key.
func smembers(s *State, c *call) {
	o, ok := s.setToRead(c, c.Args[1])
	if !ok {
		return
	}
	c.W.Set(o.len())
	for m := range o.walk(0) {
		c.W.Bulk(m)
	}
}

// sscan is SSCAN key cursor [MATCH pattern] [COUNT n].
func sscan(s *State, c *call) {
	cursor, ok := c.cursor(c.Args[2])
	if !ok {
		return
	}
	o, ok := s.setToRead(c, c.Args[1])
	if !ok {
		return
	}
	if o == nil {
		c.emptyScan()
		return
	}
	var opts scanOptions
	if !opts.parse(c, c.Args[3:], false) {
		return
	}
	var found [][]byte
	cursor = o.scan(cursor, opts.count, func(member []byte) {
		if matchKey(opts.pattern, member) {
			found = append(found, member)
		}
	})
	c.nextCursor(cursor)
	c.bulks(found)
}

// scan is scanItems for the members.
func (o *setObject) scan(cursor uint64, count int64, visit func(member []byte)) uint64 {
	if o.enc == encHashtable {
		return scanItems(&o.t, true, cursor, count, func(item []byte) { visit(item[hashSize:]) })
	}
	for m := range o.walk(0) {
		visit(m)
	}
	return 0
}
