package session

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// ErrBusy is returned by Dial when there are as many connections as maxclients allows.
var ErrBusy = errors.New("session: max number of clients reached")

// Dial opens a connection to a session from within this process: it is logged in as the default user, and its
// commands are carried out wherever their slot is led. What is written to it never blocks, so the caller bounds
// that by itself. Deadlines have no effect: whoever is tired of waiting closes it. Any goroutine.
func (s *Server) Dial() (net.Conn, error) { return s.dial(false) }

// dial is Dial. What a hidden one is asked is neither counted nor shown: it is part of another client's command.
func (s *Server) dial(hidden bool) (net.Conn, error) {
	if s.clients.count() >= s.settings.maxclients.Load() {
		s.stats.rejectedConns.Add(1)
		return nil, ErrBusy
	}
	there, here := newInner()
	c := newClient(s.nextID.Add(1), there, s.now.Load())
	c.inner, c.hidden = true, hidden
	if !s.clients.add(c) {
		return nil, net.ErrClosed
	}
	s.stats.conns.Add(1)
	s.spawn(c)
	return here, nil
}

// Authentic reports whether a password is that of the default user; any is where none is needed.
func (s *Server) Authentic(password []byte) bool {
	ok := s.settings.authentic([]byte(defaultUser), password)
	if !ok {
		s.stats.authFailures.Add(1)
	}
	return ok
}

// HasPassword reports whether clients must log in.
func (s *Server) HasPassword() bool { return s.settings.password() != "" }

// Protected reports whether, while there is no password, only clients on loopback are served.
func (s *Server) Protected() bool { return s.settings.protected.Load() }

// inner is one end of a connection within the process.
type inner struct{ in, out *queue }

// newInner makes both ends. Only what the session writes waits for room.
func newInner() (session, caller net.Conn) {
	asked, answered := newQueue(0), newQueue(maxInnerReplies)
	return &inner{asked, answered}, &inner{answered, asked}
}

// maxInnerReplies bounds what a session may have written that the other end has not read, unless it is one piece.
const maxInnerReplies = 1 << 20

func (c *inner) Read(p []byte) (int, error)  { return c.in.read(p) }
func (c *inner) Write(p []byte) (int, error) { return c.out.write(p) }

// Unread is how much was received that was not read yet.
func (c *inner) Unread() int { return c.in.size() }

func (c *inner) Close() error {
	c.in.close()
	c.out.close()
	return nil
}

func (c *inner) LocalAddr() net.Addr              { return innerAddr{} }
func (c *inner) RemoteAddr() net.Addr             { return innerAddr{} }
func (c *inner) SetDeadline(time.Time) error      { return nil }
func (c *inner) SetReadDeadline(time.Time) error  { return nil }
func (c *inner) SetWriteDeadline(time.Time) error { return nil }

type innerAddr struct{}

func (innerAddr) Network() string { return "inner" }
func (innerAddr) String() string  { return "inner" }

// queue is one direction of a connection.
type queue struct {
	mu      sync.Mutex
	changed sync.Cond
	data    []byte
	room    int // 0: no bound
	closed  bool
}

func newQueue(room int) *queue {
	q := &queue{room: room}
	q.changed.L = &q.mu
	return q
}

func (q *queue) write(p []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.closed && q.room > 0 && len(q.data) > 0 && len(q.data)+len(p) > q.room {
		q.changed.Wait()
	}
	if q.closed {
		return 0, net.ErrClosed
	}
	q.data = append(q.data, p...)
	q.changed.Broadcast()
	return len(p), nil
}

// read takes what was written before close too.
func (q *queue) read(p []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.data) == 0 && !q.closed {
		q.changed.Wait()
	}
	if len(q.data) == 0 {
		return 0, io.EOF
	}
	n := copy(p, q.data)
	if q.data = q.data[n:]; len(q.data) == 0 {
		q.data = nil
	}
	q.changed.Broadcast()
	return n, nil
}

func (q *queue) size() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.data)
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.changed.Broadcast()
}

// unread is the number of bytes that were received for a connection and not read yet, as far as that can be told.
func unread(conn net.Conn) int {
	if c, ok := conn.(interface{ Unread() int }); ok {
		return c.Unread()
	}
	return unreadSocket(conn)
}
