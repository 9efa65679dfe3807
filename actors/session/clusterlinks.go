package session

import (
	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/wire/resp"
)

// clusterLinks lists the connections to other nodes and from them.
func clusterLinks(s *session, _ [][]byte) {
	w := &s.seg.local
	if s.srv.cfg.Links == nil {
		w.Array(0)
		return
	}
	links := s.srv.cfg.Links()
	w.Array(len(links))
	for _, l := range links {
		writeLink(w, l)
	}
}

// writeLink tells what the connection waits for in the letters that Redis has for it: always to read, and to
// write while something is queued.
func writeLink(w *resp.Writer, l link.Connection) {
	direction, events := "to", "r"
	if l.Inbound {
		direction = "from"
	}
	if l.Queued > 0 {
		events = "rw"
	}
	w.Map(6)
	for _, f := range [...][2]string{{"direction", direction}, {"node", l.Node.String()}} {
		w.BulkString(f[0])
		w.BulkString(f[1])
	}
	w.BulkString("create-time")
	w.Int(l.Since.UnixMilli())
	w.BulkString("events")
	w.BulkString(events)
	w.BulkString("send-buffer-allocated")
	w.Int(l.Allocated)
	w.BulkString("send-buffer-used")
	w.Int(l.Queued)
}
