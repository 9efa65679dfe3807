package session

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/resp"
)

// waited is what a shard answered to a WAIT.
type waited struct {
	of        *waitJoin
	shard     slotmap.ShardID
	followers int
}

// waitCheck comes from the sweep during a WAIT.
type waitCheck struct{}

// waitGrace is what a shard may take beyond the client's timeout before it is not waited for, in ms of a
// clock that may be a sweep behind.
const waitGrace = 2000

// waitJoin makes the reply of WAIT: the least of what the shards answered that the connection wrote to.
type waitJoin struct {
	least int
	open  map[slotmap.ShardID]*askedCopies // not answered yet
	until int64                            // ms; 0: no end

	aof       bool // WAITAOF: it answers for this node too
	unblocked bool // CLIENT UNBLOCK ended it with an error
}

func (j *waitJoin) join(_ *session, w *resp.Writer) {
	switch {
	case j.unblocked:
		w.Error(lineCancelled)
		return
	case j.aof:
		w.Array(2)
		w.Int(1) // what is acknowledged is on this disk
	}
	w.Int(int64(j.least))
}

// wait asks the leaders of all shards that this connection wrote to how many followers hold its last
// write on disk. Nothing behind it is done before the answer.
func wait(s *session, args [][]byte) {
	need, err := strconv.ParseInt(string(args[1]), 10, 64)
	if err != nil {
		s.seg.local.Error(errNotInteger)
		return
	}
	s.waitFor(&waitJoin{}, need, args)
}

// waitAOF is WAITAOF numlocal numreplicas timeout. Followers acknowledge what is on their disks, so it waits
// for no more than WAIT does.
func waitAOF(s *session, args [][]byte) {
	w := &s.seg.local
	local, err := strconv.ParseInt(string(args[1]), 10, 64)
	switch {
	case err != nil:
		w.Error(errNotInteger)
		return
	case local < 0 || local > 1:
		w.Error("ERR value is out of range, value must between 0 and 1")
		return
	}
	need, err := strconv.ParseInt(string(args[2]), 10, 64)
	switch {
	case err != nil || need < 0:
		w.Error("ERR value is out of range, must be positive")
	case s.srv.cfg.Fsync != fsyncAlways:
		w.Error("ERR WAITAOF cannot be used unless the node runs with --fsync always")
	default:
		s.waitFor(&waitJoin{aof: true}, need, args)
	}
}

// waitFor waits until so many followers hold what the connection wrote, for a time that is the last
// argument.
func (s *session) waitFor(j *waitJoin, need int64, args [][]byte) {
	w := &s.seg.local
	timeout, err := strconv.ParseInt(string(args[len(args)-1]), 10, 64)
	switch {
	case err != nil || timeout > math.MaxInt64/int64(time.Millisecond):
		w.Error("ERR timeout is not an integer or out of range")
		return
	case timeout < 0:
		w.Error("ERR timeout is negative")
		return
	}
	j.least, j.open = math.MaxInt, map[slotmap.ShardID]*askedCopies{}
	s.join(j)
	s.seg.stop = true
	s.ask(j, int(min(max(need, 0), math.MaxInt32)), time.Duration(timeout)*time.Millisecond)
}

// ask sends the queries of a WAIT.
func (s *session) ask(j *waitJoin, need int, timeout time.Duration) {
	targets := s.waitTargets()
	for _, id := range slices.Sorted(maps.Keys(targets)) {
		root, pid, least := s.root, s.pid, majorityCopies(s.routes, id, targets[id])
		q := &replica.WaitQuery{Index: targets[id], Need: need, Timeout: timeout, Reply: func(followers int, ok bool) {
			if !ok {
				followers = least
			}
			root.Send(pid, &waited{j, id, followers})
		}}
		if asked := s.askCopies(id, q); asked != nil {
			j.open[id] = asked
		} else {
			j.least = min(j.least, least)
		}
	}
	if len(j.open) == 0 {
		if j.least == math.MaxInt {
			j.least = 0
		}
		return
	}
	if timeout > 0 {
		j.until = s.srv.now.Load() + timeout.Milliseconds() + waitGrace
	}
	s.waiting = j
	s.seg.outstanding += len(j.open)
	s.info.blocked.Store(true)
}

// majorityCopies is how many followers hold a shard's entry that was acknowledged even if nobody can be asked: with the
// leader they are a majority of those who are its voters since. While the voters change, the members are both the old and
// the new, of whom one more may be missing; and those of an entry that is older than they are, nobody knows.
func majorityCopies(routes *Routes, id slotmap.ShardID, index uint64) int {
	shard, _ := routes.Map.Shard(id)
	if index <= shard.Index {
		return 0
	}
	voters := 0
	for _, m := range shard.Members {
		if !m.Learner {
			voters++
		}
	}
	return max(0, voters-1) / 2
}

// askedCopies is a query under way: to a replica here, or to another node.
type askedCopies struct {
	handle *replica.Handle // nil: to another node
	query  *replica.WaitQuery
	id     uint64 // of what was forwarded
}

// askCopies sends a query to the leader of a shard, nil if it can't be asked. That may be another node than the one that
// led when the connection wrote: the log is the same.
func (s *session) askCopies(id slotmap.ShardID, q *replica.WaitQuery) *askedCopies {
	h := s.routes.Handles[id]
	if leads(h) {
		s.root.Send(h.PID, q)
		return &askedCopies{handle: h, query: q}
	}
	leader, known := s.routes.Leader(id)
	if s.srv.cfg.Forward == nil || !known || leader.ID == s.routes.Self.ID {
		return nil
	}
	if name, ok := s.srv.cfg.Forward.Copies(leader.ID, id, q); ok {
		return &askedCopies{id: name}
	}
	return nil
}

// checkWait gives up on shards that are not led here any more, and on those that do not answer: a query to
// a replica that has just stopped is lost.
func (s *session) checkWait() {
	j := s.waiting
	if j == nil || s.cur == nil {
		return
	}
	routes := s.srv.routes()
	late := j.until > 0 && s.srv.now.Load() > j.until
	for _, id := range slices.Sorted(maps.Keys(j.open)) {
		h := j.open[id].handle
		if late || h != nil && (routes.Handles[id] != h || !leads(h)) {
			s.forgetCopies(j.open[id])
			s.waited(&waited{j, id, majorityCopies(routes, id, s.waitTargets()[id])})
		}
	}
}

// forgetCopies gives up a query that another node answers.
func (s *session) forgetCopies(asked *askedCopies) {
	if asked.handle == nil {
		s.srv.cfg.Forward.Unblock(asked.id, false)
		return
	}
	asked.query.End()
}

// leaveWait gives up the WAIT of a client that is gone.
func (s *session) leaveWait() {
	if s.waiting == nil {
		return
	}
	for _, id := range slices.Sorted(maps.Keys(s.waiting.open)) {
		s.forgetCopies(s.waiting.open[id])
	}
	s.waiting = nil
}

// waitTargets are the newest writes of the connection by shard. Without any, the followers of some shard
// are counted that the connection's commands reach.
func (s *session) waitTargets() map[slotmap.ShardID]uint64 {
	if len(s.writes) > 0 {
		return s.writes
	}
	if ids := s.covered(); len(ids) > 0 {
		return map[slotmap.ShardID]uint64{ids[0]: 0}
	}
	return nil
}

// waited takes the first answer of a shard.
func (s *session) waited(m *waited) {
	if m.of.open[m.shard] == nil || s.cur == nil {
		return
	}
	m.of.least = min(m.of.least, m.followers)
	delete(m.of.open, m.shard)
	s.seg.outstanding--
	if s.seg.outstanding == 0 {
		s.waiting = nil
		s.info.blocked.Store(false)
	}
	s.proceed()
}

// cancelWait ends a WAIT by CLIENT UNBLOCK. Shards that have not answered count as none.
func (s *session) cancelWait(withError bool) {
	j := s.waiting
	j.unblocked = withError
	for _, id := range slices.Sorted(maps.Keys(j.open)) {
		s.forgetCopies(j.open[id])
		s.waited(&waited{j, id, 0})
	}
}
