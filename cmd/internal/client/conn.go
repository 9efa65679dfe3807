package client

import (
	"bufio"
	"context"
	"net"
	"strconv"
	"time"
)

// Conn is one connection to one node. One goroutine uses it. After the first error it is of no more
// use and must be closed: replies that arrive later would be taken for those of other commands.
type Conn struct {
	nc  net.Conn
	br  *bufio.Reader
	out []byte
}

// Dial connects within timeout. An error means that nothing was sent.
func Dial(ctx context.Context, addr string, timeout time.Duration) (*Conn, error) {
	d := net.Dialer{Timeout: timeout}
	nc, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &Conn{nc: nc, br: bufio.NewReaderSize(nc, 32<<10)}, nil
}

// Close ends the connection.
func (c *Conn) Close() error { return c.nc.Close() }

// Write sends commands in one write. deadline holds for it and for the reads that follow.
func (c *Conn) Write(deadline time.Time, cmds ...[]string) error {
	if err := c.nc.SetDeadline(deadline); err != nil {
		return err
	}
	c.out = c.out[:0]
	for _, cmd := range cmds {
		c.out = appendCommand(c.out, cmd)
	}
	_, err := c.nc.Write(c.out)
	return err
}

// Read returns the next reply.
func (c *Conn) Read() (Reply, error) { return readReply(c.br, 0) }

// Do sends commands and reads a reply for each. On an error the replies read so far are returned.
func (c *Conn) Do(deadline time.Time, cmds ...[]string) ([]Reply, error) {
	if err := c.Write(deadline, cmds...); err != nil {
		return nil, err
	}
	replies := make([]Reply, 0, len(cmds))
	for range cmds {
		r, err := c.Read()
		if err != nil {
			return replies, err
		}
		replies = append(replies, r)
	}
	return replies, nil
}

func appendCommand(dst []byte, args []string) []byte {
	dst = appendHead(dst, '*', len(args))
	for _, a := range args {
		dst = appendHead(dst, '$', len(a))
		dst = append(dst, a...)
		dst = append(dst, '\r', '\n')
	}
	return dst
}

func appendHead(dst []byte, kind byte, n int) []byte {
	dst = append(dst, kind)
	dst = strconv.AppendInt(dst, int64(n), 10)
	return append(dst, '\r', '\n')
}

// Ask dials addr, sends one command and hangs up: for questions outside the load.
func Ask(ctx context.Context, addr string, timeout time.Duration, args ...string) (Reply, error) {
	deadline := time.Now().Add(timeout)
	c, err := Dial(ctx, addr, timeout)
	if err != nil {
		return Reply{}, err
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	replies, err := c.Do(deadline, args)
	if err != nil {
		return Reply{}, err
	}
	return replies[0], nil
}
