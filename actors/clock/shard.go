package clock

// Now is a node's clocks at one moment.
type Now struct {
	Wall   int64 // since 1970
	Mono   int64 // never runs backwards
	Agreed Agreed
}

// Verdict is what the cluster's clocks say of a node's wall clock.
type Verdict uint8

const (
	Unknown Verdict = iota // too few clocks are known, or they do not agree
	Agrees
	Differs
)

// String names the verdict as INFO shows it.
func (v Verdict) String() string { return [...]string{"unknown", "agrees", "differs"}[v%3] }

// Verdict judges the wall clock.
func (n Now) Verdict() Verdict {
	switch {
	case !n.Agreed.Known:
		return Unknown
	case within(n.Wall, n.Agreed.At(n.Mono)):
		return Agrees
	}
	return Differs
}

// Offset is how far the wall clock is ahead of the agreed time; 0 where none is known.
func (n Now) Offset() int64 {
	if !n.Agreed.Known {
		return 0
	}
	return n.Wall - n.Agreed.At(n.Mono)
}

// Shard is a shard's clock on the node that leads it or may come to do so. It belongs to one goroutine; the zero
// value shows 0.
type Shard struct {
	last   int64 // what it showed
	tenths int64 // of a millisecond, beyond last: 0 to 9
	mono   int64 // when
}

// Observe takes note of a committed stamp.
func (s *Shard) Observe(stamp, mono int64) {
	if stamp > s.last {
		*s = Shard{last: stamp, mono: mono}
	}
}

// Now is the shard's time: the stamp of an entry that is made at this moment, or the time that a read sees. It
// never runs backwards.
//
// The wall clock is followed only while it agrees with the cluster's. Else the time counts on from what it was,
// by the monotonic clock. Where it is ahead of what it should be, it runs at nine tenths of the speed until it is
// not: so expiry neither stops nor jumps. Only a leader that knows the agreed time lets it jump forward, as after
// a stop.
func (s *Shard) Now(n Now) int64 {
	elapsed := max(0, n.Mono-s.mono)
	full := s.last + elapsed
	slow := s.last + (s.tenths+9*elapsed)/10
	now := full
	switch n.Verdict() {
	case Agrees:
		now = max(slow, n.Wall)
	case Differs:
		agreed := n.Agreed.At(n.Mono)
		if now = max(slow, min(full, agreed)); agreed > full+Tolerance {
			now = agreed
		}
	}
	s.advance(now, slow, elapsed, n.Mono)
	return s.last
}

// advance keeps the part of a millisecond that the slow pace is ahead by, else frequent calls would slow it
// down further.
func (s *Shard) advance(now, slow, elapsed, mono int64) {
	if now < s.last { // beyond all calendars
		return
	}
	tenths := int64(0)
	if now == slow {
		tenths = (s.tenths + 9*elapsed) % 10
	}
	*s = Shard{last: now, tenths: tenths, mono: max(mono, s.mono)}
}
