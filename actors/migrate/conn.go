package migrate

import (
	"errors"
	"net"
	"slices"
	"time"

	"github.com/troupedb/troupe/wire/resp"
)

// conn is a connection on which commands are sent and their replies read, in order.
type conn struct {
	net.Conn
	timeout time.Duration // of a read or a write; 0: none
	most    int           // bytes of a reply

	out resp.Writer
	buf []byte // received and not parsed: buf[at:]
	at  int
}

// Errors of a connection. None says more: the address is the client's own.
var (
	errWriting = errors.New("writing")
	errReading = errors.New("reading")
)

const (
	readSize    = 16 << 10
	maxReply    = 64 << 10 // of the target, which has little to say
	maxOwnReply = 1 << 30  // of the source
	writeSize   = 64 << 10
)

// queue adds a command to those to be sent.
func (c *conn) queue(args ...[]byte) {
	c.out.Array(len(args))
	for _, a := range args {
		c.out.Bulk(a)
	}
}

// flush sends what is queued, in pieces that each have the time.
func (c *conn) flush() error {
	sent := c.out.Bytes()
	c.out.Reset(nil, 2)
	for piece := range slices.Chunk(sent, writeSize) {
		if c.timeout > 0 {
			c.SetWriteDeadline(time.Now().Add(c.timeout))
		}
		if _, err := c.Write(piece); err != nil {
			return errWriting
		}
	}
	return nil
}

// reply reads the next reply. It aliases a buffer that the next call uses again.
func (c *conn) reply() (resp.Value, error) {
	c.buf, c.at = append(c.buf[:0], c.buf[c.at:]...), 0
	var scan resp.ReplyScan
	for {
		n, err := scan.End(c.buf)
		if err == nil {
			v, _, err := resp.ParseReply(c.buf[:n])
			c.at = n
			return v, err
		}
		if !errors.Is(err, resp.ErrIncomplete) || len(c.buf) > c.most {
			return resp.Value{}, errReading
		}
		if err := c.fill(); err != nil {
			return resp.Value{}, err
		}
	}
}

// fill reads once more from the connection.
func (c *conn) fill() error {
	if c.timeout > 0 {
		c.SetReadDeadline(time.Now().Add(c.timeout))
	}
	if cap(c.buf)-len(c.buf) < readSize {
		c.buf = append(make([]byte, 0, 2*cap(c.buf)+readSize), c.buf...)
	}
	n, err := c.Read(c.buf[len(c.buf):cap(c.buf)])
	c.buf = c.buf[:len(c.buf)+n]
	if n == 0 && err != nil {
		return errReading
	}
	return nil
}

// ask sends a command and reads its reply, where no other is to come.
func (c *conn) ask(args ...[]byte) (resp.Value, error) {
	c.queue(args...)
	if err := c.flush(); err != nil {
		return resp.Value{}, err
	}
	return c.reply()
}
