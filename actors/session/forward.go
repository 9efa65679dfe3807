package session

import (
	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/slotmap"
)

// maxHops bounds how often a batch is sent on to the node that is said to lead: each may only have led.
const maxHops = 2

// forward sends a batch to the replica on another node.
func (s *session) forward(p *part, b *replica.Batch, to slotmap.NodeID) {
	if !s.srv.cfg.Forward.Ask(to, p.shard, b) {
		s.refuse(p, refusal{status: replica.TryAgain})
		return
	}
	p.hops++
	p.sent = true
	s.seg.outstanding++
}

// mayForward reports whether a part may go on to the node that leads its shard by now.
func (s *session) mayForward(p *part, leader slotmap.NodeID) bool {
	return p.hops < maxHops && (p.hops > 0 || p.again || s.forwards) && leader != s.routes.Self.ID && !leader.IsZero()
}

// gotLost reports whether a part that may be forwarded was not done for want of a leader, or was a read whose answer is
// lost with its leader, and of which nothing remains. It may be asked again, once: a replica waits a second
// for a leader, so that is one or two, and clients commonly wait for three.
func (s *session) gotLost(p *part, status replica.Status) bool {
	notDone := status == replica.Down || status == replica.Moved || status == replica.Unknown && !p.write
	return notDone && !p.again && (p.hops > 0 || s.forwards)
}

// askAgain gives a batch to the replica here, which waits for a leader: a client that knows nothing of clusters would take
// the error as the end. It reports false if there is no replica.
func (s *session) askAgain(p *part, b *replica.Batch) bool {
	h := s.srv.routes().Handles[p.shard]
	if h == nil {
		return false
	}
	p.handle, p.hops, p.again = h, 0, true
	s.sendBatch(p, b)
	return true
}

// refusalOf is why a shard did not do what it was asked. Where commands are forwarded nobody is sent to look for a leader.
func (s *session) refusalOf(a *replica.Answer) refusal {
	if s.forwards && a.Status == replica.Moved {
		return refusal{status: replica.Down}
	}
	return refusal{status: a.Status, leader: a.Leader}
}
