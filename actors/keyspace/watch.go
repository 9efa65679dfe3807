package keyspace

// watchBuckets is how many groups of keys the modifications are noted for.
const watchBuckets = 1 << 16

// watchTable notes for each group of keys, formed by hash, which version of the
// state modified one of them last. Versions count the operations that modified
// anything: finer than the index of the log, which many operations share, so
// that a watch set in the middle of an entry sees what the rest of it does.
type watchTable struct {
	version  uint64
	modified [watchBuckets]uint64
}

// bucketOf takes the bits of a hash that small dicts do not use.
func bucketOf(hash uint32) uint16 { return uint16(hash >> 16) }

// touchGroups marks every group that has a key as modified. Where there are more keys than groups hardly one has none,
// and the keys need not be looked at.
func (s *State) touchGroups() {
	t := &s.watch
	if s.census.keys > watchBuckets {
		for i := range t.modified {
			t.modified[i] = t.version
		}
		return
	}
	for _, d := range s.dicts {
		if d != nil {
			d.each(func(e *entry) bool {
				t.modified[bucketOf(e.hash)] = t.version
				return true
			})
		}
	}
}

// any tells whether one of n groups from first on was ever modified.
func (t *watchTable) any(first, n int) bool {
	for _, version := range t.modified[first : first+n] {
		if version != 0 {
			return true
		}
	}
	return false
}

// WatchBucket returns the group that a key belongs to.
func (s *State) WatchBucket(key []byte) uint16 { return bucketOf(s.hash(key)) }

// watched is the internal command "watch key…": it answers one pair of bucket
// and version for each key, for the Watches of a later Tx. Keys past their time
// are deleted first, lest their deletion counts as a modification.
func watched(s *State, c *call) {
	c.W.Array(len(c.Args) - 1)
	for _, key := range c.Args[1:] {
		s.bury(key)
	}
	for _, key := range c.Args[1:] {
		c.W.Array(2)
		c.W.Int(int64(s.WatchBucket(key)))
		c.W.Int(int64(s.watch.version))
	}
}

// unchanged tells whether no watched key was modified. One whose time has come
// counts as modified though its turn to be deleted did not come yet.
func (s *State) unchanged(watches []Watch, now int64) bool {
	if len(watches) == 0 {
		return true
	}
	var buckets [watchBuckets / 64]uint64
	for _, w := range watches {
		if s.watch.modified[w.Bucket] > w.Index {
			return false
		}
		buckets[w.Bucket/64] |= 1 << (w.Bucket % 64)
	}
	same := true
	s.expiry.each(now, func(e *entry) bool {
		b := bucketOf(e.hash)
		same = buckets[b/64]&(1<<(b%64)) == 0
		return same
	})
	return same
}
