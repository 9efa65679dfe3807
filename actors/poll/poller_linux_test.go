package poll

import (
	"bytes"
	"math/rand/v2"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

func TestManyConnections(t *testing.T) {
	f := start(t)
	before := runtime.NumGoroutine()
	clients := make([]*net.TCPConn, 200)
	for i := range clients {
		client, c := f.connect(0)
		f.echo(c)
		clients[i] = client
	}
	var all sync.WaitGroup
	for i, client := range clients {
		all.Go(func() { f.exchange(client, uint64(i), 30) })
	}
	all.Wait()
	f.until("idle connections have no goroutine", func() bool { return runtime.NumGoroutine() <= before })
}

func TestTakeOfClosedConnection(t *testing.T) {
	f := start(t)
	client, server := f.dial()
	defer client.Close()
	server.Close()
	c, err := f.poller.Take(server)
	if c != nil {
		t.Fatal("was taken")
	}
	wantErr(t, "Take", err, net.ErrClosed)
}

func TestTakeWithoutDescriptors(t *testing.T) {
	f := start(t)
	client, server := f.dial()
	defer client.Close()
	defer server.Close()
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 0, Max: limit.Max}); err != nil {
		t.Fatal(err)
	}
	_, err := f.poller.Take(server)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if err == nil {
		t.Fatal("was taken")
	}
	if _, err := server.Write([]byte("usable")); err != nil {
		t.Fatal(err)
	}
	f.read(client, len("usable"))
}

// drivesAside has a connection's driver set itself aside at each input, and wait.
func (f *fixture) drivesAside(c *Conn) (entered chan string, release chan struct{}, ended <-chan error) {
	entered, release = make(chan string, 10), make(chan struct{})
	ended = f.drive(c, func(b []byte) {
		c.Aside()
		entered <- string(b)
		<-release
	})
	return entered, release, ended
}

func TestAsideLetsOthersGoOn(t *testing.T) {
	f := start(t)
	client, c := f.connect(0)
	entered, release, _ := f.drivesAside(c)
	other, o := f.connect(0)
	f.echo(o)
	f.write(client, "now")
	receive(f, "the driver is called", entered)
	f.write(client, "later")
	f.until("input comes meanwhile", func() bool { return c.Unread() == len("later") })
	f.exchange(other, 1, 20)
	if n := len(entered); n != 0 {
		t.Fatalf("%d calls of a driver that was set aside", n)
	}
	close(release)
	if got := receive(f, "the input that came meanwhile", entered); got != "later" {
		t.Fatal(got)
	}
	f.write(client, "last")
	receive(f, "later input", entered)
}

func TestManyAside(t *testing.T) {
	f := start(t)
	before := runtime.NumGoroutine()
	other, o := f.connect(0)
	f.echo(o)
	releases := make([]chan struct{}, 20)
	for i := range releases {
		client, c := f.connect(0)
		var entered chan string
		entered, releases[i], _ = f.drivesAside(c)
		f.write(client, "x")
		receive(f, "the driver is called", entered)
	}
	f.exchange(other, 1, 20)
	for _, release := range releases {
		close(release)
	}
	f.exchange(other, 2, 20)
	f.until("one loop is left", func() bool { return runtime.NumGoroutine() <= before })
}

// TestAsideByAnother calls Aside for a driver that has blocked without it.
func TestAsideByAnother(t *testing.T) {
	f := start(t)
	client, c := f.connect(0)
	entered, release := make(chan struct{}, 10), make(chan struct{})
	f.drive(c, func([]byte) {
		entered <- struct{}{}
		<-release
	})
	other, o := f.connect(0)
	f.echo(o)
	f.write(client, "x")
	receive(f, "the driver is called", entered)
	c.Aside()
	c.Aside()
	f.exchange(other, 1, 20)
	close(release)
	f.write(client, "x")
	receive(f, "later input", entered)
}

// TestAsideRaces calls Aside at any time: when the loop comes to a connection, is there, and leaves it.
func TestAsideRaces(t *testing.T) {
	f := start(t)
	var conns []*Conn
	var senders, asides sync.WaitGroup
	for i := range 4 {
		client, c := f.connect(0)
		f.echo(c)
		conns = append(conns, c)
		senders.Go(func() { f.exchange(client, uint64(i), 500) })
	}
	var done atomic.Bool
	for i := range 2 {
		asides.Go(func() {
			for r := rand.New(rand.NewPCG(uint64(i), 3)); !done.Load(); runtime.Gosched() {
				conns[r.IntN(len(conns))].Aside()
			}
		})
	}
	senders.Wait()
	done.Store(true)
	asides.Wait()
}

// TestAsideOfAnEnd sets drivers aside in their last call.
func TestAsideOfAnEnd(t *testing.T) {
	f := start(t)
	for range 100 {
		client, c := f.connect(0)
		ended := make(chan struct{})
		c.Drive(func() bool {
			c.Aside()
			close(ended)
			return false
		})
		f.write(client, "x")
		receive(f, "the driver is called", ended)
		c.Close()
	}
}

// TestTokensAreReused has connections come and go: none may get what was meant for the one whose token it has.
func TestTokensAreReused(t *testing.T) {
	f := start(t)
	const alive, rounds = 30, 4000
	r := rand.New(rand.NewPCG(4, 4))
	type end struct {
		client *net.TCPConn
		conn   *Conn
		id     []byte
	}
	var ends [alive]*end
	for round := range rounds {
		e := &ends[r.IntN(alive)]
		if old := *e; old != nil {
			old.client.Write(old.id[:r.IntN(len(old.id)+1)])
			if r.IntN(2) == 0 {
				old.client.SetLinger(0)
			}
			if r.IntN(2) == 0 {
				old.conn.Close()
			}
			old.client.Close()
			old.conn.Close()
		}
		client, c := f.connect(0)
		id := bytes.Repeat([]byte{byte(round), byte(round >> 8), 1}, 4)
		var got []byte
		f.drive(c, func(b []byte) {
			if got = append(got, b...); !bytes.HasPrefix(bytes.Repeat(id, 3), got) {
				t.Errorf("connection of %x got %x", id, got)
			}
		})
		client.Write(id)
		*e = &end{client: client, conn: c, id: id}
		f.opened = f.opened[:0]
	}
	for _, e := range ends {
		f.opened = append(f.opened, e.client, e.conn)
	}
	f.poller.mu.Lock()
	defer f.poller.mu.Unlock()
	if n := len(f.poller.conns); n > rounds/4 {
		t.Fatalf("%d tokens for %d connections at a time", n, alive)
	}
}

func TestEventOfAnOlderConnection(t *testing.T) {
	f := start(t)
	_, old := f.connect(0)
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: old.token, Pad: old.number}
	if f.poller.of(&event) != old {
		t.Fatal("event was not for its connection")
	}
	old.Close()
	if f.poller.of(&event) != nil {
		t.Fatal("event was for a connection that had gone")
	}
	_, c := f.connect(0)
	if c.token != old.token {
		t.Fatalf("token %d, want %d", c.token, old.token)
	}
	if f.poller.of(&event) != nil {
		t.Fatal("event was for the next connection of the token")
	}
}

// TestCloseEndsPoller leaves it to TestMain to see that the loops have ended.
func TestCloseEndsPoller(t *testing.T) {
	f := start(t)
	if err := f.poller.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.poller.Close(); err == nil {
		t.Fatal("was closed twice")
	}
}
