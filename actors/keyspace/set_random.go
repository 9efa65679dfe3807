package keyspace

import (
	"math"
	"slices"
)

// srandmember is SRANDMEMBER key [count].
func srandmember(s *State, c *call) {
	switch {
	case len(c.Args) > 3:
		c.W.Error(errSyntax)
		return
	case len(c.Args) == 2:
		s.randomMember(c)
		return
	}
	count, ok := c.intIn(c.Args[2], -math.MaxInt64, math.MaxInt64)
	if !ok {
		return
	}
	if o, ok := s.setToRead(c, c.Args[1]); ok {
		s.answerRandom(c, o.len(), count, false, func(i int) { c.W.Bulk(o.at(i)) })
	}
}

// randomMember answers one member, or null if there is no set.
func (s *State) randomMember(c *call) {
	o, ok := s.setToRead(c, c.Args[1])
	switch {
	case !ok:
	case o == nil:
		c.W.Null()
	default:
		c.W.Bulk(o.at(s.randomBelow(o.len())))
	}
}

// spop is SPOP key [count].
func spop(s *State, c *call) {
	switch {
	case len(c.Args) > 3:
		c.W.Error(errSyntax)
		return
	case len(c.Args) == 2:
		s.popMember(c)
		return
	}
	count, ok := c.intOr(c.Args[2], 0, math.MaxInt64, errNotPositive)
	if !ok {
		return
	}
	p, o, ok := s.setToChange(c, c.Args[1])
	if !ok {
		return
	}
	picks := s.picks(o.len(), count)
	c.W.Set(len(picks))
	for _, i := range picks {
		c.W.Bulk(o.at(i))
	}
	if len(picks) > 0 {
		s.popMembers(&p, o, picks)
	}
}

// popMember takes one member out and answers it, or null if there is no set.
func (s *State) popMember(c *call) {
	p, o, ok := s.setToChange(c, c.Args[1])
	switch {
	case !ok:
	case o == nil:
		c.W.Null()
	default:
		i := s.randomBelow(o.len())
		c.W.Bulk(o.at(i))
		s.popMembers(&p, o, []int{i})
	}
}

// popMembers takes the members at some positions out. Where few of many are left
// the set becomes small again, as Redis has it.
func (s *State) popMembers(p *place, o *setObject, picks []int) {
	d := edit{s: s, p: p}
	d.begin(nil)
	slices.Sort(picks)
	for _, i := range slices.Backward(picks) {
		o.removeAt(i)
	}
	if o.enc == encHashtable && o.len()*5 <= len(picks) {
		few := setObject{enc: encIntset}
		for m := range o.walk(0) {
			few.insert(s, m)
		}
		*o = setObject{few.enc, few.ints, few.t}
	}
	d.end(EventSet, "spop")
}
