package keyspace

import (
	"bytes"
	"math"
	"slices"

	"github.com/troupedb/troupe/actors/plant"
	"github.com/troupedb/troupe/wire/resp"
)

// listMove is what LMOVE and its kin do: pop from one list, push to another.
type listMove struct{ from, to side }

// sides reads the ends of LMOVE and BLMOVE; ok is false, and it has answered, if
// they are wrong.
func (m *listMove) sides(c *call) (ok bool) {
	if m.from, ok = c.side(c.Args[3]); !ok {
		return false
	}
	m.to, ok = c.side(c.Args[4])
	return ok
}

// run moves an element and answers it. found is false if there is no list to take
// it from; it has not answered then.
func (m listMove) run(s *State, c *call) (found bool) {
	src, l, ok := s.listToChange(c, c.Args[1])
	if !ok {
		return true
	}
	if l == nil {
		return false
	}
	dst, _, ok := s.listToChange(c, c.Args[2])
	if !ok {
		return true
	}
	i := int64(0)
	if m.from == right {
		i = -1
	}
	element := slices.Clone(l.at(i))
	c.W.Bulk(element)
	if bytes.Equal(c.Args[1], c.Args[2]) {
		m.turn(s, &src, l, element)
		return true
	}
	s.pushTo(&dst, m.to, element)
	if plant.LeftBehind.On() {
		return true
	}
	s.pop(&src, m.from, 1)
	return true
}

// turn moves an element within a list.
func (m listMove) turn(s *State, p *place, l *listObject, element []byte) {
	e, before := s.upsert(p)
	i := 0
	if m.from == right {
		i = l.len() - 1
	}
	l.remove(i, i+1)
	l.grow(s, 1, len(element))
	l.push(m.to, element)
	l.shrink(s)
	s.settle(e, before)
	s.notify(EventList, m.to.pushed(), e.name())
	s.notify(EventList, m.from.popped(), e.name())
}

// lmove is LMOVE source destination LEFT|RIGHT LEFT|RIGHT.
func lmove(s *State, c *call) {
	if m := (listMove{}); m.sides(c) && !m.run(s, c) {
		c.W.Null()
	}
}

// rpoplpush is RPOPLPUSH source destination.
func rpoplpush(s *State, c *call) {
	if !(listMove{right, left}).run(s, c) {
		c.W.Null()
	}
}

// blmove is BLMOVE source destination LEFT|RIGHT LEFT|RIGHT timeout.
func blmove(s *State, c *call) {
	if m := (listMove{}); m.sides(c) {
		m.runOrBlock(s, c, c.Args[5])
	}
}

// brpoplpush is BRPOPLPUSH source destination timeout.
func brpoplpush(s *State, c *call) {
	listMove{right, left}.runOrBlock(s, c, c.Args[3])
}

func (m listMove) runOrBlock(s *State, c *call, timeout []byte) {
	ms, ok := c.seconds(timeout)
	switch {
	case !ok || m.run(s, c):
	case !c.waits:
		c.W.Null()
	default:
		s.block(c, waitFor{keys: c.Args[1:2], kind: kindList, timeout: ms})
	}
}

// firstList calls answer with the first key that holds a list. found is false if
// none does; nothing was answered then.
func (s *State) firstList(c *call, keys [][]byte, answer func(p *place, n int)) (found bool) {
	for _, key := range keys {
		p, l, ok := s.listToChange(c, key)
		if !ok {
			return true
		}
		if l != nil {
			answer(&p, l.len())
			return true
		}
	}
	return false
}

// blockingPop is BLPOP and BRPOP key [key …] timeout.
func blockingPop(end side) handler {
	return func(s *State, c *call) {
		last := len(c.Args) - 1
		ms, ok := c.seconds(c.Args[last])
		if !ok {
			return
		}
		keys := c.Args[1:last]
		found := s.firstList(c, keys, func(p *place, _ int) {
			c.W.Array(2)
			c.W.Bulk(p.key)
			s.answerPopped(c, p, end, 1)
		})
		if !found {
			s.block(c, waitFor{keys: keys, kind: kindList, timeout: ms})
		}
	}
}

// multiPop is what LMPOP and BLMPOP ask for.
type multiPop struct {
	keys  [][]byte
	end   side
	count int64
}

// parse reads "numkeys key [key …] LEFT|RIGHT [COUNT count]"; ok is false, and it
// has answered, if that is wrong.
func (m *multiPop) parse(c *call, args [][]byte) (ok bool) {
	n, ok := c.intOr(args[0], 1, math.MaxInt64, "ERR numkeys should be greater than 0")
	if !ok {
		return false
	}
	if n >= int64(len(args)-1) {
		c.W.Error(errSyntax)
		return false
	}
	m.keys, args = args[1:n+1], args[n+1:]
	if m.end, ok = c.side(args[0]); !ok {
		return false
	}
	m.count, ok = c.countOption(args[1:])
	return ok
}

// countOption reads "[COUNT count]", 1 if it is not given; ok is false, and it has
// answered, if that is wrong.
func (c *call) countOption(opts [][]byte) (count int64, ok bool) {
	if len(opts) == 0 {
		return 1, true
	}
	if len(opts) == 1 || !resp.Is(opts[0], "count") {
		c.W.Error(errSyntax)
		return 0, false
	}
	count, ok = c.intOr(opts[1], 1, math.MaxInt64, "ERR count should be greater than 0")
	if ok && len(opts) > 2 {
		c.W.Error(errSyntax)
		return 0, false
	}
	return count, ok
}

// run pops from the first list; found is false if there is none.
func (m *multiPop) run(s *State, c *call) (found bool) {
	return s.firstList(c, m.keys, func(p *place, size int) {
		n := int(min(m.count, int64(size)))
		c.W.Array(2)
		c.W.Bulk(p.key)
		c.W.Array(n)
		s.answerPopped(c, p, m.end, n)
	})
}

// lmpop is LMPOP numkeys key [key …] LEFT|RIGHT [COUNT count].
func lmpop(s *State, c *call) {
	if m := (multiPop{}); m.parse(c, c.Args[1:]) && !m.run(s, c) {
		c.W.NullArray()
	}
}

// blmpop is BLMPOP timeout numkeys key [key …] LEFT|RIGHT [COUNT count].
func blmpop(s *State, c *call) {
	var m multiPop
	if !m.parse(c, c.Args[2:]) {
		return
	}
	ms, ok := c.seconds(c.Args[1])
	if ok && !m.run(s, c) {
		s.block(c, waitFor{keys: m.keys, kind: kindList, timeout: ms})
	}
}
