package segment

// place is where the value of an entry is. The zero place is none.
type place struct {
	segment uint32
	offset  uint32
	size    uint32
	sum     uint32 // of the value
}

// weight is what an entry counts for in what is read of a segment.
func (p place) weight() int64 { return putHeader + int64(p.size) }

// chunkLen places make a chunk, of 4 KiB.
const chunkLen = 256

// stream holds the places of consecutive entries. An entry whose place is zero is missing.
type stream struct {
	first, end uint64 // entries [first, end)
	base       uint64 // index of the first place of chunks
	chunks     []*[chunkLen]place
	rewrites   uint64 // counts the entries that were replaced
}

func (s *stream) at(index uint64) *place {
	i := index - s.base
	return &s.chunks[i/chunkLen][i%chunkLen]
}

// put sets the place of an entry and returns the one it had. ok is false where the index is not one of the stream's nor
// the next.
func (s *stream) put(index uint64, p place) (old place, ok bool) {
	if s.first == s.end {
		s.first, s.end, s.base, s.chunks = index, index, index, s.chunks[:0]
	}
	if index < s.first || index > s.end || index+1 == 0 {
		return place{}, false
	}
	if index < s.end {
		s.rewrites++
		at := s.at(index)
		old, *at = *at, p
		return old, true
	}
	if index-s.base == uint64(len(s.chunks))*chunkLen {
		s.chunks = append(s.chunks, new([chunkLen]place))
	}
	s.end++
	*s.at(index) = p
	return place{}, true
}

// cut drops the entries from first through last and hands over where they were. It reports false, and does nothing, where
// there are some before and some after.
func (s *stream) cut(first, last uint64, each func(place)) bool {
	first = max(first, s.first)
	if s.first == s.end || last < first || first >= s.end {
		return true
	}
	last = min(last, s.end-1)
	if first > s.first && last < s.end-1 {
		return false
	}
	for i := first; i <= last; i++ {
		each(*s.at(i))
	}
	if last == s.end-1 {
		s.end = first
		s.rewrites++ // what comes at these indexes is something else
	} else {
		s.first = last + 1
	}
	s.trim()
	return true
}

// trim lets go of chunks that have no entry.
func (s *stream) trim() {
	if s.first == s.end {
		s.chunks = nil
		return
	}
	if n := (s.first - s.base) / chunkLen; n > 0 {
		clear(s.chunks[:n])
		s.chunks, s.base = s.chunks[n:], s.base+n*chunkLen
	}
	if n := (s.end-1-s.base)/chunkLen + 1; n < uint64(len(s.chunks)) {
		clear(s.chunks[n:])
		s.chunks = s.chunks[:n]
	}
}

// copy is the stream as it is now.
func (s *stream) copy() *stream {
	c := *s
	c.chunks = make([]*[chunkLen]place, len(s.chunks))
	for i, chunk := range s.chunks {
		c.chunks[i] = new(*chunk)
	}
	return &c
}
