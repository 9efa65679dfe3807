package session

import (
	"strconv"

	"github.com/troupedb/troupe/wire/resp"
)

// unblockQuery is a CLIENT UNBLOCK on its way to the session of the client that it names. It is answered
// exactly once, if need be by the end of that session.
type unblockQuery struct {
	withError bool
	answer    func(done bool)
}

// unblockAsked tells a session that there are queries.
type unblockAsked struct{}

// unblockTold is the answer to a query.
type unblockTold struct {
	to   *unblockJoin
	done bool
}

// unblockJoin makes the reply of CLIENT UNBLOCK.
type unblockJoin struct{ done int64 }

func (j *unblockJoin) join(_ *session, w *resp.Writer) { w.Int(j.done) }

// ask leaves a query; it is false if the client has left.
func (c *client) ask(q *unblockQuery) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.left {
		c.queries = append(c.queries, q)
	}
	return !c.left
}

// takeQueries takes all queries; after leave there are no more.
func (c *client) takeQueries(leave bool) []*unblockQuery {
	c.mu.Lock()
	defer c.mu.Unlock()
	qs := c.queries
	c.queries, c.left = nil, c.left || leave
	return qs
}

// clientUnblock is CLIENT UNBLOCK id [TIMEOUT|ERROR]. It tells whether that ended the wait, which it did not if
// the other got what it waited for.
func clientUnblock(s *session, args [][]byte) {
	withError, line := unblockOptions(args)
	if line != "" {
		s.seg.local.Error(line)
		return
	}
	id, err := strconv.ParseInt(string(args[2]), 10, 64)
	if err != nil {
		s.seg.local.Error(errNotInteger)
		return
	}
	c := s.srv.clients.find(uint64(id))
	if c == nil || !c.blocked.Load() {
		s.seg.local.Int(0)
		return
	}
	j := &unblockJoin{}
	root, self := s.root, s.pid
	q := &unblockQuery{withError, func(done bool) { root.Send(self, &unblockTold{j, done}) }}
	s.join(j)
	s.seg.stop = true // what is behind it comes after the end of the wait
	if c.ask(q) {
		s.seg.outstanding++
		root.Send(s.srv.system.NewLocalPID(c.actorName()), unblockAsked{})
	}
}

func unblockOptions(args [][]byte) (withError bool, line string) {
	switch {
	case len(args) == 3, len(args) == 4 && resp.Is(args[3], "timeout"):
		return false, ""
	case len(args) == 4 && resp.Is(args[3], "error"):
		return true, ""
	case len(args) == 4:
		return false, "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"
	}
	return false, "ERR unknown subcommand or wrong number of arguments for 'UNBLOCK'. Try CLIENT HELP."
}

// unblockTold takes the answer of another session.
func (s *session) unblockTold(m *unblockTold) {
	if s.cur == nil {
		return
	}
	if m.done {
		m.to.done = 1
	}
	s.seg.outstanding--
	s.proceed()
}

// unblockAsked ends what this client waits for.
func (s *session) unblockAsked() {
	for _, q := range s.info.takeQueries(false) {
		switch {
		case s.blocked != nil:
			s.blocked.queries = append(s.blocked.queries, q)
			s.askEnd(s.blocked, q.withError)
		case s.waiting != nil:
			s.cancelWait(q.withError)
			q.answer(true)
		default:
			q.answer(false)
		}
	}
}

// refuseQueries answers all queries of a session that ends.
func (s *session) refuseQueries() {
	for _, q := range s.info.takeQueries(true) {
		q.answer(false)
	}
}
