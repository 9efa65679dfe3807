package keyspace

import "github.com/cespare/xxhash/v2"

// Hash returns a hash of everything that is replicated: equal states have equal
// hashes, whatever way they came about. It walks over all keys.
func (s *State) Hash() uint64 {
	buf := appendHeader(nil, s.header(0))
	sum := xxhash.Sum64(buf)
	s.watch.each(func(bucket int, version uint64) { sum += mix(version + mix(uint64(bucket))) })
	for w := range s.waiters.each() {
		buf = appendWaiter(buf[:0], w)
		sum = mix(sum) + xxhash.Sum64(buf)
	}
	for _, d := range s.once.order {
		buf = appendOnce(buf[:0], d)
		sum = mix(sum) + xxhash.Sum64(buf)
	}
	for _, d := range s.dicts {
		if d == nil {
			continue
		}
		d.all(func(_ ref, e *entry) {
			var more rest
			buf, more = appendEntry(buf[:0], e)
			one := xxhash.Sum64(buf)
			for more.obj != nil {
				buf, more = more.appendRecord(buf[:0])
				one = mix(one) + xxhash.Sum64(buf)
			}
			sum += mix(one)
		})
	}
	return sum
}

// Strays counts the keys in slots that the shard does not own: there are none.
func (s *State) Strays() (n int) {
	for slot, d := range s.dicts {
		if d != nil && !s.slots.has(uint16(slot)) {
			n += int(d.used)
		}
	}
	return n
}
