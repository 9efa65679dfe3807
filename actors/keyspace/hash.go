package keyspace

import "github.com/cespare/xxhash/v2"

// Hash returns a hash of everything that is replicated: equal states have equal
// hashes, whatever way they came about. It walks over all keys.
func (s *State) Hash() uint64 {
	h := s.header(0)
	buf := appendHeader(nil, h)
	for first := 0; first < watchBuckets; first += watchPerRecord {
		buf = appendWatch(buf, &s.watch, first)
	}
	sum := xxhash.Sum64(buf)
	for _, d := range s.dicts {
		if d == nil {
			continue
		}
		d.each(func(e *entry) bool {
			buf = appendEntry(buf[:0], e)
			sum += mix(xxhash.Sum64(buf))
			return true
		})
	}
	return sum
}
