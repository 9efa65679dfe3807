package client

import (
	"context"
	"time"

	"github.com/troupedb/troupe/cmd/internal/fate"
	"github.com/troupedb/troupe/slotmap"
)

// Request is one command about one key, and what became of it.
type Request struct {
	Key  string
	Args []string // the whole command

	Fate  fate.Fate
	Reply Reply  // of an answered request
	Err   error  // why there was no answer
	Addr  string // the node that was asked
}

// Code is the first word of what went wrong, for counting: of the error reply, or "NET".
func (r *Request) Code() string {
	switch {
	case r.Err != nil:
		return "NET"
	case r.Reply.Kind == '-':
		return fate.Code(r.Reply.Text)
	}
	return ""
}

// Session is one client: a connection to each node it talks to. One goroutine uses it.
type Session struct {
	ctx     context.Context
	routes  *Routes
	timeout time.Duration
	salt    uint64
	conns   map[string]*Conn
	groups  []group // scratch of Batch
}

// group is what a batch sends to one node.
type group struct {
	addr string
	conn *Conn
	reqs []*Request
	cmds [][]string
}

// NewSession opens no connection yet. timeout bounds one request or batch; salt spreads sessions over
// the nodes while a slot has no known place. When ctx ends, nothing more is dialled.
func NewSession(ctx context.Context, routes *Routes, timeout time.Duration, salt uint64) *Session {
	return &Session{ctx: ctx, routes: routes, timeout: timeout, salt: salt, conns: map[string]*Conn{}}
}

// Close closes the connections.
func (s *Session) Close() {
	for addr := range s.conns {
		s.drop(addr)
	}
}

// Do sends one command to the node that serves key.
func (s *Session) Do(key string, args ...string) Request {
	r := Request{Key: key, Args: args}
	s.Batch([]*Request{&r})
	return r
}

// Batch sends each request to the node that serves its key, one pipeline a node, all nodes at once, and
// waits for the last reply. Every request comes back with its fate.
func (s *Session) Batch(reqs []*Request) {
	deadline := time.Now().Add(s.timeout)
	groups := s.split(reqs)
	for i := range groups {
		s.send(&groups[i], deadline)
	}
	for i := range groups {
		s.receive(&groups[i])
	}
}

// split groups requests by node.
func (s *Session) split(reqs []*Request) []group {
	groups := s.groups[:0]
	for _, r := range reqs {
		r.Fate, r.Reply, r.Err = fate.Unknown, Reply{}, nil
		r.Addr = s.routes.Pick(slotmap.Slot([]byte(r.Key)), s.salt)
		g := -1
		for i := range groups {
			if groups[i].addr == r.Addr {
				g = i
			}
		}
		if g < 0 {
			groups = append(groups, group{addr: r.Addr})
			g = len(groups) - 1
		}
		groups[g].reqs = append(groups[g].reqs, r)
		groups[g].cmds = append(groups[g].cmds, r.Args)
	}
	s.groups = groups
	return groups
}

// send writes a group's pipeline. Afterwards conn is nil if that failed.
func (s *Session) send(g *group, deadline time.Time) {
	conn, err := s.conn(g.addr)
	if err != nil { // never sent
		s.fail(g, 0, fate.Refused, err)
		return
	}
	if err := conn.Write(deadline, g.cmds...); err != nil {
		s.fail(g, 0, fate.Unknown, err)
		return
	}
	g.conn = conn
}

func (s *Session) receive(g *group) {
	if g.conn == nil {
		return
	}
	for i, r := range g.reqs {
		reply, err := g.conn.Read()
		if err != nil {
			s.fail(g, i, fate.Unknown, err)
			return
		}
		s.settle(r, reply)
	}
	s.routes.Up(g.addr)
}

// settle reads the fate of a request off its reply.
func (s *Session) settle(r *Request, reply Reply) {
	r.Reply, r.Fate = reply, fate.Done
	if text := reply.Err(); text != "" {
		r.Fate = fate.OfError(text)
		s.refusedBy(text)
	}
}

// refusedBy draws the conclusions for the routes from an error reply.
func (s *Session) refusedBy(text string) {
	switch fate.Code(text) {
	case "MOVED":
		s.routes.Redirected(text)
		s.routes.Stale()
	case "CLUSTERDOWN", "UNKNOWN":
		s.routes.Stale()
	}
}

// fail settles the requests from the i-th on, which got no reply.
func (s *Session) fail(g *group, i int, f fate.Fate, err error) {
	for _, r := range g.reqs[i:] {
		r.Fate, r.Err = f, err
	}
	s.lost(g.addr)
}

// lost gives up the connection to a node that did not answer, and lets the others be asked.
func (s *Session) lost(addr string) {
	s.drop(addr)
	s.salt++
	s.routes.Down(addr)
	s.routes.Stale()
}

func (s *Session) conn(addr string) (*Conn, error) {
	if c := s.conns[addr]; c != nil {
		return c, nil
	}
	c, err := Dial(s.ctx, addr, s.timeout)
	if err == nil {
		s.conns[addr] = c
	}
	return c, err
}

func (s *Session) drop(addr string) {
	if c := s.conns[addr]; c != nil {
		c.Close()
		delete(s.conns, addr)
	}
}
