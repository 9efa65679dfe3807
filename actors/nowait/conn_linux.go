package nowait

import (
	"cmp"
	"io"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// conn is a TCP connection. One goroutine at a time reads, and one writes. ReadFrom and WriteTo are those of package net.
type conn struct {
	*net.TCPConn
	raw     syscall.RawConn
	in, out call
}

// call is a Read or Write under way.
type call struct {
	b   []byte
	n   int // bytes of b that are done
	err error
	try func(fd uintptr) bool // reports whether it has ended
}

// Wrap returns a connection whose Read and Write, each of which is for one goroutine at a time, make system calls of this
// package; c itself, if it is not a *net.TCPConn.
func Wrap(c net.Conn) net.Conn {
	t, ok := c.(*net.TCPConn)
	if !ok {
		return c
	}
	raw, err := t.SyscallConn()
	if err != nil {
		return c
	}
	w := &conn{TCPConn: t, raw: raw}
	w.in.try, w.out.try = w.in.read, w.out.write
	return w
}

func (c *call) read(fd uintptr) bool {
	for {
		c.n, c.err = Read(int(fd), c.b)
		if c.err != unix.EINTR {
			return c.err != unix.EAGAIN
		}
	}
}

func (c *call) write(fd uintptr) bool {
	for c.n < len(c.b) {
		n, err := Write(int(fd), c.b[c.n:])
		switch err {
		case nil:
			c.n += n
		case unix.EINTR:
		case unix.EAGAIN:
			return false
		default:
			c.err = err
			return true
		}
	}
	return true
}

// Read implements net.Conn.
func (c *conn) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	c.in.b = b
	err := c.raw.Read(c.in.try)
	c.in.b = nil
	switch {
	case err != nil:
		return 0, c.failed("read", err)
	case c.in.err != nil:
		return 0, c.failed("read", c.in.err)
	case c.in.n == 0:
		return 0, io.EOF
	}
	return c.in.n, nil
}

// Write implements net.Conn.
func (c *conn) Write(b []byte) (int, error) {
	c.out.b, c.out.n, c.out.err = b, 0, nil
	err := c.raw.Write(c.out.try)
	c.out.b = nil
	if err = cmp.Or(err, c.out.err); err != nil {
		return c.out.n, c.failed("write", err)
	}
	return c.out.n, nil
}

// failed is what package net would say.
func (c *conn) failed(op string, err error) error {
	if e, ok := err.(*net.OpError); ok { // of the runtime's poller
		err = e.Err
	}
	return &net.OpError{Op: op, Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: os.NewSyscallError(op, err)}
}
