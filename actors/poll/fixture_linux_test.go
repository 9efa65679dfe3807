package poll

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"go.uber.org/goleak"

	"github.com/troupedb/troupe/actors/mailbox"
)

var (
	_ net.Conn         = (*Conn)(nil)
	_ actor.Dispatcher = (*Conn)(nil)
)

// patience is when a test that gets no further gives up. A test that passes does not depend on it.
const patience = 30 * time.Second

// narrow is a buffer size with which a write of large blocks until the peer reads.
const narrow, large = 16 << 10, 4 << 20

func TestMain(m *testing.M) {
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err == nil { // opens the runtime's own descriptors
		l.Close()
	}
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/troupedb/troupe/actors/mailbox.(*workers).work"))
}

// fixture is a poller and a listener whose connections it takes. At the end of the test no descriptor may be left.
type fixture struct {
	testing.TB
	poller   *Poller
	listener net.Listener

	mu     sync.Mutex
	opened []io.Closer
}

func start(t testing.TB) *fixture {
	t.Helper()
	files := openFiles(t)
	f := &fixture{TB: t}
	var err error
	if f.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	if f.poller, err = New(mailbox.Workers()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, c := range f.opened {
			c.Close()
		}
		f.until("all drivers have ended", f.empty)
		f.poller.Close()
		f.listener.Close()
		f.until("all descriptors are closed", func() bool { return openFiles(t) == files })
	})
	return f
}

func openFiles(t testing.TB) int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// empty reports whether the poller has no connections.
func (f *fixture) empty() bool {
	f.poller.mu.Lock()
	defer f.poller.mu.Unlock()
	return !slices.ContainsFunc(f.poller.conns, func(c *Conn) bool { return c != nil })
}

// connect gives both ends of a new connection, with buffers of that size; 0: the system's.
func (f *fixture) connect(buffer int) (*net.TCPConn, *Conn) {
	f.Helper()
	client, server := f.dial()
	if buffer > 0 {
		client.SetReadBuffer(buffer)
		server.SetWriteBuffer(buffer)
	}
	c, err := f.poller.Take(server)
	if err != nil {
		f.Fatal(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.opened = append(f.opened, client, c)
	return client, c
}

func (f *fixture) dial() (client, server *net.TCPConn) {
	f.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	dialed, err := net.Dial("tcp", f.listener.Addr().String())
	if err != nil {
		f.Fatal(err)
	}
	accepted, err := f.listener.Accept()
	if err != nil {
		f.Fatal(err)
	}
	client = dialed.(*net.TCPConn)
	client.SetDeadline(time.Now().Add(patience))
	return client, accepted.(*net.TCPConn)
}

// drive has a connection driven, take called with its input, and the error that ended it put into the channel.
func (f *fixture) drive(c *Conn, take func([]byte)) <-chan error {
	ended := make(chan error, 1)
	buf := make([]byte, 4<<10)
	var busy, over atomic.Bool
	c.Drive(func() bool {
		if busy.Swap(true) {
			f.Error("a driver was called twice at a time")
		}
		defer busy.Store(false)
		if over.Load() {
			f.Error("a driver was called after it had ended")
			return false
		}
		n, err := c.Read(buf)
		if n > 0 {
			take(buf[:n])
		}
		if err == nil || errors.Is(err, ErrNothing) {
			return true
		}
		over.Store(true)
		ended <- err
		return false
	})
	return ended
}

func (f *fixture) echo(c *Conn) <-chan error {
	return f.drive(c, func(b []byte) { c.Write(b) })
}

// exchange sends random messages and checks that each comes back.
func (f *fixture) exchange(client net.Conn, seed uint64, messages int) {
	r := rand.New(rand.NewPCG(seed, 1))
	for range messages {
		sent := make([]byte, 1+r.IntN(2000))
		for i := range sent {
			sent[i] = byte(r.Uint32())
		}
		if _, err := client.Write(sent); err != nil {
			f.Error(err)
			return
		}
		got := make([]byte, len(sent))
		if _, err := io.ReadFull(client, got); err != nil || !bytes.Equal(got, sent) {
			f.Errorf("connection %d got other bytes than it sent: %v", seed, err)
			return
		}
	}
}

// until waits for a condition.
func (f *fixture) until(what string, holds func() bool) {
	f.Helper()
	for end := time.Now().Add(patience); !holds(); runtime.Gosched() {
		if time.Now().After(end) {
			f.Fatalf("never: %s", what)
		}
	}
}

func receive[T any](f *fixture, what string, from <-chan T) T {
	f.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		f.Fatalf("never: %s", what)
		panic("not reached")
	}
}

// read reads that many bytes.
func (f *fixture) read(client net.Conn, n int) []byte {
	f.Helper()
	b := make([]byte, n)
	if got, err := io.ReadFull(client, b); err != nil {
		f.Fatalf("%d of %d bytes: %v", got, n, err)
	}
	return b
}

func (f *fixture) write(client net.Conn, s string) {
	f.Helper()
	if _, err := client.Write([]byte(s)); err != nil {
		f.Fatal(err)
	}
}

// expect checks that this, and nothing else before the end, comes.
func (f *fixture) expect(client net.Conn, want []byte) {
	f.Helper()
	if got, err := io.ReadAll(client); err != nil || !bytes.Equal(got, want) {
		f.Fatalf("%d bytes, want %d, equal %v: %v", len(got), len(want), bytes.Equal(got, want), err)
	}
}

func wantErr(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%s: %v, want %v", what, err, want)
	}
}

// written is the outcome of a Write.
type written struct {
	n   int
	err error
}

// writing begins a Write on another goroutine.
func writing(c *Conn, b []byte) <-chan written {
	done := make(chan written, 1)
	go func() {
		n, err := c.Write(b)
		done <- written{n, err}
	}()
	return done
}

// blocked reports whether a Write of the connection waits.
func blocked(c *Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out
}

// pattern is bytes of which no stretch is like the one beside it.
func pattern(n int) []byte {
	b, r := make([]byte, n), rand.New(rand.NewPCG(uint64(n), 2))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}
