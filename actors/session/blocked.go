package session

import (
	"github.com/troupedb/troupe/actors/replica"
)

// A command that may wait for what it asks for (keyspace, "Blocking") is alone in its segment. Its shard may
// answer that it waits: then the session does nothing but wait for the second answer, and what the client
// sent behind it waits too. The log of the shard ends the wait, whatever the reason; of a shard that is led on another
// node, also the loss of the link to it.

// blockedOp is the operation that a client is blocked in.
type blockedOp struct {
	part    *part
	waiter  uint64 // its name in the replica, or for the Forwarder
	asked   bool   // its end was asked for
	queries []*unblockQuery
}

// blocks takes the news that the operation of a part waits. For a client that is gone the wait ends at
// once: nothing may be popped for it.
func (s *session) blocks(p *part, waiter uint64) {
	s.blocked = &blockedOp{part: p, waiter: waiter}
	if s.cur == nil || s.ended {
		s.closing, s.cur = true, nil
		s.leaveBlocked()
		return
	}
	s.info.blocked.Store(true)
}

// endBlocked takes the news that the wait is over, by the will of someone here if cancelled is set.
func (s *session) endBlocked(cancelled bool) {
	b := s.blocked
	if b == nil {
		return
	}
	s.blocked = nil
	s.info.blocked.Store(false)
	for i, q := range b.queries {
		q.answer(cancelled && i == 0)
	}
}

// leaveBlocked gives up the wait of a client that is gone.
func (s *session) leaveBlocked() {
	if s.blocked != nil {
		s.askEnd(s.blocked, false)
		s.endBlocked(false)
	}
}

// askEnd asks the shard to end a wait, once.
func (s *session) askEnd(b *blockedOp, withError bool) {
	if b.asked {
		return
	}
	b.asked = true
	if b.part.hops > 0 {
		s.srv.cfg.Forward.Unblock(b.waiter, withError)
		return
	}
	s.root.Send(b.part.handle.PID, &replica.Unblock{IDs: []uint64{b.waiter}, Error: withError})
}
