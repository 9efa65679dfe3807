package keyspace

import (
	"bytes"
	"math"
	"slices"

	"github.com/troupedb/troupe/wire/resp"
)

// side is an end of a list.
type side bool

const (
	left  side = false
	right side = true
)

// pushed names the event of a push at an end.
func (end side) pushed() string {
	if end == left {
		return "lpush"
	}
	return "rpush"
}

// popped names the event of a pop from an end.
func (end side) popped() string {
	if end == left {
		return "lpop"
	}
	return "rpop"
}

// side reads LEFT or RIGHT, or answers that it is neither.
func (c *call) side(arg []byte) (end side, ok bool) {
	switch {
	case resp.Is(arg, "left"):
		return left, true
	case resp.Is(arg, "right"):
		return right, true
	}
	c.W.Error(errSyntax)
	return left, false
}

// listToRead finds a list for a command that does not change it, nil if there is
// no such key. ok is false, and it has answered, if that is no list.
func (s *State) listToRead(c *call, key []byte) (l *listObject, ok bool) {
	return objectOf[*listObject](c, s.read(key))
}

// listToChange finds a list for a command that may change it. ok is false, and it
// has answered, if that is no list.
func (s *State) listToChange(c *call, key []byte) (p place, l *listObject, ok bool) {
	p = s.write(key)
	l, ok = objectOf[*listObject](c, p.e)
	return p, l, ok
}

// pushTo puts elements at an end of a list, one after the other, and returns its
// length. The list is made if there is none.
func (s *State) pushTo(p *place, end side, elements ...[]byte) int {
	e, before := s.upsert(p)
	if e.kind() == kindString {
		e.put(objectValue(&listObject{}))
	}
	l := e.object().(*listObject)
	size := 0
	for _, element := range elements {
		size += len(element)
	}
	l.grow(s, len(elements), size)
	for _, element := range elements {
		l.push(end, element)
	}
	s.settle(e, before)
	s.notify(EventList, end.pushed(), e.name())
	s.ready(e)
	return l.len()
}

// cut takes the elements from position i up to j out of a list, which is deleted
// with the last one.
func (s *State) cut(p *place, i, j int, event string) {
	e, before := s.upsert(p)
	l := e.object().(*listObject)
	l.remove(i, j)
	l.shrink(s)
	s.notify(EventList, event, e.name())
	s.settle(e, before)
}

// pop takes n elements from an end of a list. REQUIRES: it has so many.
func (s *State) pop(p *place, end side, n int) {
	if end == left {
		s.cut(p, 0, n, end.popped())
		return
	}
	size := p.e.object().items()
	s.cut(p, size-n, size, end.popped())
}

// push is LPUSH, RPUSH, LPUSHX and RPUSHX key element [element …]: the last two
// only if there is a list.
func push(end side, toExisting bool) handler {
	return func(s *State, c *call) {
		p, l, ok := s.listToChange(c, c.Args[1])
		switch {
		case !ok:
		case l == nil && toExisting:
			c.W.Int(0)
		default:
			c.W.Int(int64(s.pushTo(&p, end, c.Args[2:]...)))
		}
	}
}

// popList is LPOP and RPOP key [count].
func popList(end side) handler {
	return func(s *State, c *call) {
		switch len(c.Args) {
		case 2:
			s.popOne(c, end)
		case 3:
			s.popSome(c, end)
		default:
			c.arity()
		}
	}
}

func (s *State) popOne(c *call, end side) {
	p, l, ok := s.listToChange(c, c.Args[1])
	switch {
	case !ok:
	case l == nil:
		c.W.Null()
	default:
		s.answerPopped(c, &p, end, 1)
	}
}

func (s *State) popSome(c *call, end side) {
	count, ok := c.intOr(c.Args[2], 0, math.MaxInt64, errNotPositive)
	if !ok {
		return
	}
	p, l, ok := s.listToChange(c, c.Args[1])
	switch {
	case !ok:
	case l == nil:
		c.W.NullArray()
	case count == 0:
		c.W.Array(0)
	default:
		n := int(min(count, int64(l.len())))
		c.W.Array(n)
		s.answerPopped(c, &p, end, n)
	}
}

// answerPopped pops n elements and answers them. REQUIRES: there are so many.
func (s *State) answerPopped(c *call, p *place, end side, n int) {
	rest := n
	for element := range p.e.object().(*listObject).from(end) {
		c.W.Bulk(element)
		if rest--; rest == 0 {
			break
		}
	}
	s.pop(p, end, n)
}

// llen is LLEN key.
func llen(s *State, c *call) {
	if l, ok := s.listToRead(c, c.Args[1]); ok {
		c.W.Int(int64(l.len()))
	}
}

// lindex is LINDEX key index.
func lindex(s *State, c *call) {
	l, ok := s.listToRead(c, c.Args[1])
	if !ok {
		return
	}
	if l == nil {
		c.W.Null()
		return
	}
	if i, ok := c.int(c.Args[2]); ok {
		c.bulkOrNull(l.at(i))
	}
}

// lset is LSET key index element.
func lset(s *State, c *call) {
	p, l, ok := s.listToChange(c, c.Args[1])
	if !ok {
		return
	}
	if l == nil {
		c.W.Error(errNoKey)
		return
	}
	i, ok := c.int(c.Args[2])
	if !ok {
		return
	}
	pos, ok := l.position(i)
	if !ok {
		c.W.Error("ERR index out of range")
		return
	}
	e, before := s.upsert(&p)
	l.grow(s, 1, len(c.Args[3]))
	l.replace(pos, c.Args[3])
	l.shrink(s)
	s.settle(e, before)
	s.notify(EventList, "lset", e.name())
	c.W.OK()
}

// linsert is LINSERT key BEFORE|AFTER pivot element.
func linsert(s *State, c *call) {
	after := resp.Is(c.Args[2], "after")
	if !after && !resp.Is(c.Args[2], "before") {
		c.W.Error(errSyntax)
		return
	}
	p, l, ok := s.listToChange(c, c.Args[1])
	if !ok {
		return
	}
	if l == nil {
		c.W.Int(0)
		return
	}
	pos := l.find(c.Args[3])
	if pos < 0 {
		c.W.Int(-1)
		return
	}
	if after {
		pos++
	}
	e, before := s.upsert(&p)
	l.grow(s, 1, len(c.Args[4]))
	l.insert(pos, c.Args[4])
	s.settle(e, before)
	s.notify(EventList, "linsert", e.name())
	c.W.Int(int64(l.len()))
}

// lrem is LREM key count element.
func lrem(s *State, c *call) {
	count, ok := c.int(c.Args[2])
	if !ok {
		return
	}
	p, l, ok := s.listToChange(c, c.Args[1])
	if !ok {
		return
	}
	found := l.matches(c.Args[3], count)
	if len(found) == 0 {
		c.W.Int(0)
		return
	}
	e, before := s.upsert(&p)
	for i := len(found); i > 0; { // from the end, so that positions stay; neighbours in one go
		j := i
		for i--; i > 0 && found[i-1] == found[i]-1; i-- {
		}
		l.remove(found[i], found[j-1]+1)
	}
	l.shrink(s)
	s.notify(EventList, "lrem", e.name())
	s.settle(e, before)
	c.W.Int(int64(len(found)))
}

// matches returns the positions of elements that equal one, ascending: up to count
// of them from the left, or -count from the right, all if that is 0.
func (l *listObject) matches(element []byte, count int64) (found []int) {
	if l == nil {
		return nil
	}
	end, pos, step := left, 0, 1
	if count < 0 {
		end, pos, step, count = right, l.len()-1, -1, -count
	}
	for other := range l.from(end) {
		if bytes.Equal(other, element) {
			if found = append(found, pos); int64(len(found)) == count {
				break
			}
		}
		pos += step
	}
	if end == right {
		slices.Reverse(found)
	}
	return found
}
