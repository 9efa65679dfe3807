package keyspace

// Counts are what INFO tells of the use of keys. They are no part of the replicated state.
type Counts struct {
	Changes      uint64 // operations that changed something
	Expired      uint64 // keys deleted because their time had come
	Evicted      uint64 // keys deleted for want of memory
	Evictions    uint64 // operations that evicted, or found nothing any more that they could
	Freed        uint64 // values of many elements that were deleted
	Hits, Misses uint64 // keys that commands found to read, or not
}

// manyItems is from how many elements on Redis frees a value in the background. Here all are: to delete one is to
// forget it, whatever its size, and the garbage collector does the rest.
const manyItems = 64

// TakeCounts returns the counts since it was called last.
func (s *State) TakeCounts() Counts {
	c := s.counts
	s.counts = Counts{}
	return c
}

// expire deletes an entry whose time has come.
func (s *State) expire(e *entry) {
	s.remove(e)
	s.counts.Expired++
	s.notify(EventExpired, "expired", e.name())
}
