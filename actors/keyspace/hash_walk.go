package keyspace

// hgetall is HGETALL key.
func hgetall(s *State, c *call) {
	h, ok := s.hashToRead(c)
	if !ok {
		return
	}
	c.W.Map(h.len())
	if h == nil {
		return
	}
	for field, value := range h.all(0) {
		c.W.Bulk(field)
		c.W.Bulk(value)
	}
}

// hkeys is HKEYS key.
func hkeys(s *State, c *call) {
	s.answerFields(c, func(field, _ []byte) { c.W.Bulk(field) })
}

// hvals is HVALS key.
func hvals(s *State, c *call) {
	s.answerFields(c, func(_, value []byte) { c.W.Bulk(value) })
}

// answerFields answers an array with what answer writes for each field.
func (s *State) answerFields(c *call, answer func(field, value []byte)) {
	h, ok := s.hashToRead(c)
	if !ok {
		return
	}
	c.W.Array(h.len())
	if h == nil {
		return
	}
	for field, value := range h.all(0) {
		answer(field, value)
	}
}

// hscan is HSCAN key cursor [MATCH pattern] [COUNT n].
func hscan(s *State, c *call) {
	cursor, ok := c.cursor(c.Args[2])
	if !ok {
		return
	}
	h, ok := s.hashToRead(c)
	if !ok {
		return
	}
	if h == nil {
		c.emptyScan()
		return
	}
	var o scanOptions
	if !o.parse(c, c.Args[3:], false) {
		return
	}
	var found [][]byte
	cursor = scanItems(&h.t, h.table, cursor, o.count, func(item []byte) {
		if field, value := h.pair(item); matchKey(o.pattern, field) {
			found = append(found, field, value)
		}
	})
	c.nextCursor(cursor)
	c.bulks(found)
}

// hrandfield is HRANDFIELD key [count [WITHVALUES]].
func hrandfield(s *State, c *call) {
	if len(c.Args) == 2 {
		if h, ok := s.hashToRead(c); ok && h == nil {
			c.W.Null()
		} else if ok {
			field, _ := h.at(s.randomBelow(h.len()))
			c.W.Bulk(field)
		}
		return
	}
	count, with, ok := c.randomCount("withvalues")
	if !ok {
		return
	}
	h, ok := s.hashToRead(c)
	if !ok {
		return
	}
	nested := with && c.W.Proto() == 3
	s.answerRandom(c, h.len(), count, with && !nested, func(i int) {
		field, value := h.at(i)
		if nested {
			c.W.Array(2)
		}
		if c.W.Bulk(field); with {
			c.W.Bulk(value)
		}
	})
}
