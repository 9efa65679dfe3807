package link

import (
	"bufio"
	"context"
	"crypto/tls"
	"net"
	"sync/atomic"
	"time"

	"github.com/troupedb/troupe/actors/nowait"
	"github.com/troupedb/troupe/wire"
)

const (
	readBuffer = 64 << 10
	// piece is the most that must be written within one write timeout: a slow peer is one that makes no
	// progress, not one that takes long over much.
	piece = 256 << 10
)

// conn is a connection between nodes. Its deadlines move with progress. One goroutine reads, one writes; any
// may kill. It dies with Links.ctx.
type conn struct {
	net.Conn // raw, or TLS over it
	raw      net.Conn
	reader   *bufio.Reader
	unhook   func() bool
	since    time.Time
	order    uint64 // of an accepted one: a later one has a higher number

	read, write, frame time.Duration // read of 0: without end
	until              time.Time     // while set, the one deadline for all: the handshake

	// Of the reading goroutine.
	fresh bool      // the next byte begins a frame
	began time.Time // when the frame in hand was begun
	alive func(now time.Time) error

	ended   chan struct{} // closed by the reading goroutine when it ends
	awaited atomic.Uint64 // id of the ping whose pong the sender wants to hear of
}

func (l *Links) adopt(raw net.Conn, handshake time.Duration) *conn {
	raw = nowait.Wrap(raw)
	c := &conn{Conn: raw, raw: raw, since: time.Now(), fresh: true, ended: make(chan struct{})}
	c.read, c.write, c.frame = l.timing.read, l.timing.write, l.timing.frame
	c.until = time.Now().Add(handshake)
	c.reader = bufio.NewReaderSize(c, readBuffer)
	c.unhook = context.AfterFunc(l.ctx, func() { raw.Close() })
	return c
}

// secure puts TLS on the connection and shakes hands.
func (c *conn) secure(ctx context.Context, wrap func(net.Conn) *tls.Conn) error {
	if err := c.raw.SetDeadline(c.until); err != nil {
		return err
	}
	t := wrap(c.raw)
	c.Conn = t
	return t.HandshakeContext(ctx)
}

// established ends the handshake: from here on the deadlines move.
func (c *conn) established() error {
	c.until = time.Time{}
	return c.raw.SetDeadline(time.Time{})
}

func (c *conn) Read(b []byte) (int, error) {
	now := time.Now()
	if c.fresh {
		c.began, c.fresh = now, false
	}
	if err := c.SetReadDeadline(c.readDeadline(now)); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(b)
	if n > 0 && c.alive != nil && err == nil {
		err = c.alive(now)
	}
	return n, err
}

func (c *conn) readDeadline(now time.Time) time.Time {
	if !c.until.IsZero() {
		return c.until
	}
	if c.read == 0 {
		return time.Time{}
	}
	idle, whole := now.Add(c.read), c.began.Add(c.frame)
	if whole.Before(idle) {
		return whole
	}
	return idle
}

// Write writes all of b in pieces, each of which has the write timeout.
func (c *conn) Write(b []byte) (int, error) {
	written := 0
	for {
		next := b[written:min(len(b), written+piece)]
		if err := c.SetWriteDeadline(c.writeDeadline()); err != nil {
			return written, err
		}
		n, err := c.Conn.Write(next)
		written += n
		if err != nil || written == len(b) {
			return written, err
		}
	}
}

func (c *conn) writeDeadline() time.Time {
	if !c.until.IsZero() {
		return c.until
	}
	return time.Now().Add(c.write)
}

// next reads one frame. buf is reused and returned grown, unless it grew out of proportion.
func (c *conn) next(buf []byte, limit int) (body, reuse []byte, err error) {
	c.fresh = true
	body, err = wire.ReadFrame(c.reader, buf, limit)
	if cap(body) > maxKept {
		return body, nil, err
	}
	return body, body, err
}

// message reads one message of a kind that is known.
func (c *conn) message(buf *[]byte) (target string, m wire.Message, err error) {
	body, reuse, err := c.next(*buf, wire.MaxFrame)
	*buf = reuse
	if err != nil {
		return "", nil, err
	}
	return wire.DecodeFrame(body)
}

// send writes one message of the link itself.
func (c *conn) send(m wire.Message) error {
	_, err := c.Write(wire.AppendFrame(nil, "", m))
	return err
}

// kill closes at once. What the kernel still holds is thrown away: it would arrive late.
func (c *conn) kill() {
	if t, ok := c.raw.(interface{ SetLinger(int) error }); ok {
		t.SetLinger(0)
	}
	c.raw.Close()
	c.unhook()
}

// closeWrite tells the other side that nothing follows.
func (c *conn) closeWrite() {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
}

// finish closes once the other side has read what was written. To close while a pong is unread would throw
// away what the kernel still holds, hence the wait for the other side to close, which Links.Close bounds.
// REQUIRES: another goroutine reads.
func (c *conn) finish() {
	c.closeWrite()
	<-c.ended
	c.kill()
}
