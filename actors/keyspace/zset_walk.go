package keyspace

import "github.com/troupedb/troupe/wire/resp"

// zscan is ZSCAN key cursor [MATCH pattern] [COUNT n].
func zscan(s *State, c *call) {
	cursor, ok := c.cursor(c.Args[2])
	if !ok {
		return
	}
	z, ok := s.zsetToRead(c, c.Args[1])
	if !ok {
		return
	}
	if z == nil {
		c.emptyScan()
		return
	}
	var o scanOptions
	if !o.parse(c, c.Args[3:], false) {
		return
	}
	var found [][]byte
	cursor = z.scan(cursor, o.count, func(member, score []byte) {
		if matchKey(o.pattern, member) {
			found = append(found, member, score)
		}
	})
	c.nextCursor(cursor)
	c.bulks(found)
}

// scan is scanItems for the members, with the texts of their scores as Redis
// writes them in each encoding.
func (z *sortedSet) scan(cursor uint64, count int64, visit func(member, score []byte)) uint64 {
	if z.table() {
		return scanItems(z.byMember, true, cursor, count, func(item []byte) {
			member, score := cutField(item[hashSize:])
			visit(member, appendLongScore(nil, readScore(score)))
		})
	}
	for member, score := range z.from(0, false) {
		visit(member, resp.AppendDouble(nil, score))
	}
	return 0
}

// zrandmember is ZRANDMEMBER key [count [WITHSCORES]].
func zrandmember(s *State, c *call) {
	if len(c.Args) == 2 {
		if z, ok := s.zsetToRead(c, c.Args[1]); ok && z == nil {
			c.W.Null()
		} else if ok {
			member, _ := z.at(s.randomBelow(z.len()))
			c.W.Bulk(member)
		}
		return
	}
	count, withScores, ok := c.randomCount("withscores")
	if !ok {
		return
	}
	z, ok := s.zsetToRead(c, c.Args[1])
	if !ok {
		return
	}
	s.answerRandom(c, z.len(), count, withScores && c.W.Proto() == 2, func(i int) {
		member, score := z.at(i)
		c.member(member, score, withScores)
	})
}
