package segment

const (
	slackSegments = 4  // beyond twice of what is read
	slackFiles    = 16 // however small
)

// clean writes what is left of one segment anew, so that it is given up when the next is begun. Where the entries of one
// stream stay and those of others go, segments are kept for little: once there are twice as many bytes in segments as are
// read, and some, the emptiest makes room for less than half of itself. Every Open begins a segment, however short the last
// one: once there are too many, the one with the least goes.
func (s *Store) clean() error {
	var all, live int64
	var emptiest, least *segment
	for _, g := range s.segments {
		all, live = all+g.end, live+g.live
		if g == s.tail {
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
	case emptiest == nil:
		return nil
	case all > 2*live+slackSegments*s.opts.Size:
		return s.move(emptiest)
	case int64(len(s.segments)) > 2*live/s.opts.Size+slackFiles:
		return s.move(least)
	}
	return nil
}

// move writes the entries of a segment to the tail.
func (s *Store) move(from *segment) error {
	var moved Batch
	for id, str := range s.streams {
		for i := str.first; i < str.end; i++ {
			p := *str.at(i)
			if p.segment != from.id {
				continue
			}
			if err := from.file.value(p, moved.Put(id, i, int(p.size))); err != nil {
				return err
			}
		}
	}
	if moved.Empty() {
		return nil
	}
	return s.append(&moved, false)
}
