package session

import (
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/wire/resp"
)

// pause is the state of CLIENT PAUSE, and the sessions that wait for its end. Any goroutine.
type pause struct {
	mu      sync.Mutex
	on      atomic.Bool // until is set
	until   time.Time   // the zero time: not paused
	all     bool        // else what may write
	timer   *time.Timer
	waiting []*actor.PID
}

// resumed tells a session that waits that the pause is over.
type resumed struct{}

// Paused tells whether clients of this node are paused. Any goroutine.
func (s *Server) Paused() bool { return s.paused.on.Load() }

// begin pauses, or makes a pause longer and stricter. Sessions that wait go on by root at its end.
func (p *pause) begin(root *actor.RootContext, d time.Duration, all bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	until := time.Now().Add(d)
	if until.Before(p.until) {
		until = p.until
	}
	p.until, p.all = until, p.all || all
	p.on.Store(true)
	if p.timer != nil {
		p.timer.Stop()
	}
	p.timer = time.AfterFunc(time.Until(until), func() { p.expire(root, until) })
}

// expire ends the pause unless it was made longer.
func (p *pause) expire(root *actor.RootContext, until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.until.Equal(until) {
		p.end(root)
	}
}

func (p *pause) stop(root *actor.RootContext) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer != nil {
		p.timer.Stop()
	}
	p.end(root)
}

// end is called with the lock.
func (p *pause) end(root *actor.RootContext) {
	p.until, p.all, p.timer = time.Time{}, false, nil
	p.on.Store(false)
	for _, pid := range p.waiting {
		root.Send(pid, resumed{})
	}
	p.waiting = nil
}

// holds reports whether a command is to wait. Then the session is sent resumed.
func (p *pause) holds(pid *actor.PID, writes bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.until.IsZero() || !p.all && !writes {
		return false
	}
	p.waiting = append(p.waiting, pid)
	return true
}

// forget takes a session off those that wait.
func (p *pause) forget(pid *actor.PID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = slices.DeleteFunc(p.waiting, func(w *actor.PID) bool { return w == pid })
}

// pauses reports whether a command has to wait: for the end of a pause, or until what is before it is answered.
func (s *session) pauses(v *verb) bool {
	p := &s.srv.paused
	switch {
	case !p.on.Load():
		return false
	case len(s.seg.places) > 0:
		return true
	case !p.holds(s.pid, s.mayPause(v)):
		return false
	}
	s.held = true
	s.seg.outstanding++
	s.info.blocked.Store(true)
	return true
}

// mayPause reports whether a command is one that a pause of writes is about.
func (s *session) mayPause(v *verb) bool {
	return v.cmd.Write() || v.cmd.Flags&keyspace.FlagMayReplicate != 0 || v.cmd.Name == "exec" && s.tx.write
}

// resumed goes on with a command that waited for the end of a pause.
func (s *session) resumed() {
	if !s.held {
		return
	}
	s.held = false
	s.info.blocked.Store(false)
	s.seg.outstanding--
	if s.cur != nil {
		s.proceed()
	}
}

func clientPause(s *session, args [][]byte) {
	w := &s.seg.local
	all := len(args) == 3 || resp.Is(args[3], "all")
	ms, err := strconv.ParseInt(string(args[2]), 10, 64)
	switch {
	case len(args) > 4 || !all && !resp.Is(args[3], "write"):
		w.Error("ERR CLIENT PAUSE mode must be WRITE or ALL")
	case err != nil:
		w.Error("ERR timeout is not an integer or out of range")
	case ms < 0:
		w.Error("ERR timeout is negative")
	default:
		s.srv.paused.begin(s.root, time.Duration(min(ms, maxPause))*time.Millisecond, all)
		s.seg.stop = true
		w.OK()
	}
}

// maxPause is ten years, in ms: durations end at 292.
const maxPause = 10 * 365 * 24 * 3600 * 1000

func clientUnpause(s *session, _ [][]byte) {
	s.srv.paused.stop(s.root)
	s.seg.local.OK()
}
