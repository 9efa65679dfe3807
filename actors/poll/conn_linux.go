package poll

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/troupedb/troupe/actors/nowait"
)

// Conn is a TCP connection of a Poller. Read is for its driver, Write for one goroutine at a time, the rest for any. It
// is also the dispatcher of the connection's actor.
type Conn struct {
	poller        *Poller
	fd            int
	token, number int32
	local, remote net.Addr
	turn          atomic.Uint64 // number of its actor's newest run, for turns

	mu       sync.Mutex
	changed  sync.Cond   // closed or out; a Write waits for it
	read     func() bool // the driver; nil: there is none, or none any more
	held     bool        // the driver was set aside: no input is reported until it is done
	out      bool        // a Write waits
	mask     uint32      // what is asked for at the kernel; 0: nothing was yet
	users    int         // system calls under way, for which the descriptor must stay
	closed   bool
	deadline time.Time // of Write
}

// Drive has read called whenever there is input or the connection has ended, never twice at the same time, until it
// returns false. It is called once, and read on other goroutines.
func (c *Conn) Drive(read func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.read = read
		if c.register() == nil {
			return
		}
		c.read, c.closed = nil, true
		c.changed.Broadcast()
		c.release()
	}
	go func() {
		for read() { // its Read fails
		}
	}()
}

// register tells the kernel what is to be reported.
func (c *Conn) register() error {
	var mask uint32
	if c.read != nil && !c.held {
		mask = unix.EPOLLIN | unix.EPOLLRDHUP
	}
	if c.out {
		mask |= unix.EPOLLOUT
	}
	if mask == 0 {
		mask = unix.EPOLLET // that the peer has gone is reported whatever is asked for: once is enough
	}
	if mask == c.mask || c.fd < 0 || c.closed && c.read == nil {
		return nil
	}
	op := unix.EPOLL_CTL_MOD
	if c.mask == 0 {
		op = unix.EPOLL_CTL_ADD
	}
	event := unix.EpollEvent{Events: mask, Fd: c.token, Pad: c.number}
	failed := error(nil)
	err := c.poller.raw.Control(func(epoll uintptr) { failed = unix.EpollCtl(int(epoll), op, c.fd, &event) })
	if err = errors.Join(err, os.NewSyscallError("epoll_ctl", failed)); err != nil {
		return err
	}
	c.mask = mask
	return nil
}

// begin gives the driver to call for an event, or nil: the event is out of date.
func (c *Conn) begin() func() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held {
		return nil
	}
	return c.read
}

// end comes after a call of the driver that was the last one, or that was set aside.
func (c *Conn) end(more bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = false
	if !more {
		c.read = nil
	}
	c.register()
	c.release()
}

// Aside must be called before the driver or the actor of the connection blocks, other than in Write. Whoever calls it
// need not know whether it does.
func (c *Conn) Aside() { c.poller.aside(c) }

// enter reports whether the descriptor may be used, until leave.
func (c *Conn) enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.users++
	return true
}

func (c *Conn) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.users--
	c.release()
}

// release closes the descriptor once nobody needs it: until the driver has ended it is registered.
func (c *Conn) release() {
	if c.closed && c.users == 0 && c.read == nil && c.fd >= 0 {
		unix.Close(c.fd)
		c.fd = -1
		c.poller.remove(c)
	}
}

// Read implements net.Conn. It never waits: see ErrNothing.
func (c *Conn) Read(b []byte) (int, error) {
	if !c.enter() {
		return 0, net.ErrClosed
	}
	n, err := nowait.Read(c.fd, b)
	c.leave()
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return 0, ErrNothing
	case err != nil:
		return 0, c.failed("read", err)
	case n == 0 && len(b) > 0:
		return 0, io.EOF
	}
	return n, nil
}

// Write implements net.Conn. While the peer takes nothing it waits, set aside.
func (c *Conn) Write(b []byte) (int, error) {
	written := 0
	for {
		n, err := c.write(b[written:], nil)
		written += n
		if err != nil || written == len(b) {
			return written, err
		}
	}
}

// maxPieces is how many buffers the kernel takes in one system call.
const maxPieces = 1024

// WriteBuffers writes all of the buffers, as net.Buffers does to a TCP connection. It consumes the slice.
func (c *Conn) WriteBuffers(bufs [][]byte) (int64, error) {
	written := int64(0)
	for len(bufs) > 0 {
		n, err := c.write(nil, bufs[:min(len(bufs), maxPieces)])
		written += int64(n)
		if err != nil {
			return written, err
		}
		for len(bufs) > 0 && n >= len(bufs[0]) {
			n -= len(bufs[0])
			bufs = bufs[1:]
		}
		if n > 0 {
			bufs[0] = bufs[0][n:]
		}
	}
	return written, nil
}

// write writes once, b or bufs, and waits if the peer takes nothing.
func (c *Conn) write(b []byte, bufs [][]byte) (n int, err error) {
	if !c.enter() {
		return 0, net.ErrClosed
	}
	if bufs != nil {
		n, err = nowait.Writev(c.fd, bufs)
	} else {
		n, err = nowait.Write(c.fd, b)
	}
	c.leave()
	switch err {
	case nil:
		return n, nil
	case unix.EINTR:
		return 0, nil
	case unix.EAGAIN:
		return 0, c.await()
	}
	return 0, c.failed("write", err)
}

func (c *Conn) failed(op string, err error) error {
	return &net.OpError{Op: op, Net: "tcp", Source: c.local, Addr: c.remote, Err: os.NewSyscallError(op, err)}
}

// await waits until something can be written.
func (c *Conn) await() error {
	c.poller.aside(c)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	c.out = true
	if err := c.register(); err != nil {
		c.out = false
		return err
	}
	late := false
	if !c.deadline.IsZero() {
		t := time.AfterFunc(time.Until(c.deadline), func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			late = true
			c.changed.Broadcast()
		})
		defer t.Stop()
	}
	for c.out && !c.closed && !late {
		c.changed.Wait()
	}
	switch {
	case c.closed:
		return net.ErrClosed
	case c.out:
		c.out = false
		c.register()
		return os.ErrDeadlineExceeded
	}
	return nil
}

// writable ends the wait of a Write.
func (c *Conn) writable() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.out {
		return
	}
	c.out = false
	c.register()
	c.changed.Broadcast()
}

// Close implements net.Conn. The driver is called once more, and then its Read fails.
func (c *Conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	c.closed, c.out = true, false
	c.changed.Broadcast()
	if c.read != nil {
		unix.Shutdown(c.fd, unix.SHUT_RDWR) // which is reported as input; that it has ended already, too
	}
	c.register()
	c.release()
	return nil
}

// Unread is the number of bytes that were received and not read yet.
func (c *Conn) Unread() int {
	if !c.enter() {
		return 0
	}
	defer c.leave()
	n, err := unix.IoctlGetInt(c.fd, unix.TIOCINQ)
	if err != nil {
		return 0
	}
	return n
}

// LocalAddr implements net.Conn.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr implements net.Conn.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetWriteDeadline implements net.Conn, for Writes that begin to wait after it.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = t
	return nil
}

// SetReadDeadline implements net.Conn. Read never waits.
func (c *Conn) SetReadDeadline(time.Time) error { return nil }

// SetDeadline implements net.Conn.
func (c *Conn) SetDeadline(t time.Time) error { return c.SetWriteDeadline(t) }
