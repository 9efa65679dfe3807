package keyspace

import (
	"math"
	"slices"

	"github.com/troupedb/troupe/wire/resp"
)

// algebra visits the members of what it makes of some sets, each once, until
// visit returns false. A set that does not exist is nil.
type algebra func(s *State, sets []*setObject, visit func(member []byte) bool)

// sets finds the sets of some keys. ok is false, and it has answered, if one of
// them is none.
func (s *State) sets(c *call, keys [][]byte) (sets []*setObject, ok bool) {
	for _, key := range keys {
		o, ok := s.setToRead(c, key)
		if !ok {
			return nil, false
		}
		sets = append(sets, o)
	}
	return sets, true
}

func intersection(s *State, sets []*setObject, visit func([]byte) bool) {
	slices.SortStableFunc(sets, func(a, b *setObject) int { return a.len() - b.len() })
	for m := range sets[0].walk(0) {
		missing := func(o *setObject) bool { return !o.has(s, m) }
		if !slices.ContainsFunc(sets[1:], missing) && !visit(m) {
			return
		}
	}
}

func difference(s *State, sets []*setObject, visit func([]byte) bool) {
	for m := range sets[0].walk(0) {
		there := func(o *setObject) bool { return o.has(s, m) }
		if !slices.ContainsFunc(sets[1:], there) && !visit(m) {
			return
		}
	}
}

func union(s *State, sets []*setObject, visit func([]byte) bool) {
	for i, o := range sets {
		for m := range o.walk(0) {
			before := func(o *setObject) bool { return o.has(s, m) }
			if !slices.ContainsFunc(sets[:i], before) && !visit(m) {
				return
			}
		}
	}
}

// setAlgebra returns the handler of SINTER, SUNION and SDIFF key [key …].
func setAlgebra(of algebra) handler {
	return func(s *State, c *call) {
		sets, ok := s.sets(c, c.Args[1:])
		if !ok {
			return
		}
		var found [][]byte
		of(s, sets, func(m []byte) bool {
			found = append(found, m)
			return true
		})
		c.W.Set(len(found))
		for _, m := range found {
			c.W.Bulk(m)
		}
	}
}

// storeAlgebra returns the handler of SINTERSTORE, SUNIONSTORE and SDIFFSTORE
// destination key [key …].
func storeAlgebra(of algebra, event string) handler {
	return func(s *State, c *call) {
		p := s.write(c.Args[1])
		sets, ok := s.sets(c, c.Args[2:])
		if !ok {
			return
		}
		result := &setObject{enc: encIntset}
		of(s, sets, func(m []byte) bool { return result.insert(s, m) })
		s.storeResult(&p, result, EventSet, event)
		c.W.Int(int64(result.len()))
	}
}

// storeResult makes a key hold what a command made of others; if that is empty
// the key is deleted.
func (s *State) storeResult(p *place, o object, class EventClass, event string) {
	switch {
	case o.items() > 0:
		s.setValue(p, objectValue(o), 0)
		s.notify(class, event, p.e.name())
	case p.e != nil:
		s.notify(EventGeneric, "del", p.e.name())
		s.remove(p.e)
	}
}

// sintercard is SINTERCARD numkeys key [key …] [LIMIT n].
func sintercard(s *State, c *call) {
	keys, opts, ok := c.countedKeys(1)
	if !ok {
		return
	}
	limit, ok := c.limitOption(opts)
	if !ok {
		return
	}
	sets, ok := s.sets(c, keys)
	if !ok {
		return
	}
	n := int64(0)
	intersection(s, sets, func([]byte) bool {
		n++
		return n < limit
	})
	c.W.Int(n)
}

// countedKeys reads "numkeys key [key …]" from argument i on. ok is false, and it
// has answered, if that is wrong.
func (c *call) countedKeys(i int) (keys, rest [][]byte, ok bool) {
	n, ok := c.intOr(c.Args[i], 1, math.MaxInt64, errNumKeys)
	if !ok {
		return nil, nil, false
	}
	args := c.Args[i+1:]
	if n > int64(len(args)) {
		c.W.Error(errManyKeys)
		return nil, nil, false
	}
	return args[:n], args[n:], true
}

// limitOption reads "[LIMIT n]", where 0 is no limit. ok is false, and it has
// answered, if that is wrong.
func (c *call) limitOption(opts [][]byte) (limit int64, ok bool) {
	for ; len(opts) > 0; opts = opts[2:] {
		if len(opts) == 1 || !resp.Is(opts[0], "limit") {
			c.W.Error(errSyntax)
			return 0, false
		}
		if limit, ok = c.intOr(opts[1], 0, math.MaxInt64, errLimit); !ok {
			return 0, false
		}
	}
	if limit == 0 {
		limit = math.MaxInt64
	}
	return limit, true
}
