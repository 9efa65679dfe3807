package keyspace

// watchBuckets is how many groups of keys the modifications are noted for.
const watchBuckets = 1 << 16

// watchTable notes for each group of keys, formed by hash, which version of the
// state modified one of them last. Versions count the operations that modified
// anything: finer than the index of the log, which many operations share, so
// that a watch set in the middle of an entry sees what the rest of it does.
//
// It is held by pages: one is made when a group of it is modified first, and
// belongs to a table and its copies until one of them modifies it.
type watchTable struct {
	version uint64
	pages   [watchPages]*watchPage // nil: none of its groups was ever modified
	own     [watchPages]bool       // no copy has the page
}

type watchPage [watchBuckets / watchPages]uint64

const watchPages = 256

// bucketOf takes the bits of a hash that small dicts do not use.
func bucketOf(hash uint32) uint16 { return uint16(hash >> 16) }

// modified is the version that modified a group last, 0 for none.
func (t *watchTable) modified(bucket uint16) uint64 {
	page := t.pages[bucket/uint16(len(watchPage{}))]
	if page == nil {
		return 0
	}
	return page[bucket%uint16(len(page))]
}

// set notes that a version modified a group.
func (t *watchTable) set(bucket uint16, version uint64) {
	i, at := bucket/uint16(len(watchPage{})), bucket%uint16(len(watchPage{}))
	// A page that is known not to be nil is spared a look at its first word, which is seldom in a cache.
	if page := t.pages[i]; page != nil && t.own[i] {
		page[at] = version
		return
	}
	t.takeOver(i)[at] = version
}

// takeOver makes a page the table's own, and returns it.
func (t *watchTable) takeOver(i uint16) *watchPage {
	page := new(watchPage)
	if t.pages[i] != nil {
		*page = *t.pages[i]
	}
	t.pages[i], t.own[i] = page, true
	return page
}

// copy returns a table with the same content.
func (t *watchTable) copy() watchTable {
	clear(t.own[:])
	return *t
}

// touch notes that the current version modifies a group.
func (t *watchTable) touch(bucket uint16) { t.set(bucket, t.version) }

// touchGroups marks every group that has a key as modified. Where there are more keys than groups hardly one has none,
// and the keys need not be looked at.
func (s *State) touchGroups() {
	if s.census.keys > watchBuckets {
		for bucket := range watchBuckets {
			s.watch.touch(uint16(bucket))
		}
		return
	}
	for _, d := range s.dicts {
		if d != nil {
			d.each(func(e *entry) bool {
				s.watch.touch(bucketOf(e.hash))
				return true
			})
		}
	}
}

// each tells of the groups that were ever modified, in order.
func (t *watchTable) each(do func(bucket int, version uint64)) {
	for i, page := range t.pages {
		if page == nil {
			continue
		}
		for j, version := range page {
			if version != 0 {
				do(i*len(page)+j, version)
			}
		}
	}
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
		if s.watch.modified(w.Bucket) > w.Index {
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
