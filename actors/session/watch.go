package session

import (
	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/resp"
)

// watchList is what WATCH remembers until EXEC.
type watchList struct {
	list    []keyspace.Watch
	slot    oneSlot
	pending int  // answers to come
	broken  bool // the state of a key could not be told: EXEC will refuse
	round   int  // counts how often it was forgotten
}

func (w *watchList) forget() { *w = watchList{round: w.round + 1} }

// forgive forgets the WATCH that was refused: it watches nothing, and clients that share connections send
// whatever comes next on this one.
func (w *watchList) forgive() {
	w.broken = false
	if len(w.list) == 0 {
		w.forget()
	}
}

func unwatch(s *session, _ [][]byte) {
	s.watch.forget()
	s.seg.local.OK()
}

// watch asks the shard for the versions of keys. All keys watched at a time, and those of the
// transaction, must be in one slot: a shard can compare no others with what it does.
func watchKeys(s *session, args [][]byte) {
	if s.tx.open {
		s.seg.local.Error("ERR WATCH inside MULTI is not allowed")
		return
	}
	slot := slotmap.Slot(args[1])
	for _, key := range args[2:] {
		if slotmap.Slot(key) != slot {
			s.seg.local.Error(string(errCrossSlot))
			return
		}
	}
	if !s.watch.slot.admit(slot) {
		s.seg.local.Error(string(errCrossSlot))
		return
	}
	p, line := s.partFor(slot)
	if p == nil {
		s.watch.broken = true
		s.seg.local.Error(line)
		return
	}
	p.ops = keyspace.AppendOp(p.ops, slot, s.lowered(s.verbOf(args), args))
	s.watch.slot.set(slot)
	s.watch.pending++
	s.join(&watchJoin{part: p, op: p.note(slot, false), round: s.watch.round})
}

// watchJoin keeps the versions that a shard answered.
type watchJoin struct {
	part  *part
	op    int
	round int
}

func (j *watchJoin) join(s *session, w *resp.Writer) {
	list, ok := parseWatches(j.part.done(j.op))
	if j.round == s.watch.round {
		s.watch.pending--
		s.watch.list = append(s.watch.list, list...)
		s.watch.broken = s.watch.broken || !ok
	}
	if ok {
		w.OK()
	} else {
		w.Raw(s.opReply(j.part, j.op))
	}
}

func parseWatches(reply []byte) ([]keyspace.Watch, bool) {
	v, _, err := resp.ParseReply(reply)
	if err != nil || v.Kind != resp.Array {
		return nil, false
	}
	var list []keyspace.Watch
	for _, pair := range v.Items {
		if len(pair.Items) != 2 {
			return nil, false
		}
		list = append(list, keyspace.Watch{Bucket: uint16(pair.Items[0].Int), Index: uint64(pair.Items[1].Int)})
	}
	return list, len(list) > 0
}
