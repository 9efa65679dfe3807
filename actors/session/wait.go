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
	followers int
}

// waitJoin makes the reply of WAIT: the least of what the shards answered that the connection wrote to.
type waitJoin struct {
	least int
	open  int
}

func (j *waitJoin) join(_ *session, w *resp.Writer) { w.Int(int64(j.least)) }

// wait asks the leaders of all shards that this connection wrote to how many followers hold its last
// write on disk. Nothing behind it is done before the answer.
func wait(s *session, args [][]byte) {
	w := &s.seg.local
	need, err := strconv.ParseInt(string(args[1]), 10, 64)
	if err != nil {
		w.Error(errNotInteger)
		return
	}
	timeout, err := strconv.ParseInt(string(args[2]), 10, 64)
	switch {
	case err != nil || timeout > math.MaxInt64/int64(time.Millisecond):
		w.Error("ERR timeout is not an integer or out of range")
		return
	case timeout < 0:
		w.Error("ERR timeout is negative")
		return
	}
	j := &waitJoin{}
	s.join(j, s.verbOf(args))
	s.seg.stop = true
	s.ask(j, int(min(max(need, 0), math.MaxInt32)), time.Duration(timeout)*time.Millisecond)
}

// ask sends the queries of a WAIT.
func (s *session) ask(j *waitJoin, need int, timeout time.Duration) {
	j.least = math.MaxInt
	targets := s.waitTargets()
	for _, id := range slices.Sorted(maps.Keys(targets)) {
		h := s.routes.Handles[id]
		if !leads(h) {
			j.least = 0
			continue
		}
		j.open++
		root, pid := s.root, s.pid
		s.root.Send(h.PID, &replica.WaitQuery{
			Index: targets[id], Need: need, Timeout: timeout,
			Reply: func(followers int, ok bool) {
				if !ok {
					followers = 0
				}
				root.Send(pid, &waited{j, followers})
			},
		})
	}
	s.seg.outstanding += j.open
	if j.open == 0 && j.least == math.MaxInt {
		j.least = 0
	}
	s.info.blocked.Store(j.open > 0)
}

// waitTargets are the newest writes of the connection by shard. Without any, the followers of some shard
// led here are counted.
func (s *session) waitTargets() map[slotmap.ShardID]uint64 {
	if len(s.writes) > 0 {
		return s.writes
	}
	if led := s.routes.Led(); len(led) > 0 {
		return map[slotmap.ShardID]uint64{led[0].Shard: 0}
	}
	return nil
}

func (s *session) waited(m *waited) {
	if m.of.open == 0 || s.cur == nil {
		return
	}
	m.of.least = min(m.of.least, m.followers)
	m.of.open--
	s.seg.outstanding--
	if s.seg.outstanding == 0 {
		s.info.blocked.Store(false)
	}
	s.proceed()
}
