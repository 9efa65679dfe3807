package keyspace

import (
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/pack"
)

// AheadMax is how many operations Ahead looks at: about as many cache misses as a core keeps under way.
const AheadMax = 16

// minAhead is how many bytes of operations have any waits worth overlapping.
const minAhead = 128

// lookahead is a key that an operation will ask for.
type lookahead struct {
	e    *entry
	hash uint32
}

// Ahead touches what the next AheadMax operations of r will look up. In a large keyspace a look-up waits for
// memory several times; the look-ups of Ahead don't depend on each other, so that their waits overlap. It
// changes no state and no reply, and r stays where it is.
func (s *State) Ahead(r *OpReader) {
	if r.r.Len() < minAhead {
		return
	}
	var buf [AheadMax]lookahead
	next := buf[:0]
	ahead := r.r
	for range AheadMax {
		slot, key := peekKey(&ahead)
		if key == nil {
			break
		}
		if d := s.dicts[slot]; d != nil {
			h := s.hash(key)
			next = append(next, lookahead{*d.bucket(d.index(h)), h})
		}
	}
	for i := range next {
		n := &next[i]
		for n.e != nil && n.e.hash != n.hash {
			n.e = n.e.next
		}
	}
	for i := range next {
		if e := next[i].e; e != nil && len(e.key) > 0 {
			s.aheadSum += e.key[0]
			if data := e.data(); len(data) > 0 {
				s.aheadSum += data[0]
			}
		}
	}
}

// peekKey reads an operation over, and returns its slot and its second argument, which is a key more often than
// not; nil at the end and for what is no plain command.
func peekKey(r *pack.Reader) (slot uint16, key []byte) {
	if r.Len() == 0 || r.ArrayLen(4) != 3 {
		return 0, nil
	}
	r.Uint()
	slot = uint16(r.UintMax(slotmap.Count - 1))
	n := r.ArrayLen(maxArgs)
	if n < 2 {
		return 0, nil
	}
	r.Bytes(maxArgSize)
	key = r.Bytes(maxArgSize)
	for range n - 2 {
		r.Bytes(maxArgSize)
	}
	return slot, key
}
