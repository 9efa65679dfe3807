package poll

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

// stress is what the goroutines of the stress test share. What it opens is closed by its lives.
type stress struct {
	*fixture
	mu    sync.Mutex
	conns []*Conn // some, which may be closed
	runs  atomic.Int64
}

// life is one connection of the stress test, from connect to close.
type life struct {
	*stress
	rand   *rand.Rand // of the client's goroutine
	client *net.TCPConn
	conn   *Conn
	ended  <-chan error
}

// TestStress mixes all there is, in an order by a seed.
func TestStress(t *testing.T) {
	s := &stress{fixture: start(t)}
	const seed = 7
	t.Logf("seed %d", seed)
	var clients sync.WaitGroup
	for i := range 8 {
		clients.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(i)))
			for range 40 {
				s.live(r)
			}
		})
	}
	clients.Wait()
	s.until("all runs are made", func() bool { return s.runs.Load() == 0 })
}

func (s *stress) live(r *rand.Rand) {
	l := &life{stress: s, rand: r}
	client, server := s.dial()
	client.SetReadBuffer(narrow)
	server.SetWriteBuffer(narrow)
	c, err := s.poller.Take(server)
	if err != nil {
		s.Error(err)
		return
	}
	l.client, l.conn = client, c
	s.meet(c)
	for i, kind := 0, r.IntN(4); i < 3; i++ {
		switch {
		case i > 0: // the connection is driven already
		case kind == 0:
			l.ended = s.drive(c, func(b []byte) { c.Write(b) })
		case kind == 1:
			l.ended = s.drive(c, l.scheduled)
		case kind == 2:
			l.ended = s.drive(c, func(b []byte) { c.Write(bytes.Repeat(b[:1], 200_000)) })
		default:
			l.ended = s.drive(c, l.waits)
		}
		if kind == 2 {
			l.readMuch()
		} else {
			s.exchange(client, r.Uint64(), 10)
		}
		s.meddle(r)
	}
	l.close()
}

// meet makes a connection known to the other goroutines.
func (s *stress) meet(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conns = append(s.conns, c); len(s.conns) > 10 {
		s.conns = s.conns[1:]
	}
}

// meddle sets others aside.
func (s *stress) meddle(r *rand.Rand) {
	for range r.IntN(20) {
		s.mu.Lock()
		c := s.conns[r.IntN(len(s.conns))]
		s.mu.Unlock()
		c.Aside()
		runtime.Gosched()
	}
}

// scheduled echoes from the connection's actor, for which the driver waits.
func (l *life) scheduled(b []byte) {
	done := make(chan struct{})
	l.runs.Add(1)
	l.conn.Schedule(func() {
		defer l.runs.Add(-1)
		l.conn.Write(b)
		close(done)
	})
	l.conn.Aside()
	<-done
}

// waits echoes after it has waited for another goroutine.
func (l *life) waits(b []byte) {
	l.conn.Aside()
	done := make(chan struct{})
	go close(done)
	<-done
	l.conn.Write(b)
}

// readMuch has the driver's Write block, and then reads all of it or closes.
func (l *life) readMuch() {
	l.client.Write([]byte{'x'})
	runtime.Gosched()
	b := make([]byte, 200_000)
	if _, err := io.ReadFull(l.client, b); err != nil || len(bytes.Trim(b, "x")) > 0 {
		l.Errorf("other bytes than were written: %v", err)
	}
	if l.rand.IntN(2) == 0 {
		l.client.Write([]byte{'x'}) // for which close comes too early
		for range l.rand.IntN(50) {
			runtime.Gosched()
		}
		if _, err := io.ReadFull(l.client, b); err != nil {
			l.Error(err)
		}
	}
}

// close ends the connection from either side, or both at a time.
func (l *life) close() {
	l.client.Write([]byte{'x'}) // what it has the driver do is cut off
	var both sync.WaitGroup
	how := l.rand.IntN(4)
	if how != 0 {
		both.Go(func() { l.conn.Close() })
	}
	if how == 1 {
		l.client.SetLinger(0)
	}
	if how != 2 {
		both.Go(func() { l.client.Close() })
	}
	both.Wait()
	receive(l.fixture, "the driver ends", l.ended)
	l.conn.Close()
	l.client.Close()
}
