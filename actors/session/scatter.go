package session

import (
	"math/rand/v2"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/resp"
)

// Commands about all keys of the node cover the shards that it leads; those of a connection whose commands are
// forwarded, which knows of no other node, cover all. Each shard is asked in its turn of the pipeline; gather makes
// one reply of theirs.

// gather is what the shards were asked, and how their answers become one.
type gather struct {
	from  []opRef
	line  string // why some shard was not asked; "" if none
	write bool
	fold  func(s *session, w *resp.Writer, from []opRef)
}

// opRef is one operation of a part.
type opRef struct {
	part *part
	op   int
}

// covered lists the shards that a command about all keys is about, in order.
func (s *session) covered() (ids []slotmap.ShardID) {
	if !s.forwards {
		for _, h := range s.routes.Led() {
			ids = append(ids, h.Shard)
		}
		return ids
	}
	for _, sh := range s.routes.Map.Shards() {
		ids = append(ids, sh.ID)
	}
	return ids
}

// scatter asks every shard that is covered to carry out args.
func (s *session) scatter(args [][]byte, fold func(*session, *resp.Writer, []opRef)) {
	v := s.verbOf(args)
	s.scatterAs(s.lowered(v, args), v.cmd.Write(), fold)
}

// scatterAs does so with what a command became; write tells whether it may change something.
func (s *session) scatterAs(args [][]byte, write bool, fold func(*session, *resp.Writer, []opRef)) {
	g := &gather{fold: fold, write: write}
	var parts []*part
	for _, id := range s.covered() {
		p, line := s.shardPart(id, s.anySlot(id))
		if p == nil {
			g.line = line
			continue
		}
		parts = append(parts, p)
	}
	if g.line != "" && write {
		parts = nil // what can't be done everywhere is done nowhere
	}
	for _, p := range parts {
		slot := s.anySlot(p.shard)
		p.ops = keyspace.AppendOp(p.ops, slot, args)
		g.from = append(g.from, opRef{p, p.note(slot, write)})
	}
	s.join(g)
}

// anySlot is a slot of a shard; operations on all keys name one for form's sake.
func (s *session) anySlot(id slotmap.ShardID) uint16 {
	for _, run := range s.routes.Map.Runs() {
		if run.Shard == id {
			return run.First
		}
	}
	return 0
}

// join answers the error of a shard if there is one. A shard that is led elsewhere by now is not among
// those that the command is about.
func (g *gather) join(s *session, w *resp.Writer) {
	if g.line != "" {
		w.Error(g.line)
		return
	}
	if g.write && g.halfDone(s) {
		w.Error(lineUnknown)
		return
	}
	kept := g.from[:0]
	for _, r := range g.from {
		done := r.part.done(r.op)
		switch {
		case done == nil && r.part.status == replica.Moved && !s.forwards:
		case done == nil || done[0] == '-':
			w.Raw(s.opReply(r.part, r.op))
			return
		default:
			kept = append(kept, r)
		}
	}
	g.fold(s, w, kept)
}

// halfDone reports whether some shard carried a write out, or may have, and another did not. No error of a single
// shard says that much: its client would take the write for not done.
func (g *gather) halfDone(s *session) bool {
	some, all := false, true
	for _, r := range g.from {
		done := r.part.done(r.op)
		switch {
		case done != nil && done[0] != '-':
			some = true
		case done == nil && r.part.status == replica.Moved && !s.forwards:
		default:
			some, all = some || r.part.status == replica.Unknown, false
		}
	}
	return some && !all
}

func dbsize(s *session, args [][]byte) {
	s.scatter(args, func(_ *session, w *resp.Writer, from []opRef) {
		sum := int64(0)
		for _, r := range from {
			v, _, _ := resp.ParseReply(r.part.done(r.op))
			sum += v.Int
		}
		w.Int(sum)
	})
}

func flush(s *session, args [][]byte) {
	if len(args) > 2 || len(args) == 2 && !resp.Is(args[1], "sync") && !resp.Is(args[1], "async") {
		s.seg.local.Error(errSyntax)
		return
	}
	s.scatter(args, func(_ *session, w *resp.Writer, _ []opRef) { w.OK() })
}

func keys(s *session, args [][]byte) {
	s.scatter(args, func(_ *session, w *resp.Writer, from []opRef) {
		sum := 0
		for _, r := range from {
			n, _ := arrayHead(r.part.done(r.op))
			sum += n
		}
		w.Array(sum)
		for _, r := range from {
			_, rest := arrayHead(r.part.done(r.op))
			w.Raw(rest)
		}
	})
}

// randomkey picks a shard by its share of the keys among those that have one.
func randomkey(s *session, args [][]byte) {
	s.scatter(args, func(s *session, w *resp.Writer, from []opRef) {
		total, chosen := int64(0), []byte(nil)
		for _, r := range from {
			done := r.part.done(r.op)
			if done[0] != '$' || done[1] == '-' {
				continue
			}
			weight := int64(1)
			if r.part.handle != nil {
				weight = max(1, r.part.handle.Gauges.Keys.Load())
			}
			if total += weight; rand.Int64N(total) < weight {
				chosen = done
			}
		}
		if chosen == nil {
			w.Null()
			return
		}
		w.Raw(chosen)
	})
}
