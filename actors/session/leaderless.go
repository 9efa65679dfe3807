package session

import (
	"slices"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/slotmap"
)

// leaderless are the sessions whose next command is about a shard without a replica here, of which no leader is
// known: an election is going on, or word of it on its way. A replica keeps requests for as long. Any goroutine.
type leaderless struct {
	routes   func() *Routes
	root     *actor.RootContext
	patience time.Duration // how long a session waits

	mu      sync.Mutex
	timer   *time.Timer // nil while nobody waits
	waiting []leaderWait
	bytes   int   // of their commands
	began   int64 // waits, ever
}

type leaderWait struct {
	pid   *actor.PID
	shard slotmap.ShardID
	until time.Time
	bytes int
}

// leaderOver tells a session that a leader is known, or that it has waited for as long as it may.
type leaderOver struct{}

// How long a session waits for a leader, as long as a replica keeps a request; how often that is looked for; and how
// many may wait, with how many bytes.
const (
	leaderPatience   = time.Second
	leaderLook       = 20 * time.Millisecond
	maxLeaderless    = 4096
	maxLeaderlessMem = 64 << 20
)

// wait makes a session wait, unless there is no room for it. Then it is sent leaderOver.
func (l *leaderless) wait(w leaderWait) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) >= maxLeaderless || l.bytes+w.bytes > maxLeaderlessMem {
		return false
	}
	w.until = time.Now().Add(l.patience)
	l.waiting = append(l.waiting, w)
	l.bytes += w.bytes
	l.began++
	if l.timer == nil {
		l.timer = time.AfterFunc(leaderLook, l.look)
	}
	return true
}

// look lets those go on that have waited enough.
func (l *leaderless) look() {
	l.mu.Lock()
	defer l.mu.Unlock()
	routes, now := l.routes(), time.Now()
	l.drop(func(w leaderWait) bool {
		over := routes.reachable(w.shard) || !now.Before(w.until)
		if over {
			l.root.Send(w.pid, leaderOver{})
		}
		return over
	})
	if l.timer = nil; len(l.waiting) > 0 {
		l.timer = time.AfterFunc(leaderLook, l.look)
	}
}

// forget takes a session off those that wait.
func (l *leaderless) forget(pid *actor.PID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drop(func(w leaderWait) bool { return w.pid == pid })
}

// drop is called with the lock.
func (l *leaderless) drop(over func(leaderWait) bool) {
	l.waiting = slices.DeleteFunc(l.waiting, func(w leaderWait) bool {
		gone := over(w)
		if gone {
			l.bytes -= w.bytes
		}
		return gone
	})
}

// reachable reports whether there is where to send an operation on a shard: to a replica here, or to the node that
// leads it.
func (r *Routes) reachable(id slotmap.ShardID) bool {
	if r.Handles[id] != nil {
		return true
	}
	leader, known := r.Leader(id)
	return known && leader.ID != r.Self.ID
}

// awaitsLeader reports whether an operation on a slot is to wait for its shard to have a leader. It waits once: what
// finds none then is refused, with what was received behind it for that shard.
func (s *session) awaitsLeader(slot uint16, bytes int) bool {
	id, _ := s.routes.Map.Owner(slot)
	if id == 0 || s.routes.reachable(id) {
		return false
	}
	if _, refused := s.refused[id]; refused {
		return false
	}
	if len(s.seg.places) > 0 { // what is before it is answered first
		return true
	}
	if s.awaited == id {
		s.refuseShard(id, refusal{status: replica.Down})
		return false
	}
	if !s.srv.leaderless.wait(leaderWait{pid: s.pid, shard: id, bytes: bytes}) {
		return false
	}
	s.awaits, s.awaited = true, id
	s.seg.outstanding++
	return true
}

// leaderOver goes on with the command that waited.
func (s *session) leaderOver() {
	if !s.awaits {
		return
	}
	s.awaits = false
	s.seg.outstanding--
	if s.cur != nil {
		s.proceed()
	}
}
