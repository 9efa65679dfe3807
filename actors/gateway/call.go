package gateway

import (
	"context"
	"errors"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/wire/resp"
	"github.com/troupedb/troupe/wire/rest"
)

// caller carries commands out on sessions within the process.
type caller struct {
	dial func() (net.Conn, error)

	mu     sync.Mutex
	idle   []net.Conn
	closed bool
}

// maxIdle bounds the sessions that are kept between requests.
const maxIdle = 64

func newCaller(dial func() (net.Conn, error)) *caller { return &caller{dial: dial} }

// take returns a session that waits, or a new one.
func (c *caller) take() (net.Conn, error) {
	c.mu.Lock()
	if n := len(c.idle); n > 0 {
		conn := c.idle[n-1]
		c.idle = c.idle[:n-1]
		c.mu.Unlock()
		return conn, nil
	}
	c.mu.Unlock()
	return c.dial()
}

// give keeps a session that is at rest.
func (c *caller) give(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || len(c.idle) >= maxIdle {
		conn.Close()
		return
	}
	c.idle = append(c.idle, conn)
}

func (c *caller) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for _, conn := range c.idle {
		conn.Close()
	}
	c.idle = nil
}

// Lines for what a session could not tell.
const (
	lineBusy     = "BUSY there are as many clients as may be: not done"
	lineLost     = "UNKNOWN no answer came in time: the write was or will be applied, or not"
	lineReadLost = "CLUSTERDOWN no answer came in time; it was a read, and did nothing"
	lineTooLarge = "TOOLARGE the replies are larger than one answer may be"
	lineTooMuch  = "UNKNOWN the replies are larger than one answer may be, and the write may have been applied"
)

// roundTrip sends commands to a session and returns the reply to each. Where no reply came, an error takes its
// place: what it says depends on whether the command writes.
func (c *caller) roundTrip(ctx context.Context, cmds []rest.Command) []resp.Value {
	out := make([]resp.Value, len(cmds))
	request := encode(cmds)
	conn, err := c.send(request)
	if err != nil {
		return refuseAll(out, lineBusy)
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	n, err := readReplies(conn, out)
	if stop() && err == nil {
		c.give(conn)
		return out
	}
	conn.Close()
	for i := n; i < len(out); i++ {
		out[i] = lost(cmds[i], err)
	}
	return out
}

// send writes a request to a session. One that was closed while it waited takes nothing, and another is tried.
func (c *caller) send(request []byte) (net.Conn, error) {
	for {
		conn, err := c.take()
		if err != nil {
			return nil, err
		}
		if _, err := conn.Write(request); err == nil {
			return conn, nil
		}
	}
}

func encode(cmds []rest.Command) (b []byte) {
	for _, cmd := range cmds {
		b = strconv.AppendInt(append(b, '*'), int64(len(cmd)), 10)
		for _, arg := range cmd {
			b = strconv.AppendInt(append(b, "\r\n$"...), int64(len(arg)), 10)
			b = append(append(b, "\r\n"...), arg...)
		}
		b = append(b, "\r\n"...)
	}
	return b
}

var errTooLarge = errors.New("replies too large")

const readSize = 32 << 10

// readReplies fills out, and returns how many replies came. They alias one buffer of their own.
func readReplies(conn net.Conn, out []resp.Value) (n int, err error) {
	buf, at := make([]byte, 0, readSize), 0
	for n < len(out) {
		v, size, err := resp.ParseReply(buf[at:])
		switch {
		case err == nil:
			out[n], at = v, at+size
			n++
			continue
		case !errors.Is(err, resp.ErrIncomplete):
			return n, err
		case len(buf) > maxReplies:
			return n, errTooLarge
		}
		if len(buf) == cap(buf) {
			buf = append(make([]byte, 0, 2*cap(buf)), buf...)
		}
		m, err := conn.Read(buf[len(buf):cap(buf)])
		if err != nil {
			return n, err
		}
		buf = buf[:len(buf)+m]
	}
	return n, nil
}

func errorReply(line string) resp.Value { return resp.Value{Kind: resp.Error, Str: []byte(line)} }

func refuseAll(out []resp.Value, line string) []resp.Value {
	for i := range out {
		out[i] = errorReply(line)
	}
	return out
}

// lost is the reply to a command whose reply did not come.
func lost(cmd rest.Command, err error) resp.Value {
	c := keyspace.Lookup(cmd[0])
	if c != nil && len(c.Subs) > 0 && len(cmd) > 1 {
		c = keyspace.LookupSub(c, cmd[1])
	}
	reads := c != nil && c.ReadOnly()
	switch tooLarge := errors.Is(err, errTooLarge); {
	case tooLarge && reads:
		return errorReply(lineTooLarge)
	case tooLarge:
		return errorReply(lineTooMuch)
	case reads:
		return errorReply(lineReadLost)
	}
	return errorReply(lineLost)
}

// run carries commands out. Those that were not done for want of a leader or of room are asked again until the given
// time, in their order: when one is refused, what is behind it for the same shard is too.
func (c *caller) run(ctx context.Context, until time.Time, cmds []rest.Command) []resp.Value {
	out := make([]resp.Value, len(cmds))
	todo := make([]int, len(cmds))
	for i := range todo {
		todo[i] = i
	}
	for try := newPatience(until); ; {
		asked := make([]rest.Command, len(todo))
		for i, j := range todo {
			asked[i] = cmds[j]
		}
		var again []int
		for i, v := range c.roundTrip(ctx, asked) {
			out[todo[i]] = v
			if v.Kind == resp.Error && try.worth(string(v.Str)) {
				again = append(again, todo[i])
			}
		}
		if todo = again; len(todo) == 0 || !try.wait(ctx) {
			return out
		}
	}
}

// transact carries commands out as one transaction, and returns the reply of EXEC or the error that stands for it.
func (c *caller) transact(ctx context.Context, until time.Time, cmds []rest.Command) resp.Value {
	all := append(append([]rest.Command{{[]byte("MULTI")}}, cmds...), rest.Command{[]byte("EXEC")})
	for try := newPatience(until); ; {
		reply := verdictOf(c.roundTrip(ctx, all))
		if reply.Kind != resp.Error || !try.worth(string(reply.Str)) || !try.wait(ctx) {
			return reply
		}
	}
}

// verdictOf is the reply to a transaction: why a command could not be queued, or what EXEC answers.
func verdictOf(replies []resp.Value) resp.Value {
	exec := replies[len(replies)-1]
	if exec.Kind != resp.Error || rest.Judge(string(exec.Str)).Applied == rest.Unknown {
		return exec
	}
	for _, v := range replies {
		if v.Kind == resp.Error {
			return v
		}
	}
	return exec
}
