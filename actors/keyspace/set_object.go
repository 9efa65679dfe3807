package keyspace

import (
	"bytes"
	"iter"
	"slices"
	"strconv"

	"github.com/troupedb/troupe/actors/keyspace/ctree"
)

// setObject is a set: of integers only, or small and in the order in which members
// were added, or large and in the order of their hashes.
//
// An item of the tree is [hash of the member,] member.
type setObject struct {
	enc  encoding // encIntset, encListpack or encHashtable
	ints intset
	t    ctree.Tree
}

func init() {
	newObject[kindSet] = func(enc encoding) object {
		if enc != encIntset && enc != encListpack && enc != encHashtable {
			return nil
		}
		return &setObject{enc: enc}
	}
}

// newSet makes an empty set for members, of which there will be at least one.
func (s *State) newSet(members [][]byte) *setObject {
	_, isInt := parseInt(members[0])
	switch n := len(members); {
	case isInt && !s.limits.exceeded(setMaxIntset, n):
		return &setObject{enc: encIntset}
	case !s.limits.exceeded(setMaxEntries, n):
		return &setObject{enc: encListpack}
	}
	return &setObject{enc: encHashtable}
}

func (o *setObject) kind() kind         { return kindSet }
func (o *setObject) tree() *ctree.Tree  { return &o.t }
func (o *setObject) encoding() encoding { return o.enc }
func (o *setObject) size() int64        { return objectOverhead + int64(len(o.ints)) + o.t.Size() }
func (o *setObject) items() int         { return o.len() }

func (o *setObject) clone() object { return &setObject{o.enc, slices.Clone(o.ints), o.t.Clone()} }

// len is the number of members; a set that is nil has none.
func (o *setObject) len() int {
	switch {
	case o == nil:
		return 0
	case o.enc == encIntset:
		return o.ints.len()
	}
	return o.t.Len()
}

// walk returns the members from a position on.
func (o *setObject) walk(from int) iter.Seq[[]byte] {
	if o == nil {
		return func(func([]byte) bool) {}
	}
	if o.enc != encIntset {
		return withoutHash(o.t.Forward(from), o.enc == encHashtable)
	}
	return func(yield func([]byte) bool) {
		for i := from; i < o.ints.len(); i++ {
			if !yield(strconv.AppendInt(nil, o.ints.at(i), 10)) {
				return
			}
		}
	}
}

// at returns the member at a position.
func (o *setObject) at(i int) (member []byte) {
	for member = range o.walk(i) {
		break
	}
	return member
}

func (o *setObject) add(s *State, item []byte) bool {
	if o.enc == encListpack {
		o.t.Append(item)
		return true
	}
	pos, found := o.find(s, item)
	if _, isInt := parseInt(item); found || o.enc == encIntset && !isInt {
		return false
	}
	o.put(s, pos, item)
	return true
}

// find returns whether a set has a member, and where it is or belongs.
func (o *setObject) find(s *State, member []byte) (pos int, found bool) {
	switch o.enc {
	case encIntset:
		if v, ok := parseInt(member); ok {
			return o.ints.find(v)
		}
		return 0, false
	case encHashtable:
		probe := o.item(s, member)
		pos, item := o.t.Seek(probe)
		return pos, bytes.Equal(item, probe)
	}
	for item := range o.t.Forward(0) {
		if bytes.Equal(item, member) {
			return pos, true
		}
		pos++
	}
	return pos, false
}

// has tells whether a set, which may be nil, has a member.
func (o *setObject) has(s *State, member []byte) bool {
	if o == nil {
		return false
	}
	_, found := o.find(s, member)
	return found
}

// put adds a member at the position where it belongs.
func (o *setObject) put(s *State, pos int, member []byte) {
	if o.enc == encIntset {
		v, _ := parseInt(member)
		o.ints.insert(pos, v)
		return
	}
	o.t.Insert(pos, o.item(s, member))
}

// item makes an item, in the scratch of the state if it begins with a hash.
func (o *setObject) item(s *State, member []byte) []byte {
	if o.enc != encHashtable {
		return member
	}
	b := append(s.appendHash(s.scratch[:0], member), member...)
	s.keepScratch(b)
	return b
}

// insert adds a member, and is true if it is new.
func (o *setObject) insert(s *State, member []byte) bool {
	pos, found := o.find(s, member)
	if found {
		return false
	}
	if enc := o.encodingWith(s, member); enc != o.enc {
		o.convert(s, enc)
		pos, _ = o.find(s, member)
	}
	o.put(s, pos, member)
	return true
}

// encodingWith is the encoding for one more member.
func (o *setObject) encodingWith(s *State, member []byte) encoding {
	fits := !s.limits.exceeded(setMaxEntries, o.len()+1) && !s.limits.exceeded(setMaxValue, len(member))
	switch o.enc {
	case encIntset:
		if _, isInt := parseInt(member); isInt {
			if s.limits.exceeded(setMaxIntset, o.len()+1) {
				return encHashtable
			}
			return encIntset
		}
		fits = fits && !s.limits.exceeded(setMaxValue, o.ints.longest())
	case encHashtable:
		return encHashtable
	}
	if fits {
		return encListpack
	}
	return encHashtable
}

// convert changes the encoding to one that the members fit in.
func (o *setObject) convert(s *State, enc encoding) {
	c := setObject{enc: enc}
	for member := range o.walk(0) {
		pos, _ := c.find(s, member)
		c.put(s, pos, member)
	}
	*o = setObject{c.enc, c.ints, c.t}
}

// remove takes a member out, and is true if there was one.
func (o *setObject) remove(s *State, member []byte) bool {
	pos, found := o.find(s, member)
	if found {
		o.removeAt(pos)
	}
	return found
}

func (o *setObject) removeAt(pos int) {
	if o.enc == encIntset {
		o.ints.remove(pos)
	} else {
		o.t.Delete(pos)
	}
}
