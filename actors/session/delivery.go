package session

import (
	"sync/atomic"
)

// What a client is sent without having asked for it comes to its session as a frame, and is written between the
// replies. A client that takes less than it is sent is closed when more than its limits allow is under way.

// frame is a whole push in RESP3, or what is the same in both versions. It is immutable.
type frame []byte

// outputLimit is what a client may have under way, in bytes; 0 is no limit.
type outputLimit struct {
	hard, soft int64
	seconds    int64 // that more than soft may be under way
}

// backlog counts what is under way to a client. Any goroutine.
type backlog struct {
	bytes atomic.Int64
	since atomic.Int64 // ms, when more than the soft limit was first seen; 0: it is not
}

// frameCost is what a frame counts for beside its bytes.
const frameCost = 64

// admit counts a frame, and reports whether the client may have it.
func (b *backlog) admit(size int, limit outputLimit, now int64) bool {
	n := b.bytes.Add(int64(size) + frameCost)
	switch {
	case limit.hard > 0 && n > limit.hard:
		return false
	case limit.soft == 0 || n <= limit.soft:
		b.since.Store(0)
	case !b.since.CompareAndSwap(0, now):
		return now-b.since.Load() <= limit.seconds*1000
	}
	return true
}

func (b *backlog) done(bytes int64) { b.bytes.Add(-bytes) }

// deliver sends a frame to a client's session. Beyond the limits of the client's class it closes the connection.
func (s *Server) deliver(c *client, f frame, class outputClass) bool {
	limit := s.settings.limits.Load()[class]
	if !c.backlog.admit(len(f), limit, s.now.Load()) {
		s.log.Warn("closes a client that takes less than it is sent", "client", c.id, "addr", c.addr, "bytes", c.backlog.bytes.Load())
		s.stats.overflows.Add(1)
		c.kill()
		return false
	}
	s.system.Root.Send(s.system.NewLocalPID(c.actorName()), f)
	return true
}

// pushed takes a frame. It is written at the end of the turn, or with the replies of a segment before.
func (s *session) pushed(f frame) {
	s.inHand += int64(len(f)) + frameCost
	if s.closing {
		return
	}
	if f[0] == '>' && s.proto == 2 {
		s.out.add(array)
		f = f[1:]
	}
	s.out.add(f)
}

var array = []byte("*")

// drained ends a turn.
func (s *session) drained() {
	if s.inHand == 0 {
		return
	}
	if !s.closing && s.out.flush() != nil {
		s.closing, s.cur = true, nil
	}
	s.info.backlog.done(s.inHand)
	s.inHand = 0
}
