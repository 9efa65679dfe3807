package session

import (
	"time"

	"github.com/troupedb/troupe/wire/resp"
)

// segment is a run of commands that are routed together and answered together.
type segment struct {
	places      []place
	local       resp.Writer // replies made by the session itself
	active      []*part     // shards that take part
	outstanding int         // answers to come
	bytes       int         // received bytes of the operations
	sent        time.Time   // when shards were asked
	stop        bool        // nothing further may be routed before the answers are in
}

// place is where the reply of one command stands in the order of replies: the answer to an operation,
// text written here, or what a joiner makes of several of them.
type place struct {
	part     *part // nil: local[from:to]
	op       int   // which operation of the part
	from, to int
	join     joiner
	verb     *verb
	args     [][]byte      // as the client sent them
	began    time.Time     // of a command of the session itself
	took     time.Duration // likewise
	silent   bool
}

// joiner makes the reply of a command when all answers are in. It runs in the session's turn.
type joiner interface {
	join(s *session, w *resp.Writer)
}

// pending reports whether operations were routed that are not answered.
func (g *segment) pending() bool { return len(g.active) > 0 }

// replySize is how many bytes the shards have answered.
func (g *segment) replySize() int {
	n := 0
	for _, p := range g.active {
		if p.answer != nil {
			n += len(p.answer.Replies)
		}
	}
	return n
}

// Bounds of a segment.
const (
	maxSegmentBytes = 4 << 20  // received bytes of operations, unless one alone is larger
	maxReplyBytes   = 64 << 20 // what its replies are expected to take at most
	maxSegmentOps   = maxPipeline
	minSegmentOps   = 8
	firstOps        = 64 // while nothing is known of a client's replies
)

// pace bounds the operations of a segment by the size of recent replies.
type pace struct{ ops int }

// limit is how many operations the next segment may have.
func (p *pace) limit() int {
	if p.ops == 0 {
		return firstOps
	}
	return p.ops
}

// seen takes note of the size of the replies of a segment.
func (p *pace) seen(ops, bytes int) {
	switch {
	case ops == 0:
	case bytes < maxReplyBytes/maxSegmentOps*ops:
		p.ops = maxSegmentOps
	default:
		p.ops = min(max(minSegmentOps, maxReplyBytes/(bytes/ops)), maxSegmentOps)
	}
}

// reset empties the segment for the next one. Replies may still be aliased by what was not written, so
// that the buffer of local replies is kept only once they are.
func (s *session) resetSegment() {
	g := &s.seg
	clear(g.places)
	g.places = g.places[:0]
	g.active = g.active[:0]
	g.outstanding, g.bytes, g.stop = 0, 0, false
	g.local.Reset(s.seg.local.Bytes()[:0], s.proto)
	if cap(g.local.Bytes()) > keepOutput {
		g.local.Reset(nil, s.proto)
	}
	s.routes = s.srv.routes()
}

// here notes the place of a reply that was written to seg.local from an offset on.
func (s *session) here(from int) {
	s.seg.places = append(s.seg.places, place{from: from, to: s.seg.local.Len(), silent: s.isSilent()})
}

// reject answers an error in place of carrying a command out.
func (s *session) reject(v *verb, line string) {
	from := s.seg.local.Len()
	s.seg.local.Error(line)
	if v != nil {
		v.stat.rejected.Add(1)
	}
	s.here(from)
}

func (s *session) isSilent() bool { return s.silent || s.skip == skipThis }
