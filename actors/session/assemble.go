package session

import (
	"github.com/troupedb/troupe/actors/plant"
	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/wire/resp"
)

// assemble puts the replies of the segment into the output in the order asked, and counts them.
func (s *session) assemble() {
	s.timeRequest()
	s.routes = s.srv.routes() // the newest word on where to go
	if s.seg.replySize() > longBytes {
		aside(s.info.conn)
	}
	bytes := 0
	for i := range s.seg.places {
		p := &s.seg.places[i]
		reply := s.reply(p)
		s.count(p, reply)
		if !p.silent {
			s.out.add(reply)
		}
		bytes += len(reply)
	}
	s.pace.seen(len(s.seg.places), bytes)
	s.srv.stats.commands.Add(uint64(len(s.seg.places)))
	s.info.proto.Store(int32(s.proto))
	s.info.queued.Store(s.tx.count())
	for _, p := range s.seg.active {
		p.takeBack(p.answer)
		p.active, p.answer = false, nil
	}
}

// reply is what is answered at a place. It may alias seg.local, which only grows.
func (s *session) reply(p *place) []byte {
	switch {
	case p.join != nil:
		from := s.seg.local.Len()
		p.join.join(s, &s.seg.local)
		return s.seg.local.Bytes()[from:]
	case p.part != nil:
		return s.opReply(p.part, p.op)
	}
	return s.seg.local.Bytes()[p.from:p.to]
}

// opReply is the answer to one operation of a part, an error line if it was refused.
func (s *session) opReply(p *part, op int) []byte {
	if b := p.done(op); b != nil {
		return b
	}
	var w resp.Writer
	w.Error(s.opError(p, op))
	return w.Bytes()
}

// opError is the error line of an operation that was not done.
func (s *session) opError(p *part, op int) string {
	if p.status == replica.Done {
		return notOwned(s.routes, p.slots[op], p.shard)
	}
	return p.refusal.line(s.routes, p.slots[op])
}

// done is the answer to an operation, nil if it was not done. A shard leaves no answer to one on a slot
// that it does not own.
func (p *part) done(op int) []byte {
	if p.status != replica.Done || p.answer == nil {
		return nil
	}
	if plant.CrossedReply.On() && op == 1 && len(p.slots) > 2 {
		op = 2
	}
	from := uint32(0)
	if op > 0 {
		from = p.answer.Ends[op-1]
	}
	to := p.answer.Ends[op]
	if from >= to || int(to) > len(p.answer.Replies) {
		return nil
	}
	return p.answer.Replies[from:to]
}
