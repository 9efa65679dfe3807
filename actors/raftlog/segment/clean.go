package segment

import (
	"cmp"
	"slices"
)

const (
	slackSegments = 4         // beyond twice of what is read
	slackFiles    = 16        // however small
	maxMoved      = 256 << 10 // bytes that are moved with one Commit
	maxReads      = 16        // that it takes
)

// moving is what is left to be written anew of a segment, in the order of its file.
type moving struct {
	entries []picked
	streams []uint32 // of each
}

// clean chooses a segment whose entries are written anew, so that it is given up. Where the entries of one
// stream stay and those of others go, segments are kept for little: once there are twice as many bytes in segments as are
// read, and some, the emptiest makes room for less than half of itself. Every Open begins a segment, however short the last
// one: once there are too many, the one with the least goes. One for each that is begun is enough.
func (s *Store) clean() {
	var all, live int64
	var emptiest, least *segment
	for _, g := range s.segments {
		all, live = all+g.end, live+g.live
		if g == s.tail || g.live == 0 {
			continue
		}
		if emptiest == nil || g.live*emptiest.end < emptiest.live*g.end {
			emptiest = g
		}
		if least == nil || g.live < least.live {
			least = g
		}
	}
	switch {
	case emptiest == nil || len(s.moving.entries) > 0:
	case all > 2*live+slackSegments*s.opts.Size:
		s.empty(emptiest)
	case int64(len(s.segments)) > 2*live/s.opts.Size+slackFiles:
		s.empty(least)
	}
}

func (s *Store) empty(g *segment) {
	type entry struct {
		stream uint32
		picked
	}
	var all []entry
	for id, str := range s.streams {
		for i := str.first; i < str.end; i++ {
			if p := *str.at(i); p.segment == g.id {
				all = append(all, entry{id, picked{i, p, g.file}})
			}
		}
	}
	slices.SortFunc(all, func(a, b entry) int { return cmp.Compare(a.place.offset, b.place.offset) })
	for _, e := range all {
		s.moving.entries, s.moving.streams = append(s.moving.entries, e.picked), append(s.moving.streams, e.stream)
	}
}

// move writes some entries to the tail. The next Commit goes on, for nobody is to wait for all.
func (s *Store) move() error {
	if len(s.moving.entries) == 0 {
		return nil
	}
	r := readings.Get().(*reading)
	defer r.close()
	var b Batch
	m, n := &s.moving, 0
	for ; n < len(m.entries) && b.Len() < maxMoved && r.reads < maxReads; n++ {
		p, str := &m.entries[n], s.streams[m.streams[n]]
		if str == nil || p.index < str.first || p.index >= str.end || *str.at(p.index) != p.place {
			continue // it was dropped meanwhile, or replaced
		}
		value, err := r.value(m.entries[n:])
		if err != nil {
			return err
		}
		copy(b.Put(m.streams[n], p.index, len(value)), value)
	}
	if m.entries, m.streams = m.entries[n:], m.streams[n:]; len(m.entries) == 0 {
		*m = moving{}
	}
	if b.Empty() {
		return nil
	}
	return s.append(&b, false)
}
