package replica

// slewPercent is how fast the stamps of a shard run while they are ahead of the wall clock.
const slewPercent = 90

// stamper makes the stamps of a leader's entries: the wall clock, but never less than what was
// stamped or committed before. While the stamps are ahead they run at slewPercent of real time, so that
// the wall clock comes closer and expiry neither stops nor jumps.
type stamper struct {
	last int64 // newest stamp given or seen, ms
	mono int64 // monotonic time of last, ms
}

// observe takes note of a committed stamp.
func (s *stamper) observe(stamp, mono int64) {
	if stamp > s.last {
		s.last, s.mono = stamp, mono
	}
}

// stamp gives the time for an entry made at the given wall and monotonic clocks.
func (s *stamper) stamp(wall, mono int64) int64 {
	now := s.estimate(wall, mono)
	if now > s.last {
		s.last, s.mono = now, mono
	}
	return now
}

// estimate is what stamp would give, without giving it.
func (s *stamper) estimate(wall, mono int64) int64 {
	slewed := s.last
	if elapsed := mono - s.mono; elapsed > 0 {
		slewed += elapsed * slewPercent / 100
	}
	if wall >= s.last {
		return wall
	}
	return slewed
}
