package session

import (
	"cmp"
	"errors"
	"net"
	"runtime"

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
				s.log.Warn("each connection has a goroutine of its own", "err", err)
			}
			return
		}
		s.pollers = append(s.pollers, p)
	}
}

// polled makes a connection one of a poller's if it can be, and else returns it as it is.
func (s *Server) polled(conn net.Conn, id uint64) net.Conn {
	t, ok := conn.(*net.TCPConn)
	if !ok || len(s.pollers) == 0 {
		return conn
	}
	polled, err := s.pollers[id%uint64(len(s.pollers))].Take(t)
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
