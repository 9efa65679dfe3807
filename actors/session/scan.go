package session

import (
	"strconv"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/resp"
)

// A SCAN goes through the shards that this node leads, or all where commands are forwarded, by id. Its cursor names the shard that it is in
// and the place there, so that it goes on where it was even if the shard is led elsewhere by then: the
// replica that is still here answers, or the leader is asked.
const (
	scanShardBits = 18
	scanMaxShard  = 1<<scanShardBits - 1
)

// scanCursor is a place in a scan. 0 is the beginning, and the end.
func scanCursor(id slotmap.ShardID, at uint64) uint64 { return at<<scanShardBits | uint64(id) }

func splitCursor(c uint64) (id slotmap.ShardID, at uint64) {
	return slotmap.ShardID(c & scanMaxShard), c >> scanShardBits
}

func scan(s *session, args [][]byte) {
	cursor, err := strconv.ParseUint(string(args[1]), 10, 64)
	if err != nil {
		s.seg.local.Error("ERR invalid cursor")
		return
	}
	id, at := splitCursor(cursor)
	if id == 0 {
		if id = s.nextCovered(0); id == 0 {
			writeScanEnd(&s.seg.local)
			return
		}
	}
	p, line := s.scanPart(id)
	if p == nil {
		s.seg.local.Error(line)
		return
	}
	slot := s.anySlot(id)
	asked := append([][]byte{[]byte("scan"), strconv.AppendUint(nil, at, 10)}, args[2:]...)
	p.ops = keyspace.AppendOp(p.ops, slot, asked)
	s.join(&scanJoin{p, p.note(slot, false)})
}

// scanPart is the part for a shard that this node led when the scan came to it.
func (s *session) scanPart(id slotmap.ShardID) (*part, string) {
	if p := s.parts[id]; p != nil && p.active {
		return p, ""
	}
	if _, ok := s.routes.Map.Shard(id); !ok {
		return nil, "ERR invalid cursor"
	}
	if r, ok := s.refused[id]; ok {
		return nil, r.scanLine()
	}
	h := s.routes.Handles[id]
	leader, known := s.routes.Leader(id)
	switch {
	case h != nil:
		p := s.activate(id, h, slotmap.NodeID{})
		p.anyReplica = !leads(h)
		return p, ""
	case known && leader.ID != s.routes.Self.ID && s.srv.cfg.Forward != nil:
		return s.activate(id, nil, leader.ID), ""
	}
	return nil, lineDown
}

// scanLine is line for a SCAN, which no client would repeat elsewhere.
func (r refusal) scanLine() string {
	return statusLines[min(int(r.status), len(statusLines)-1)]
}

// nextCovered is the first shard of the scan with an id above the given one, 0 if there is none.
func (s *session) nextCovered(above slotmap.ShardID) slotmap.ShardID {
	for _, id := range s.covered() {
		if id > above && id <= scanMaxShard {
			return id
		}
	}
	return 0
}

func writeScanEnd(w *resp.Writer) {
	w.Array(2)
	w.BulkString("0")
	w.Array(0)
}

// scanJoin puts the shard into the cursor that it answered, or the next shard when it is done.
type scanJoin struct {
	part *part
	op   int
}

func (j *scanJoin) join(s *session, w *resp.Writer) {
	done := j.part.done(j.op)
	if done == nil {
		w.Error(j.part.refusal.scanLine())
		return
	}
	n, rest := arrayHead(done)
	v, size, err := resp.ParseReply(rest)
	at, perr := strconv.ParseUint(string(v.Str), 10, 64)
	if n != 2 || err != nil || perr != nil {
		w.Raw(done)
		return
	}
	id := j.part.shard
	if at == 0 {
		id = s.nextCovered(id)
	}
	w.Array(2)
	w.BulkString(strconv.FormatUint(scanCursor(id, at), 10))
	w.Raw(rest[size:])
}
