package keyspace

import (
	"iter"
	"math/bits"
	"unsafe"

	"github.com/troupedb/troupe/actors/keyspace/ctree"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/pack"
)

// AheadMax is how many operations Ahead looks at, and how many keys or chains of them others do: more than the cache
// misses that a core keeps under way, so that it is seldom short of them.
const AheadMax = 32

// maxLookSteps bounds the work of looking ahead once, where slots and buckets are empty.
const maxLookSteps = 8 * AheadMax

// minAhead is how many bytes of operations have any waits worth overlapping.
const minAhead = 128

// minKeysAhead is how many keys of a command are worth looking ahead for, though they may be in the cache.
const minKeysAhead = 4

// hashed is a key with what is computed from it to find it. REQUIRES: its bytes do not change.
type hashed struct {
	key  []byte
	hash uint32
	slot uint16
}

func (s *State) hashed(key []byte) hashed {
	return hashed{key: key, hash: s.hash(key), slot: slotmap.Slot(key)}
}

// is tells whether k is about these very bytes, not only equal ones.
func (k *hashed) is(key []byte) bool {
	return k.key != nil && len(k.key) == len(key) && unsafe.SliceData(k.key) == unsafe.SliceData(key)
}

// lookahead is a key that an operation will ask for, and how far its look-up has come.
type lookahead struct {
	slot uint16
	hash uint32
	d    *dict
	b    *ref
	r    ref
	e    *entry
}

// Ahead touches what the next AheadMax operations of r will look up, and, unless reads says that none of them writes, what
// the first new key of a slot makes move. In a large keyspace a look-up waits for memory several times, each wait for what
// the one before has found. Ahead makes the same step of all look-ups before the next of any, so that their waits overlap.
// It changes no state and no reply. r has read the operations then, with the hashes of their keys, and Next hands them out.
func (s *State) Ahead(r *OpReader, reads bool) {
	if r.r.Len() < minAhead {
		return
	}
	var buf [AheadMax]lookahead
	next := buf[:0]
	ops := r.readAhead()
	for i := range ops {
		// The second argument is a key more often than not.
		if op := &ops[i]; len(op.Args) > 1 {
			op.key = s.hashed(op.Args[1])
			next = append(next, lookahead{slot: op.key.slot, hash: op.key.hash})
		}
	}
	s.ahead(next, reads)
}

// AheadOfEach does so with the operations of several readers' input, none of which writes. It passes over what is
// long enough for Ahead.
func (s *State) AheadOfEach(ops [][]byte) {
	var buf [AheadMax]lookahead
	next := buf[:0]
	for _, b := range ops {
		if len(b) < minAhead && len(next) < AheadMax {
			var r pack.Reader
			r.Reset(b)
			next = s.keysAhead(r, next)
		}
	}
	if len(next) > 1 {
		s.ahead(next, true)
	}
}

func (s *State) ahead(next []lookahead, reads bool) {
	for i := range next {
		n := &next[i]
		if n.d = s.dicts[n.slot]; n.d != nil {
			s.aheadSum += byte(n.d.buckets)
		}
		if !reads {
			s.aheadSum += byte(s.watch.modified(bucketOf(n.hash)))
		}
	}
	for i := range next {
		if n := &next[i]; n.d != nil {
			n.b = n.d.bucket(n.d.index(n.hash))
		}
	}
	for i := range next {
		if n := &next[i]; n.b != nil {
			n.r = *n.b
		}
	}
	for i := range next {
		n := &next[i]
		for r := n.r; r != 0 && n.e == nil; {
			e := s.entries.at(r)
			s.aheadSum += byte(e.enc) // which may be in another cache line than the hash
			if r = e.next; e.hash == n.hash {
				n.e = e
			}
		}
	}
	var buf [AheadMax]*entry
	es := buf[:0]
	for i := range next {
		if e := next[i].e; e != nil {
			es = append(es, e)
		}
	}
	s.aheadOfValues(es)
	if !reads {
		s.aheadOfSplits(next)
	}
}

// aheadOfValues touches keys and what they hold. REQUIRES: there are at most 2 * AheadMax.
func (s *State) aheadOfValues(es []*entry) {
	collections := false
	for _, e := range es {
		s.aheadSum += e.firstAndLast()
		collections = collections || e.kind() != kindString
	}
	if collections {
		s.aheadOfCollections(es)
	}
}

// aheadOfCollections touches the ends of where a small collection has its items.
func (s *State) aheadOfCollections(es []*entry) {
	var roots [2 * AheadMax]ctree.Root
	var pages [2 * AheadMax][]byte
	n := 0
	for _, e := range es {
		if e.kind() != kindString {
			roots[n] = e.object().tree().Root()
			n++
		}
	}
	for i := range n {
		pages[i] = roots[i].Page()
	}
	for _, p := range pages[:n] {
		if len(p) > 0 {
			s.aheadSum += p[0] + p[len(p)-1]
		}
	}
}

// aheadOfSplits touches the entries that move when keys that were not found are made.
func (s *State) aheadOfSplits(next []lookahead) {
	var buf [AheadMax]ref
	chains := buf[:0]
	for i := range next {
		if n := &next[i]; n.e == nil && n.d != nil && n.d.full() {
			chains = append(chains, *n.d.bucket(n.d.splitting()))
		}
	}
	for _, r := range chains {
		for r != 0 {
			e := s.entries.at(r)
			s.aheadSum += byte(e.hash)
			r = e.next
		}
	}
}

// firstAndLast adds up the first byte of the key and the last one of a string: the ends of the piece of memory that has
// both, or of the two that have them. What is between them is left to the processor.
func (e *entry) firstAndLast() (sum byte) {
	if e.keyLen == 0 {
		return 0
	}
	sum = e.name()[0]
	if data := e.data(); len(data) > 0 {
		sum += data[len(data)-1]
	}
	return sum
}

// withAhead goes over the keys of a command, every nth of args, and touches what they will be looked up by before it comes
// to them. Each is looked up by the hash that was computed for that, until it comes to the next.
func (s *State) withAhead(args [][]byte, nth int) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		many := len(args) >= nth*minKeysAhead
		if many {
			defer s.forgetHashes() // also if the command panics, lest they hold the entry that the keys stand in
		}
		for i := 0; i < len(args); i += nth {
			if many {
				at := i / nth % AheadMax
				if at == 0 {
					s.hashesAhead(args[i:min(len(args), i+nth*AheadMax)], nth)
				}
				s.call.key = &s.hashes[at]
			}
			if !yield(i, args[i]) {
				return
			}
		}
	}
}

func (s *State) forgetHashes() {
	s.call.key = nil
	clear(s.hashes[:])
}

// hashesAhead looks ahead for up to AheadMax keys, every nth of args, and leaves their hashes in s.hashes.
func (s *State) hashesAhead(args [][]byte, nth int) {
	var buf [AheadMax]lookahead
	next := buf[:0]
	for i := 0; i < len(args); i += nth {
		h := s.hashed(args[i])
		s.hashes[len(next)] = h
		next = append(next, lookahead{slot: h.slot, hash: h.hash})
	}
	s.ahead(next, s.call.Env.Read)
}

// aheadOfExpiry looks ahead for up to n keys that are expired. REQUIRES: n <= AheadMax.
func (s *State) aheadOfExpiry(n int) {
	var buf [AheadMax]*entry
	es := buf[:0]
	s.expiry.each(s.call.Env.Now, func(e *entry) bool {
		es = append(es, e)
		return len(es) < n
	})
	if len(es) == 1 {
		return
	}
	for _, e := range es {
		s.aheadSum += byte(e.keyLen) + byte(e.enc)
	}
	var keys [AheadMax]lookahead
	next := keys[:0]
	for _, e := range es {
		next = append(next, lookahead{slot: slotmap.Slot(e.nameBytes()), hash: e.hash})
	}
	s.ahead(next, false)
}

// keysAhead appends the keys of the next operations of r to dst, until there are AheadMax.
func (s *State) keysAhead(r pack.Reader, dst []lookahead) []lookahead {
	for len(dst) < AheadMax {
		slot, key := peekKey(&r)
		if key == nil {
			break
		}
		dst = append(dst, lookahead{slot: slot, hash: s.hash(key)})
	}
	return dst
}

// peekKey reads an operation over, and returns its slot and its second argument; nil at the end and for what is no
// plain command.
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

// cursor is a place in the walk over all keys: a slot, and a position in its dict.
type cursor struct {
	slot int
	pos  uint64
}

// to moves c to a position in its slot, or where that is the end to the next slot.
func (c *cursor) to(pos uint64) {
	if c.pos = pos; pos == dictEnd {
		*c = cursor{slot: c.slot + 1}
	}
}

func (c cursor) before(d cursor) bool {
	return c.slot < d.slot || c.slot == d.slot && c.pos < d.pos
}

// aheadOfWalk touches the keys of the next n buckets that a walk from c on finds any in, with values also what they hold,
// and returns up to where it did. REQUIRES: n <= AheadMax.
func (s *State) aheadOfWalk(c cursor, n int, values bool, dictAt func(slot int) *dict) cursor {
	type link struct {
		e *entry
		d *dict
	}
	var buf [2 * AheadMax]link
	next := buf[:0]
	for steps := 0; steps < maxLookSteps && len(next) < n && c.slot < slotmap.Count; steps++ {
		d := dictAt(c.slot)
		if d == nil {
			c.to(dictEnd)
			continue
		}
		i := d.index(bits.Reverse32(uint32(c.pos)))
		if r := *d.bucket(i); r != 0 {
			next = append(next, link{d.in.at(r), d})
		}
		c.to(d.bucketEnd(i))
	}
	sum := byte(0)
	for from := 0; from < len(next); {
		level := next[from:] // one link of each chain that is so long
		from = len(next)
		for _, l := range level {
			sum += byte(l.e.enc) + byte(l.e.keyLen) // which may be in two cache lines
		}
		for _, l := range level {
			if l.e.next != 0 && len(next) < len(buf) {
				next = append(next, link{l.d.in.at(l.e.next), l.d})
			}
		}
	}
	s.aheadSum += sum
	var es [2 * AheadMax]*entry
	for i, l := range next {
		es[i] = l.e
	}
	if values {
		s.aheadOfValues(es[:len(next)])
		return c
	}
	for _, e := range es[:len(next)] {
		if e.keyLen > 0 {
			s.aheadSum += e.name()[0]
		}
	}
	return c
}
