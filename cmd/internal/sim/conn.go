package sim

import (
	"bytes"
	"io"
	"net"
	"time"
)

// serverConn is a node's end of a client's connection. It is read in steps, when there is something to read.
type serverConn struct {
	p      *process
	peer   *clientConn
	in     bytes.Buffer
	eof    bool
	closed bool
	lost   bool          // a cut has swallowed something: nothing comes through any more
	read   func() bool   // nil: the session reads no more
	last   time.Duration // when what was written last arrives
}

// clientConn is the client's end.
type clientConn struct {
	s      *Sim
	to     *serverConn // nil while it is dialled
	place  int
	in     []byte
	last   time.Duration
	closed bool
	got    func() // there is something in in, or the connection has ended
}

// dial connects a client to a place. got is called when it stands, when bytes come, and when it ends.
func (s *Sim) dial(place int, got func()) *clientConn {
	c := &clientConn{s: s, place: place, got: got}
	s.after(2*s.net.resend(), func() {
		p := s.processAt(place)
		switch {
		case c.closed:
		case p == nil || p.node == nil || !s.net.both(outside, place):
			c.end()
		default:
			p.when(func() { c.accepted(p) })
		}
	})
	return c
}

func (c *clientConn) accepted(p *process) {
	if c.closed {
		return
	}
	c.to = &serverConn{p: p, peer: c}
	p.conns = append(p.conns, c.to)
	p.node.Admit(c.to)
	c.s.after(c.s.net.delay(), func() {
		if !c.closed {
			c.got()
		}
	})
}

// end ends the client's end, whatever the other does.
func (c *clientConn) end() {
	if c.closed {
		return
	}
	c.closed = true
	if c.to != nil {
		c.s.after(c.s.net.delay(), c.to.hangUp)
	}
	c.got()
}

// write sends bytes to the node, in order.
func (c *clientConn) write(b []byte) {
	c.last = max(c.last, c.s.now+c.s.net.resend())
	to := c.to
	c.s.after(c.last-c.s.now, func() {
		if to.through(outside, c.place) {
			to.p.whenFrom(to, func() { to.arrive(b) })
		}
	})
}

// connTimeout is after how long the ends of a connection that is cut give it up.
const connTimeout = 3 * time.Second

// through reports whether bytes get from one place to the other. A stream that has lost some delivers none.
func (c *serverConn) through(from, to int) bool {
	s := c.p.m.s
	if !s.net.open(from, to) && !c.lost {
		c.lost = true
		s.after(connTimeout, func() {
			c.hangUp()
			c.peer.end()
		})
	}
	return !c.lost
}

// drive lets a session read a connection: when bytes have come.
func drive(conn net.Conn, read func() bool) { conn.(*serverConn).read = read }

func (c *serverConn) arrive(b []byte) {
	if !c.closed {
		c.in.Write(b)
		c.step()
	}
}

// step has the session read all that is there.
func (c *serverConn) step() {
	for c.read != nil && (c.in.Len() > 0 || c.eof || c.closed) {
		if !c.read() {
			c.read = nil
		}
	}
}

func (c *serverConn) hangUp() {
	c.p.whenFrom(c, func() {
		c.eof = true
		c.step()
	})
}

// reset tells the client of the end of the process.
func (c *serverConn) reset() {
	s := c.p.m.s
	s.after(s.net.delay(), func() {
		if c.through(c.peer.place, outside) {
			c.peer.end()
		}
	})
}

// Read implements net.Conn. It is called when there is something to read.
func (c *serverConn) Read(b []byte) (int, error) {
	switch {
	case c.closed:
		return 0, net.ErrClosed
	case c.in.Len() > 0:
		return c.in.Read(b)
	}
	return 0, io.EOF
}

// Write implements net.Conn.
func (c *serverConn) Write(b []byte) (int, error) {
	s := c.p.m.s
	if c.closed || c.p.over {
		return 0, net.ErrClosed
	}
	sent := bytes.Clone(b)
	s.hash(sent)
	if s.acked != nil && len(b) > 0 && (b[0] == '+' || b[0] == ':') {
		acked, m := s.acked, c.p.m
		s.acked = nil
		s.after(0, func() { acked(m) })
	}
	c.last = max(c.last, s.now+s.net.resend())
	s.after(c.last-s.now, func() {
		if !c.peer.closed && c.through(c.peer.place, outside) {
			c.peer.in = append(c.peer.in, sent...)
			c.peer.got()
		}
	})
	return len(b), nil
}

// Close implements net.Conn.
func (c *serverConn) Close() error {
	if c.closed {
		return nil
	}
	c.closed = true
	s := c.p.m.s
	s.after(max(0, c.last-s.now)+s.net.delay(), func() {
		if c.through(c.peer.place, outside) {
			c.peer.end()
		}
	})
	s.after(0, func() { c.p.whenFrom(c, c.step) })
	return nil
}

// LocalAddr implements net.Conn.
func (c *serverConn) LocalAddr() net.Addr { return netAddr(address(c.p.m.i, clientPort)) }

// RemoteAddr implements net.Conn.
func (c *serverConn) RemoteAddr() net.Addr { return netAddr("127.0.0.1:40000") }

// SetDeadline implements net.Conn.
func (c *serverConn) SetDeadline(time.Time) error { return nil }

// SetReadDeadline implements net.Conn.
func (c *serverConn) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline implements net.Conn.
func (c *serverConn) SetWriteDeadline(time.Time) error { return nil }
