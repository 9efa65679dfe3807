package session

import (
	"bytes"
	"slices"
	"time"

	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/wire/resp"
)

// execJoin makes the reply of EXEC: the shard's, with those of the session's own commands between. These are
// carried out one after the other when the shard has answered, each once the one before it is done.
type execJoin struct {
	cmds []queued
	own  int   // how many are the session's own
	part *part // nil: all are
	op   int

	replies []ownReply // of the first commands; those of the shard's are empty
	under   *place     // of the command that is carried out; nil: none is
}

// ownReply is the reply of one of the session's own commands.
type ownReply struct {
	text []byte
	took time.Duration
}

// split gives the commands for the shard and counts the others.
func (j *execJoin) split() (cmds [][][]byte) {
	for _, q := range j.cmds {
		if q.own() {
			j.own++
		} else {
			cmds = append(cmds, q.args)
		}
	}
	return cmds
}

// advance carries out the session's own commands until one has to wait for answers.
func (j *execJoin) advance(s *session) {
	if j.own == 0 || j.part != nil && !j.done() {
		return
	}
	for s.seg.outstanding == 0 && len(j.replies) < len(j.cmds) {
		switch q := j.cmds[len(j.replies)]; {
		case !q.own():
			j.replies = append(j.replies, ownReply{})
		case j.under == nil:
			j.under = s.runQueued(q)
		default:
			j.replies = append(j.replies, s.endQueued(j.under))
			j.under = nil
		}
	}
}

// runQueued begins one of the session's own commands, and returns its place, which is not among those of the
// segment. What it asks of shards goes out at once.
func (s *session) runQueued(q queued) *place {
	s.detachParts()
	places := len(s.seg.places)
	s.runOwn(q.verb, q.args)
	p := s.seg.places[places]
	s.seg.places = s.seg.places[:places]
	s.send()
	return &p
}

// endQueued takes the reply of a command that is done. Every command of a transaction has one.
func (s *session) endQueued(p *place) ownReply {
	end := s.seg.local.Len()
	text := slices.Clone(s.reply(p))
	s.seg.local.Truncate(end)
	if len(text) == 0 {
		s.seg.local.Null()
		text = slices.Clone(s.seg.local.Bytes()[end:])
		s.seg.local.Truncate(end)
	}
	return ownReply{text, time.Since(p.began)}
}

// detachParts leaves the parts of the segment to those that wait for their answers: what follows needs others.
func (s *session) detachParts() {
	for _, p := range s.seg.active {
		delete(s.parts, p.shard)
	}
	s.seg.active = s.seg.active[:0]
}

// discarded begins the error line of a transaction for which the server is the reason.
const discarded = "EXECABORT Transaction discarded because of: "

func (j *execJoin) join(s *session, w *resp.Writer) {
	if j.part != nil && j.part.refusal.status == replica.NoReplicas {
		w.Error(discarded + lineNoReplica)
		return
	}
	var done []byte
	if j.part != nil {
		if done = s.opReply(j.part, j.op); j.own == 0 || done[0] != '*' || bytes.HasPrefix(done, nullArray) {
			w.Raw(done)
			j.observe(s, done)
			return
		}
		_, done = arrayHead(done)
	}
	w.Array(len(j.cmds))
	for i, q := range j.cmds {
		if q.own() {
			r := &j.replies[i]
			w.Raw(r.text)
			s.observe(q.verb, q.args, r.took, r.text[0] == '-')
			continue
		}
		n := replyLen(done)
		w.Raw(done[:n])
		s.observe(q.verb, q.args, j.each(), done[0] == '-')
		done = done[n:]
	}
}

// done reports whether the shard carried the transaction out.
func (j *execJoin) done() bool {
	done := j.part.done(j.op)
	return done != nil && done[0] == '*' && !bytes.HasPrefix(done, nullArray)
}

// each is the time that one of the commands on data took, on average.
func (j *execJoin) each() time.Duration {
	return j.part.elapsed() / time.Duration(max(len(j.cmds)-j.own, 1))
}

// observe takes note of the commands of a transaction that was carried out; done is its reply.
func (j *execJoin) observe(s *session, done []byte) {
	if done[0] != '*' || bytes.HasPrefix(done, nullArray) || bytes.HasPrefix(done, nullReply) {
		return
	}
	_, done = arrayHead(done)
	for _, q := range j.cmds {
		s.observe(q.verb, q.args, j.each(), len(done) > 0 && done[0] == '-')
		done = done[replyLen(done):]
	}
}

var nullArray, nullReply = []byte("*-1\r\n"), []byte("_\r\n")
