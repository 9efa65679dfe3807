package session

import (
	"cmp"
	"errors"
	"net"
	"runtime"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/actors/poll"
)

// startPollers starts a poller for every two processors: the shards need the others.
func (s *Server) startPollers() {
	if s.cfg.Drive != nil || s.cfg.Dispatcher != nil {
		return
	}
	for range max(1, runtime.GOMAXPROCS(0)/2) {
		p, err := poll.New(mailbox.Workers())
		if err != nil {
			if !errors.Is(err, errors.ErrUnsupported) {
				s.log.Warn("cannot start a poller of connections", "started", len(s.pollers), "err", err)
			}
			return
		}
		s.pollers = append(s.pollers, p)
	}
}

// polled makes a connection one of a poller's if it can be, and else returns it as it is.
func (s *Server) polled(conn net.Conn) net.Conn {
	t, ok := conn.(*net.TCPConn)
	if !ok || len(s.pollers) == 0 {
		return conn
	}
	polled, err := s.pollers[s.polling.Add(1)%uint64(len(s.pollers))].Take(t)
	if err != nil {
		return conn
	}
	return polled
}

// dispatcher is what a client's session runs on.
func (s *Server) dispatcher(c *client) actor.Dispatcher {
	if polled, ok := c.conn.(*poll.Conn); ok {
		return polled
	}
	return cmp.Or(s.cfg.Dispatcher, mailbox.Workers())
}

// drive has the receiving half of a connection run.
func (s *Server) drive(r *reader) {
	r.start()
	read := func() bool {
		more := r.step()
		if !more {
			s.running.Done()
		}
		return more
	}
	switch polled, ok := r.conn.(*poll.Conn); {
	case ok:
		polled.Drive(read)
	case s.cfg.Drive != nil:
		s.cfg.Drive(r.conn, read)
	default:
		go func() {
			for read() {
			}
		}()
	}
}

// aside is called before a session or its reader does what takes long: others of its poller are served meanwhile.
func aside(conn net.Conn) {
	if polled, ok := conn.(*poll.Conn); ok {
		polled.Aside()
	}
}

// What takes so long that others are to be served meanwhile.
const (
	longTurn  = 200 * time.Microsecond // of commands that the session carries out itself
	longBytes = 256 << 10              // of operations or of replies
)
