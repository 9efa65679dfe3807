package poll

import (
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"golang.org/x/sys/unix"

	"github.com/troupedb/troupe/actors/nowait"
)

// maxEvents is how many connections the kernel is asked for at a time.
const maxEvents = 64

// Poller serves connections: see the package's documentation. Its methods may be called on any goroutine.
type Poller struct {
	file *os.File // the epoll instance, for which the runtime's poller waits
	raw  syscall.RawConn

	loops atomic.Pointer[Conn] // whose driver the loop runs; nil: none, or another loop has taken over
	turns turns

	mu    sync.Mutex
	conns []*Conn // by token
	free  []int32 // tokens
	taken int32   // connections so far, to tell those of one token apart
}

// New starts a poller, which Close ends. The connections' actors run on goroutines of base.
func New(base actor.Dispatcher) (*Poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil { // else the runtime's poller would not have it
		unix.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	p := &Poller{file: os.NewFile(uintptr(fd), "epoll")}
	p.turns.init(base)
	if p.raw, err = p.file.SyscallConn(); err == nil {
		err = p.file.SetReadDeadline(time.Time{}) // which fails where the runtime's poller would not have it
	}
	if err != nil {
		p.file.Close()
		return nil, err
	}
	go p.loop()
	return p, nil
}

// Close ends the loop. All drivers must have ended.
func (p *Poller) Close() error { return p.file.Close() }

// Take makes a connection one of this poller's: with a descriptor of its own, for the runtime's poller would be woken
// for the old one, which is closed. With an error c is as it was.
func (p *Poller) Take(c *net.TCPConn) (*Conn, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	fd, dup := -1, error(nil)
	err = raw.Control(func(old uintptr) { fd, dup = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0) })
	if err = errors.Join(err, os.NewSyscallError("fcntl", dup)); err != nil {
		return nil, err
	}
	t := &Conn{poller: p, fd: fd, local: c.LocalAddr(), remote: c.RemoteAddr()}
	t.changed.L = &t.mu
	c.Close()
	p.add(t)
	return t, nil
}

func (p *Poller) add(c *Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken++
	c.number = p.taken
	if n := len(p.free); n > 0 {
		c.token, p.free = p.free[n-1], p.free[:n-1]
	} else {
		c.token = int32(len(p.conns))
		p.conns = append(p.conns, nil)
	}
	p.conns[c.token] = c
}

func (p *Poller) remove(c *Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns[c.token] = nil
	p.free = append(p.free, c.token)
}

// of is the connection of an event, nil if it has gone.
func (p *Poller) of(e *unix.EpollEvent) *Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.conns[e.Fd]; c != nil && c.number == e.Pad {
		return c
	}
	return nil
}

// loop serves connections until the poller is closed, or another loop has taken over.
func (p *Poller) loop() {
	events := make([]unix.EpollEvent, maxEvents)
	for {
		n := p.wait(events)
		if n < 0 {
			return
		}
		for i := range events[:n] {
			if c := p.of(&events[i]); c != nil && !p.serve(c, events[i].Events) {
				return // the kernel will report the rest again
			}
		}
	}
}

// wait waits for events and returns their number, or -1 after Close.
func (p *Poller) wait(events []unix.EpollEvent) int {
	n := 0
	err := p.raw.Read(func(fd uintptr) bool {
		var err error
		n, err = nowait.EpollWait(int(fd), events)
		return n > 0 || err != nil
	})
	if err != nil {
		return -1
	}
	return max(n, 0)
}

// serve takes an event. It reports false when another loop has taken over meanwhile.
func (p *Poller) serve(c *Conn, events uint32) bool {
	if events&(unix.EPOLLOUT|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		c.writable()
	}
	if events&^unix.EPOLLOUT == 0 {
		return true
	}
	read := c.begin()
	if read == nil {
		return true
	}
	p.loops.Store(c)
	more := read()
	mine := p.loops.CompareAndSwap(c, nil)
	if !more || !mine {
		c.end(more)
	}
	return mine
}

// aside has another goroutine take over what the one that works on c has still to do for others.
//
// It may be the loop or the drain that calls it, or neither. If the loop is at c while another goroutine calls it, the
// loop is replaced for nothing: it ends when it is done with c.
func (p *Poller) aside(c *Conn) {
	c.mu.Lock()
	if p.loops.CompareAndSwap(c, nil) {
		c.held = true
		c.register()
		go p.loop()
	}
	c.mu.Unlock()
	p.turns.aside(c)
}
