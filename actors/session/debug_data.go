package session

import (
	"encoding/hex"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/resp"
)

// debugData carries out those subcommands of DEBUG that are about data; it is false if this is none of them.
func debugData(s *session, args [][]byte) bool {
	switch sub := args[1]; {
	case resp.Is(sub, "object") && len(args) == 3:
		if !s.askSlot(slotmap.Slot(args[2]), []byte("debugkey"), []byte("object"), args[2]) {
			s.seg.local.Error("ERR no such key")
		}
	case resp.Is(sub, "digest") && len(args) == 2:
		s.scatterAs([][]byte{[]byte("debugdigest")}, false, combineDigests)
	case resp.Is(sub, "digest-value") && len(args) > 2:
		s.debugDigests(args[2:])
	case resp.Is(sub, "set-active-expire") && len(args) == 3:
		s.setLimits([][]byte{[]byte("setlimit"), []byte(keyspace.ActiveExpire), args[2]})
	case resp.Is(sub, "reload"), resp.Is(sub, "loadaof"): // what is answered is on disk and would come back as it is
		s.seg.local.OK()
	case resp.Is(sub, "quicklist-packed-threshold") && len(args) == 3: // no list has nodes
		s.seg.local.OK()
	default:
		return false
	}
	return true
}

// combineDigests makes one digest of those of shards.
func combineDigests(_ *session, w *resp.Writer, from []opRef) {
	all := make([]byte, 20)
	for _, r := range from {
		v, _, _ := resp.ParseReply(r.part.done(r.op))
		one, err := hex.DecodeString(string(v.Str))
		for i := range min(len(one), len(all)) {
			all[i] ^= one[i]
		}
		if err != nil {
			w.Error("ERR a shard answers no digest")
			return
		}
	}
	w.BulkString(hex.EncodeToString(all))
}

// debugDigests answers the digests of the values of keys.
func (s *session) debugDigests(keys [][]byte) {
	g := &gather{fold: func(_ *session, w *resp.Writer, from []opRef) {
		w.Array(len(from))
		for _, r := range from {
			w.Raw(r.part.done(r.op))
		}
	}}
	for _, key := range keys {
		slot := slotmap.Slot(key)
		id, _ := s.routes.Map.Owner(slot)
		p, line := s.shardPart(id, slot)
		if p == nil {
			g.line = line
			continue
		}
		p.ops = keyspace.AppendOp(p.ops, slot, [][]byte{[]byte("debugkey"), []byte("digest-value"), key})
		g.from = append(g.from, opRef{p, p.note(slot, false)})
	}
	s.join(g)
}
