package gateway

import (
	"context"
	"errors"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/wire/resp"
	"github.com/troupedb/troupe/wire/rest"
)

// caller carries commands out on sessions within the process.
type caller struct {
	dial    func() (net.Conn, error)
	maxIdle int             // sessions that are kept between requests
	stops   <-chan struct{} // closed when the node stops

	mu     sync.Mutex
	idle   []net.Conn
	closed bool
}

func newCaller(dial func() (net.Conn, error), maxIdle int, stops <-chan struct{}) *caller {
	return &caller{dial: dial, maxIdle: maxIdle, stops: stops}
}

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
	if c.closed || len(c.idle) >= c.maxIdle {
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
	lineNoRoom   = "BUSY requests and their answers hold as much as they may; it was a read, and did nothing"
	lineNoRoomW  = "UNKNOWN there is no room for the answer, and the write may have been applied"
)

// roundTrip sends commands to a session and returns the reply to each. Where no reply came, an error takes its
// place: what it says depends on whether the command writes.
func (c *caller) roundTrip(ctx context.Context, cmds []rest.Command, held *hold) []resp.Value {
	out := make([]resp.Value, len(cmds))
	request := encode(cmds)
	conn, err := c.send(request)
	if err != nil {
		return refuseAll(out, lineBusy)
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	n, err := readReplies(conn, out, held)
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

var (
	errTooLarge = errors.New("replies too large")
	errNoRoom   = errors.New("no room for replies")
)

const (
	readSize = 32 << 10
	perValue = 96 // bytes of memory that a value takes beside what it aliases
)

// readReplies fills out, and returns how many replies came. They alias one buffer of their own.
func readReplies(conn net.Conn, out []resp.Value, held *hold) (n int, err error) {
	if !held.use(readSize) {
		return 0, errNoRoom
	}
	buf, at := make([]byte, 0, readSize), 0
	var scan resp.ReplyScan
	for n < len(out) {
		size, err := scan.End(buf[at:])
		if errors.Is(err, resp.ErrIncomplete) {
			if buf, err = readMore(conn, buf, held); err != nil {
				return n, err
			}
			continue
		}
		if err == nil {
			out[n], err = parseReply(buf[at:at+size], scan.Values, held)
		}
		if err != nil {
			return n, err
		}
		n, at, scan = n+1, at+size, resp.ReplyScan{}
	}
	return n, nil
}

// readMore reads once, into a larger buffer if this one is full.
func readMore(conn net.Conn, buf []byte, held *hold) ([]byte, error) {
	if len(buf) > maxReplies {
		return buf, errTooLarge
	}
	if len(buf) == cap(buf) {
		if !held.use(int64(cap(buf))) {
			return buf, errNoRoom
		}
		buf = append(make([]byte, 0, 2*cap(buf)), buf...)
	}
	n, err := conn.Read(buf[len(buf):cap(buf)])
	return buf[:len(buf)+n], err
}

// parseReply makes the values of a whole reply.
func parseReply(b []byte, values int64, held *hold) (resp.Value, error) {
	if values > 1 && !held.use(values*perValue) {
		return resp.Value{}, errNoRoom
	}
	v, _, err := resp.ParseReply(b)
	return v, err
}

func errorReply(line string) resp.Value { return resp.Value{Kind: resp.Error, Str: []byte(line)} }

func refuseAll(out []resp.Value, line string) []resp.Value {
	for i := range out {
		out[i] = errorReply(line)
	}
	return out
}

// lookup finds a command in the table; nil: there is none.
func lookup(cmd rest.Command) *keyspace.Command {
	c := keyspace.Lookup(cmd[0])
	if c != nil && len(c.Subs) > 0 && len(cmd) > 1 {
		c = keyspace.LookupSub(c, cmd[1])
	}
	return c
}

// reads reports whether a command changes nothing.
func reads(cmd rest.Command) bool {
	c := lookup(cmd)
	return c != nil && c.ReadOnly()
}

// lost is the reply to a command whose reply did not come.
func lost(cmd rest.Command, err error) resp.Value {
	ofRead, ofWrite := lineReadLost, lineLost
	switch {
	case errors.Is(err, errTooLarge):
		ofRead, ofWrite = lineTooLarge, lineTooMuch
	case errors.Is(err, errNoRoom):
		ofRead, ofWrite = lineNoRoom, lineNoRoomW
	}
	if reads(cmd) {
		return errorReply(ofRead)
	}
	return errorReply(ofWrite)
}

// run carries commands out. Those that were not done for want of a leader or of room are asked again until the given
// time, in their order: when one is refused, what is behind it for the same shard is too.
func (c *caller) run(ctx context.Context, until time.Time, cmds []rest.Command, held *hold) []resp.Value {
	out := make([]resp.Value, len(cmds))
	todo := make([]int, len(cmds))
	for i := range todo {
		todo[i] = i
	}
	for try := c.newPatience(until); len(todo) > 0; {
		asked := make([]rest.Command, len(todo))
		for i, j := range todo {
			asked[i] = cmds[j]
		}
		var again []int
		mark := held.used
		for i, v := range c.roundTrip(ctx, asked, held) {
			out[todo[i]] = v
			if v.Kind == resp.Error && try.worth(string(v.Str)) {
				again = append(again, todo[i])
			}
		}
		all := len(again) == len(todo)
		if todo = again; len(todo) == 0 || !try.wait(ctx) {
			break
		}
		if all {
			held.rewind(mark)
		}
	}
	return out
}

// transact carries commands out as one transaction, and returns the reply of EXEC or the error that stands for it.
func (c *caller) transact(ctx context.Context, until time.Time, cmds []rest.Command, held *hold) resp.Value {
	all := inTransaction(cmds)
	mark := held.used
	for try := c.newPatience(until); ; held.rewind(mark) {
		reply := verdictOf(c.roundTrip(ctx, all, held))
		if reply.Kind != resp.Error || !try.worth(string(reply.Str)) || !try.wait(ctx) {
			return reply
		}
	}
}

func inTransaction(cmds []rest.Command) []rest.Command {
	return slices.Concat([]rest.Command{{[]byte("MULTI")}}, cmds, []rest.Command{{[]byte("EXEC")}})
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
