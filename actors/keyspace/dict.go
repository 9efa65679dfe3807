package keyspace

import (
	"math/bits"
)

// segmentSize is how many buckets are allocated at a time once a dict is large.
const segmentSize = 1024

// minBuckets is how far a dict shrinks.
const minBuckets = 4

// dict is the hash table of one slot: linear hashing, which grows and shrinks
// by one bucket at a time, so that no operation ever waits for a resize.
//
// Bucket i holds the hashes that end in the bits of i, at the width of the
// table or, for buckets that were not split yet, one bit less.
//
// Read backwards, a hash is a position: a bucket is then an unbroken range of
// positions, at any size of the table. Walking buckets in order of position and
// each bucket in order of (position, key) visits the same keys in the same
// order on every replica, whatever its table went through; and a walk that
// notes the position it reached misses no key that is there all the time,
// however much the table grows and shrinks meanwhile. That is the guarantee of
// SCAN.
//
// It fills a cache line: most look-ups wait for memory, and of a small dict for no more than this line and the one of
// the bucket.
type dict struct {
	first   []ref   // up to segmentSize buckets
	rest    [][]ref // the others
	in      *entries
	buckets uint32
	used    uint32
}

func newDict(in *entries) *dict {
	return &dict{first: make([]ref, minBuckets), in: in, buckets: minBuckets}
}

func (d *dict) bucket(i uint32) *ref {
	if i < segmentSize {
		return &d.first[i]
	}
	return &d.rest[i/segmentSize-1][i%segmentSize]
}

// index returns the bucket of a hash.
func (d *dict) index(hash uint32) uint32 {
	mask := uint32(1)<<bits.Len32(d.buckets-1) - 1
	i := hash & mask
	if i >= d.buckets {
		i = hash & (mask >> 1)
	}
	return i
}

// find returns the entry of a key, or nil.
func (d *dict) find(hash uint32, key []byte) *entry {
	for r := *d.bucket(d.index(hash)); r != 0; {
		e := d.in.at(r)
		if e.hash == hash && e.name() == string(key) {
			return e
		}
		r = e.next
	}
	return nil
}

// insert adds an entry. REQUIRES: its key is not in d.
func (d *dict) insert(r ref) {
	if d.full() {
		d.split()
	}
	d.push(r)
	d.used++
}

// full tells whether the next entry makes d grow.
func (d *dict) full() bool { return d.used >= d.buckets }

// splitting is the bucket that is split next.
func (d *dict) splitting() uint32 { return d.buckets - 1<<(bits.Len32(d.buckets)-1) }

func (d *dict) push(r ref) {
	e := d.in.at(r)
	b := d.bucket(d.index(e.hash))
	e.next, *b = *b, r
}

// remove takes an entry out, and returns where it stands. REQUIRES: it is in d.
func (d *dict) remove(e *entry) ref {
	p := d.bucket(d.index(e.hash))
	for d.in.at(*p) != e {
		if p = &d.in.at(*p).next; *p == 0 {
			panic("keyspace: an entry is not in its dict")
		}
	}
	r := *p
	*p, e.next = e.next, 0
	d.used--
	// Each removal merges a few buckets, to keep pace with removals only.
	for range 8 {
		if d.buckets <= minBuckets || uint64(d.used)*4 >= uint64(d.buckets) {
			break
		}
		d.merge()
	}
	return r
}

// split adds a bucket and moves there what belongs to it.
func (d *dict) split() {
	d.room()
	p := d.bucket(d.splitting())
	r := *p
	*p = 0
	d.buckets++
	d.pushAll(r)
}

// pushAll adds the entries of a chain.
func (d *dict) pushAll(r ref) {
	for r != 0 {
		next := d.in.at(r).next
		d.push(r)
		r = next
	}
}

// room allocates the place of the next bucket. The first segment doubles, so
// that small dicts are small.
func (d *dict) room() {
	switch {
	case int(d.buckets) < len(d.first)+len(d.rest)*segmentSize:
	case len(d.first) < segmentSize:
		grown := make([]ref, 2*len(d.first))
		copy(grown, d.first)
		d.first = grown
	default:
		d.rest = append(d.rest, make([]ref, segmentSize))
	}
}

// merge gives the last bucket back to the one it was split from.
func (d *dict) merge() {
	d.buckets--
	p := d.bucket(d.buckets)
	r := *p
	*p = 0
	d.pushAll(r)
	// One empty segment is kept, lest the border costs an allocation each way.
	if n := len(d.rest); n > 0 && int(d.buckets) <= (n-1)*segmentSize {
		d.rest[n-1] = nil
		d.rest = d.rest[:n-1]
	}
}

// position returns where a hash stands in the order of walks.
func position(hash uint32) uint32 { return bits.Reverse32(hash) }

// dictEnd is the position behind the last one.
const dictEnd = uint64(1) << 32

// bucketAt appends the entries of the bucket that covers a position to dst, in
// order, and returns the position behind that bucket. REQUIRES: pos < dictEnd.
func (d *dict) bucketAt(pos uint64, dst []*entry) ([]*entry, uint64) {
	i := d.index(bits.Reverse32(uint32(pos)))
	from := len(dst)
	for r := *d.bucket(i); r != 0; {
		e := d.in.at(r)
		r = e.next
		dst = append(dst, e)
		for k := len(dst) - 1; k > from && before(e, dst[k-1]); k-- {
			dst[k], dst[k-1] = dst[k-1], e
		}
	}
	return dst, d.bucketEnd(i)
}

// bucketEnd returns the position behind the range of bucket i.
func (d *dict) bucketEnd(i uint32) uint64 {
	width := bits.Len32(d.buckets - 1)
	if half := uint32(1) << (width - 1); i < half && i+half >= d.buckets {
		width-- // not split yet
	}
	return uint64(bits.Reverse32(i)) + dictEnd>>width
}

// before is the order within a bucket.
func before(a, b *entry) bool {
	if a.hash != b.hash {
		return position(a.hash) < position(b.hash)
	}
	return a.name() < b.name()
}

// each calls f for all entries in order until it returns false. f may remove
// the entry that it is given, and change nothing else.
func (d *dict) each(f func(*entry) bool) {
	var es []*entry
	for pos := uint64(0); pos < dictEnd; {
		es, pos = d.bucketAt(pos, es[:0])
		for _, e := range es {
			if !f(e) {
				return
			}
		}
	}
}

// all calls f for all entries and where they stand, in the order in which they happen to lie. f must not change d.
func (d *dict) all(f func(ref, *entry)) {
	for i := range d.buckets {
		for r := *d.bucket(i); r != 0; {
			e := d.in.at(r)
			next := e.next
			f(r, e)
			r = next
		}
	}
}
