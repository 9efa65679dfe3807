package session

import (
	"sync/atomic"
	"time"

	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/wire/resp"
)

// What is answered is on the disks of a majority, and shards take their snapshots by themselves. So the commands that
// have Redis save its data find it saved, and the log rewritten.

// saved is what INFO tells of the last time that somebody asked.
type saved struct {
	at      atomic.Int64  // seconds since 1970; the start of the node if nobody did
	changes atomic.Uint64 // of all shards led here, at that time
}

func (s *session) noteSaved() {
	s.srv.saved.at.Store(time.Now().Unix())
	s.srv.saved.changes.Store(s.changes())
}

// changes counts what was changed in the shards led here.
func (s *session) changes() uint64 {
	return s.sumLed(func(g *replica.Gauges) uint64 { return g.Changes.Load() })
}

// unsaved counts what was changed since somebody asked for it to be saved. When leaderships moved it may miss some.
func (s *session) unsaved() uint64 {
	now, then := s.changes(), s.srv.saved.changes.Load()
	return now - min(now, then)
}

// onDisk reports whether what is answered is on disk, or else answers that it may not be.
func (s *session) onDisk() bool {
	if s.srv.cfg.Fsync != fsyncAlways {
		s.seg.local.Error("ERR nothing is known to be saved unless the node runs with --fsync always")
		return false
	}
	s.noteSaved()
	return true
}

func save(s *session, _ [][]byte) {
	if s.onDisk() {
		s.seg.local.OK()
	}
}

func bgsave(s *session, args [][]byte) {
	switch {
	case len(args) > 2 || len(args) == 2 && !resp.Is(args[1], "schedule"):
		s.seg.local.Error(errSyntax)
	case s.onDisk():
		s.seg.local.Simple("Background saving started")
	}
}

func bgRewriteAOF(s *session, _ [][]byte) {
	s.seg.local.Simple("Background append only file rewriting started")
}

func lastSave(s *session, _ [][]byte) { s.seg.local.Int(s.srv.saved.at.Load()) }

func infoPersistence(s *session, w *infoWriter) {
	w.line("loading", 0)
	w.line("async_loading", 0)
	w.line("rdb_changes_since_last_save", s.unsaved())
	w.line("rdb_bgsave_in_progress", 0)
	w.line("rdb_last_save_time", s.srv.saved.at.Load())
	w.line("rdb_last_bgsave_status", "ok")
	w.line("aof_enabled", 1)
	w.line("aof_rewrite_in_progress", 0)
	w.line("aof_rewrite_scheduled", 0)
	w.line("aof_last_bgrewrite_status", "ok")
	w.line("aof_last_write_status", "ok") // a failed write ends the node
}
