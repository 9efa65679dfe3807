package session

import (
	"sync/atomic"
	"time"

	"github.com/troupedb/troupe/wire/resp"
)

// What is answered is on the disks of a majority, and shards take their snapshots by themselves. So the commands that
// have Redis save its data find it saved, and the log rewritten.

// saved is what INFO tells of the last time that somebody asked, or a save point was reached.
type saved struct {
	at      atomic.Int64  // seconds since 1970; the start of the node before that
	changes atomic.Uint64 // of all shards led here, at that time
}

func (s *saved) note(now int64, changes uint64) {
	s.at.Store(now)
	s.changes.Store(changes)
}

// since counts what was changed since it was noted last, of all changes. When leaderships moved it may miss some.
func (s *saved) since(changes uint64) uint64 { return changes - min(changes, s.changes.Load()) }

// changes counts what was changed in the shards led here.
func (r *Routes) changes() (n uint64) {
	for _, h := range r.Led() {
		n += h.Gauges.Changes.Load()
	}
	return n
}

// reachSavePoints notes that what was changed is saved when the parameter "save" has it so.
func (s *Server) reachSavePoints(now int64) {
	points := *s.settings.savePoints.Load()
	if len(points) == 0 || s.cfg.Fsync != fsyncAlways {
		return
	}
	changes := s.cfg.Routes().changes()
	if n := s.saved.since(changes); n > 0 && points.due(now-s.saved.at.Load(), n) {
		s.saved.note(now, changes)
	}
}

// onDisk reports whether what is answered is on disk, or else answers that it may not be.
func (s *session) onDisk() bool {
	if s.srv.cfg.Fsync != fsyncAlways {
		s.seg.local.Error("ERR nothing is known to be saved unless the node runs with --fsync always")
		return false
	}
	s.srv.saved.note(time.Now().Unix(), s.routes.changes())
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
	w.line("rdb_changes_since_last_save", s.srv.saved.since(s.routes.changes()))
	w.line("rdb_bgsave_in_progress", 0)
	w.line("rdb_last_save_time", s.srv.saved.at.Load())
	w.line("rdb_last_bgsave_status", "ok")
	w.line("aof_enabled", 1)
	w.line("aof_rewrite_in_progress", 0)
	w.line("aof_rewrite_scheduled", 0)
	w.line("aof_last_bgrewrite_status", "ok")
	w.line("aof_last_write_status", "ok") // a failed write ends the node
}
