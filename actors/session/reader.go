package session

import (
	"errors"
	"net"

	"github.com/troupedb/troupe/actors/poll"
	"github.com/troupedb/troupe/wire/resp"
)

// inputEnded tells a session that its reader has stopped; intake.take says why.
type inputEnded struct{}

// reader is the receiving half of a connection. One goroutine at a time works on it.
type reader struct {
	conn net.Conn
	in   *intake
	send func(msg any) // to the session
	read func(n int)   // is told of received bytes

	parser *resp.Reader
	cur    *pipeline
	other  []byte // buffer that the other pipeline's arguments alias
	strict bool   // the parser has the limits of a client that is not logged in
}

func newReader(conn net.Conn, in *intake, send func(any), read func(int)) *reader {
	return &reader{
		conn: conn, in: in, send: send, read: read,
		parser: resp.NewReader(resp.DefaultLimits()), cur: in.filling,
	}
}

// start comes before the first step.
func (r *reader) start() {
	r.setLimits()
	r.park()
}

// step reads once from the connection, and hands over what is complete. It reports false at the end of the
// input.
func (r *reader) step() bool {
	err := r.fill()
	if err == nil || errors.Is(err, poll.ErrNothing) {
		r.park()
		return true
	}
	if p := r.in.finish(err); p != nil {
		r.send(p)
	}
	r.send(inputEnded{})
	return false
}

func (r *reader) park() {
	if p := r.in.park(r.parser.Buffered() > 0); p != nil {
		r.send(p)
	}
}

func (r *reader) fill() error {
	if r.in.idle() {
		r.parser.Release() // the buffer is filled from its head, not to its end, where a larger one takes its place
	}
	n, err := r.parser.Fill(r.conn)
	r.resume(r.in.unpark())
	r.read(n)
	if perr := r.parse(); perr != nil {
		return perr
	}
	return err
}

// parse hands over what is complete. It waits while there is no room.
func (r *reader) parse() error {
	for {
		cmd := r.cur.next()
		ok, err := r.parser.Next(cmd)
		if err != nil {
			return err
		}
		if !ok {
			return nil
		}
		r.cur.n++
		r.cur.bytes += cmd.Size
		if !r.cur.full() && !r.strict {
			continue
		}
		s, open := r.in.wait(func(p *pipeline) { r.send(p) }, func() { aside(r.conn) })
		if !open {
			return net.ErrClosed
		}
		r.resume(s)
	}
}

// resume goes on in the pipeline of s, in a buffer that no arguments in use alias.
func (r *reader) resume(s step) {
	r.cur = s.p
	switch {
	case s.moved && !s.idle:
		r.other = r.parser.Swap(r.other)
	case s.p.n == 0:
		r.parser.Release()
	}
	r.setLimits()
}

func (r *reader) setLimits() {
	strict := r.in.single.Load()
	if strict == r.strict {
		return
	}
	r.strict = strict
	if strict {
		r.parser.SetLimits(resp.Unauthenticated())
	} else {
		r.parser.SetLimits(resp.DefaultLimits())
	}
}
