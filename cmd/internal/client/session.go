package client

import (
	"context"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/troupedb/troupe/cmd/internal/fate"
	"github.com/troupedb/troupe/slotmap"
)

// maxHops is how often Do follows MOVED.
const maxHops = 3

// Request is one command about one key, and what became of it.
type Request struct {
	Key  string
	Args []string // the whole command

	Fate  fate.Fate
	Reply Reply  // of an answered request
	Err   error  // why there was no answer
	Addr  string // the node that was asked last
	Moved int    // redirects that were followed
}

// Code is the first word of what went wrong, for counting: of the error reply, or "NET".
func (r *Request) Code() string {
	switch {
	case r.Err != nil:
		return "NET"
	case r.Reply.err != "":
		return fate.Code(r.Reply.err)
	}
	return ""
}

// settle notes what go-redis returned for the request.
func (r *Request) settle(v any, err error) { r.Fate, r.Reply, r.Err = outcome(v, err) }

// Session is one client. One goroutine uses it.
type Session struct {
	ctx     context.Context
	routes  *Routes
	timeout time.Duration
	salt    uint64
	copies  copies
	groups  []group // scratch of Batch
}

// group is what a batch sends to one node.
type group struct {
	node *node
	reqs []*Request
	sent []*redis.Cmd
}

// NewSession opens no connection yet. timeout bounds one request or batch; salt spreads sessions over
// the nodes while a slot has no known place. When ctx ends, nothing more is dialled.
func NewSession(ctx context.Context, routes *Routes, timeout time.Duration, salt uint64) *Session {
	return &Session{ctx: ctx, routes: routes, timeout: timeout, salt: salt}
}

// WriteBoth makes the session wait after each pipeline until the writes in it are on so many more nodes, by
// WAIT, and take them for failed if that takes longer than a time: such a write is Refused.
func (s *Session) WriteBoth(nodes int, within time.Duration) { s.copies = copies{nodes, within} }

// Do sends one command to the node that serves key, and follows redirects.
func (s *Session) Do(key string, args ...string) Request {
	r := Request{Key: key, Args: args}
	for {
		s.Batch([]*Request{&r})
		if r.Code() != "MOVED" || r.Moved == maxHops {
			return r
		}
		r.Moved++
	}
}

// Batch sends each request to the node that serves its key, one pipeline a node, all nodes at once, and
// waits for the last reply. Every request comes back with its fate; a MOVED one is Refused, and the next
// request for its slot goes where it said.
func (s *Session) Batch(reqs []*Request) {
	ctx, cancel := context.WithTimeout(s.ctx, s.timeout)
	defer cancel()
	groups := s.split(reqs)
	var others sync.WaitGroup
	for i := 1; i < len(groups); i++ {
		others.Go(func() { groups[i].exchange(ctx, s.copies) })
	}
	if len(groups) > 0 {
		groups[0].exchange(ctx, s.copies)
	}
	others.Wait()
	for i := range groups {
		s.conclude(&groups[i])
	}
}

// split groups requests by node.
func (s *Session) split(reqs []*Request) []group {
	groups := s.groups[:0]
	for _, r := range reqs {
		n, g := s.routes.pick(slotmap.Slot([]byte(r.Key)), s.salt), -1
		for i := range groups {
			if groups[i].node == n {
				g = i
			}
		}
		if g < 0 {
			groups = append(groups, group{node: n})
			g = len(groups) - 1
		}
		r.Addr = n.addr
		groups[g].reqs = append(groups[g].reqs, r)
	}
	s.groups = groups
	return groups
}

// exchange sends the group's requests in one pipeline and reads the replies.
func (g *group) exchange(ctx context.Context, both copies) {
	pipe := g.node.redis.Pipeline()
	for _, r := range g.reqs {
		g.sent = append(g.sent, pipe.Do(ctx, anys(r.Args)...))
	}
	waited := both.ask(ctx, pipe)
	_, _ = pipe.Exec(ctx) // each command has its own outcome
	for i, cmd := range g.sent {
		g.reqs[i].settle(cmd.Result())
		both.settle(g.reqs[i], waited)
	}
}

// conclude draws the conclusions for the routes from the outcomes.
func (s *Session) conclude(g *group) {
	silent := false
	for _, r := range g.reqs {
		silent = silent || r.Err != nil
		s.refusedBy(r.Reply.err)
	}
	if silent {
		s.lost(g.node)
	} else {
		s.routes.Up(g.node.addr)
	}
}

func (s *Session) refusedBy(text string) {
	switch fate.Code(text) {
	case "MOVED":
		s.routes.Redirected(text)
		s.routes.Stale()
	case "CLUSTERDOWN", "UNKNOWN":
		s.routes.Stale()
	}
}

// lost passes over a node that did not answer, and lets the others be asked.
func (s *Session) lost(n *node) {
	s.salt++
	s.routes.Down(n.addr)
	s.routes.Stale()
}
