package session

import (
	"time"

	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/slotmap"
)

// part is what a segment asks of one shard. It is kept for the next segment that needs the shard.
type part struct {
	shard  slotmap.ShardID
	handle *replica.Handle // nil: no replica here, the leader's node is asked
	leader slotmap.NodeID  // where to forward to
	ops    []byte          // encoded operations
	slots  []uint16        // slot of each operation
	write  bool
	active bool // takes part in the segment
	sent   bool // a batch is under way
	hops   int  // times that it was forwarded
	again  bool // was not done once, and asked again of the replica here

	anyReplica bool // reads may be served by a replica that does not lead
	waits      bool // its only operation may wait

	status  replica.Status
	answer  *replica.Answer
	refusal refusal // with a status other than Done

	spare *replica.Answer // memory for the next answer, see lend; nil: it is lent, or there is none
}

// keepOps is the size up to which a part keeps its buffer of operations.
const keepOps = 64 << 10

// keepAnswer is the size up to which a part, of each shard that the connection asked, keeps the memory of an answer.
const keepAnswer = 8 << 10

// lend gives away memory for an answer. Who has the batch has the memory.
func (p *part) lend() *replica.Answer {
	a := p.spare
	p.spare = nil
	if a == nil {
		a = &replica.Answer{}
	}
	return a
}

// takeBack keeps the memory of an answer if it is what was lent. REQUIRES: the replies are written before the next lend.
func (p *part) takeBack(a *replica.Answer) {
	if a == nil || a.Batch.Into != a || cap(a.Replies)+4*cap(a.Ends) > keepAnswer {
		return
	}
	a.Batch = nil
	p.spare = a
}

// note takes note of an operation that was appended to ops, and returns its number.
func (p *part) note(slot uint16, write bool) int {
	p.slots = append(p.slots, slot)
	p.write = p.write || write
	return len(p.slots) - 1
}

// partFor finds the part for operations on a slot, or the error line when there is none.
func (s *session) partFor(slot uint16) (*part, string) {
	id, _ := s.routes.Map.Owner(slot)
	if id == 0 {
		return nil, lineNotServed
	}
	return s.shardPart(id, slot)
}

// shardPart is partFor with the shard given.
func (s *session) shardPart(id slotmap.ShardID, slot uint16) (*part, string) {
	if p := s.parts[id]; p != nil && p.active && (p.handle != nil || s.forwards) {
		return p, ""
	}
	if r, ok := s.refused[id]; ok {
		return nil, r.line(s.routes, slot)
	}
	h := s.routes.Handles[id]
	var forward slotmap.NodeID
	if h == nil {
		leader, known := s.routes.Leader(id)
		switch {
		case !known || leader.ID == s.routes.Self.ID:
			return nil, lineDown
		case !s.forwards:
			return nil, moved(slot, leader)
		}
		forward = leader.ID
	}
	return s.activate(id, h, forward), ""
}

// activate makes a shard take part in the segment.
func (s *session) activate(id slotmap.ShardID, h *replica.Handle, forward slotmap.NodeID) *part {
	p := s.parts[id]
	if p == nil {
		p = &part{shard: id}
		s.parts[id] = p
	}
	if cap(p.ops) > keepOps {
		p.ops = nil
	}
	*p = part{shard: id, handle: h, leader: forward, ops: p.ops[:0], slots: p.slots[:0], spare: p.spare, active: true}
	s.seg.active = append(s.seg.active, p)
	return p
}

// send sends each shard of the segment its batch.
func (s *session) send() {
	if s.seg.pending() {
		s.seg.sent = time.Now()
	}
	for _, p := range s.seg.active {
		if len(p.slots) == 0 {
			continue
		}
		b := &replica.Batch{
			Ops: p.ops, Count: len(p.slots), Write: p.write, Follower: (s.readonly || p.anyReplica) && !p.write,
			Quiet: s.info.flags.Load()&flagNoTouch != 0, Waits: p.waits, Proto: s.proto, Sink: sink{s}, Tag: p,
		}
		s.srv.stats.batches.Add(1)
		s.srv.stats.batchOps.Add(uint64(b.Count))
		s.sendBatch(p, b)
	}
	s.srv.stats.segments.Add(1)
}

func (s *session) sendBatch(p *part, b *replica.Batch) {
	switch {
	case p.handle == nil:
		s.forward(p, b, p.leader)
	case p.handle.Budget.TryAcquire(b.Cost()):
		p.sent = true
		s.seg.outstanding++
		b.Into = p.lend()
		s.root.Send(p.handle.PID, b)
	default:
		s.refuse(p, refusal{status: replica.TryAgain})
	}
}

// sink delivers answers to the session's mailbox.
type sink struct{ s *session }

// Deliver implements replica.Sink.
func (k sink) Deliver(a *replica.Answer) { k.s.root.Send(k.s.pid, a) }

// answered takes the answer to a batch.
func (s *session) answered(a *replica.Answer) {
	p, ok := a.Batch.Tag.(*part)
	if ok && a.Status == replica.Waits {
		s.blocks(p, a.Waiter)
		return
	}
	if !ok || s.cur == nil || !p.sent {
		return // the session gave up on it
	}
	s.endBlocked(a.Cancelled)
	p.sent = false
	s.seg.outstanding--
	s.settle(p, a)
	s.proceed()
}

// settle notes what became of a part.
func (s *session) settle(p *part, a *replica.Answer) {
	switch {
	case a.Status == replica.Done && len(a.Ends) == len(p.slots):
		p.status, p.answer = replica.Done, a
		if p.write {
			s.wrote(p.shard, a.Index)
		}
	case a.Status == replica.Done:
		s.refuse(p, refusal{status: replica.Unknown})
	case a.Status == replica.Moved && s.mayForward(p, a.Leader):
		s.forward(p, a.Batch, a.Leader)
	case s.gotLost(p, a.Status) && s.askAgain(p, a.Batch):
	default:
		s.refuse(p, s.refusalOf(a))
	}
	if a.Status == replica.Unknown {
		p.ops = nil // whoever still knows the batch may read it
	}
}

// refuse notes that a part was not done, and keeps the shard refused for what was received behind it.
func (s *session) refuse(p *part, r refusal) {
	if r.status == replica.Unknown && !p.write {
		r.status = replica.TryAgain // a read without an answer did nothing
	}
	p.status, p.refusal = r.status, r
	if r.status == replica.Unknown || r.status == replica.Unblocked {
		return
	}
	if s.refused == nil {
		s.refused = map[slotmap.ShardID]refusal{}
	}
	s.refused[p.shard] = r
}

// proceed goes on when the last answer of a segment is in.
func (s *session) proceed() {
	if s.mustWait() {
		return
	}
	s.finish()
	s.advance()
}

// wrote notes the newest write to a shard, for WAIT.
func (s *session) wrote(id slotmap.ShardID, index uint64) {
	if s.writes == nil {
		s.writes = map[slotmap.ShardID]uint64{}
	}
	s.writes[id] = max(s.writes[id], index)
}
