package poll

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestDataBeforeEOF(t *testing.T) {
	f := start(t)
	for _, size := range []int{1, 4 << 10, 100_000} {
		client, c := f.connect(0)
		sent := pattern(size)
		if _, err := client.Write(sent); err != nil {
			t.Fatal(err)
		}
		client.CloseWrite()
		f.until("all is there", func() bool { return c.Unread() >= size })
		var got []byte
		ended := f.drive(c, func(b []byte) { got = append(got, b...) })
		wantErr(t, "end", receive(f, "EOF", ended), io.EOF)
		if !bytes.Equal(got, sent) {
			t.Fatalf("%d bytes before EOF, want %d", len(got), size)
		}
	}
}

func TestHalfClosedClientGetsReplies(t *testing.T) {
	f := start(t)
	client, c := f.connect(narrow)
	ended := f.echo(c)
	client.CloseWrite()
	wantErr(t, "end", receive(f, "EOF", ended), io.EOF)
	reply := pattern(large)
	done := writing(c, reply)
	f.until("Write blocks", func() bool { return blocked(c) })
	if got := f.read(client, large); !bytes.Equal(got, reply) {
		t.Fatal("other bytes than were written")
	}
	if w := receive(f, "Write returns", done); w.err != nil || w.n != large {
		t.Fatal(w)
	}
	c.Close()
	f.expect(client, nil)
}

func TestReset(t *testing.T) {
	f := start(t)
	for _, before := range []bool{true, false} {
		client, c := f.connect(0)
		client.SetLinger(0)
		if before {
			client.Close()
		}
		ended := f.echo(c)
		client.Close()
		wantErr(t, "end", receive(f, "the driver ends", ended), syscall.ECONNRESET)
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestResetEndsWrite resets connections with a blocked Write, before Drive, while driven, and after the driver's end.
func TestResetEndsWrite(t *testing.T) {
	f := start(t)
	for i := range 3 {
		client, c := f.connect(narrow)
		client.SetLinger(0)
		if i == 1 {
			f.echo(c)
		}
		if i == 2 {
			ended := f.echo(c)
			client.CloseWrite()
			receive(f, "EOF", ended)
		}
		done := writing(c, pattern(large))
		f.until("Write blocks", func() bool { return blocked(c) })
		client.Close()
		w := receive(f, "Write returns", done)
		if w.n == large || !errors.Is(w.err, syscall.ECONNRESET) && !errors.Is(w.err, syscall.EPIPE) {
			t.Fatalf("%d: %+v", i, w)
		}
		c.Close()
	}
}

// closedTwice checks that what is closed already says so.
func (f *fixture) closedTwice(c *Conn) {
	f.Helper()
	wantErr(f, "second Close", c.Close(), net.ErrClosed)
	_, err := c.Write([]byte("x"))
	wantErr(f, "Write", err, net.ErrClosed)
	_, err = c.WriteBuffers([][]byte{{1}})
	wantErr(f, "WriteBuffers", err, net.ErrClosed)
	_, err = c.Read(make([]byte, 1))
	wantErr(f, "Read", err, net.ErrClosed)
	if n := c.Unread(); n != 0 {
		f.Fatalf("%d unread", n)
	}
}

func TestCloseOfIdleConnection(t *testing.T) {
	f := start(t)
	client, c := f.connect(0)
	ended := f.echo(c)
	f.exchange(client, 1, 1)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	wantErr(t, "end", receive(f, "the driver ends", ended), net.ErrClosed)
	f.expect(client, nil)
	f.closedTwice(c)
}

func TestCloseBeforeDrive(t *testing.T) {
	f := start(t)
	client, c := f.connect(0)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	f.expect(client, nil)
	wantErr(t, "end", receive(f, "the driver ends", f.echo(c)), net.ErrClosed)
	f.closedTwice(c)
}

func TestCloseInDriver(t *testing.T) {
	f := start(t)
	client, c := f.connect(0)
	ended := f.drive(c, func([]byte) { c.Close() })
	f.write(client, "x")
	wantErr(t, "end", receive(f, "the driver ends", ended), net.ErrClosed)
	f.expect(client, nil)
	f.closedTwice(c)
}

func TestCloseAfterEOF(t *testing.T) {
	f := start(t)
	client, c := f.connect(0)
	ended := f.echo(c)
	client.CloseWrite()
	receive(f, "EOF", ended)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	f.expect(client, nil)
	f.closedTwice(c)
}

func TestCloseEndsWrite(t *testing.T) {
	f := start(t)
	for _, driven := range []bool{true, false} {
		client, c := f.connect(narrow)
		sent := pattern(large)
		if driven {
			f.echo(c)
		}
		done := writing(c, sent)
		f.until("Write blocks", func() bool { return blocked(c) })
		c.Close()
		w := receive(f, "Write returns", done)
		wantErr(t, "Write", w.err, net.ErrClosed)
		f.expect(client, sent[:w.n])
		f.closedTwice(c)
	}
}

func TestCloseEndsWriteOfDriver(t *testing.T) {
	f := start(t)
	client, c := f.connect(narrow)
	sent, done := pattern(large), make(chan written, 1)
	ended := f.drive(c, func([]byte) {
		n, err := c.Write(sent)
		done <- written{n, err}
	})
	f.write(client, "x")
	f.until("Write blocks", func() bool { return blocked(c) })
	c.Close()
	w := receive(f, "Write returns", done)
	wantErr(t, "Write", w.err, net.ErrClosed)
	wantErr(t, "end", receive(f, "the driver ends", ended), net.ErrClosed)
	f.expect(client, sent[:w.n])
}

func TestCloseOfDriverAside(t *testing.T) {
	f := start(t)
	client, c := f.connect(0)
	entered, release, ended := f.drivesAside(c)
	f.write(client, "x")
	receive(f, "the driver is called", entered)
	c.Close()
	f.closedTwice(c)
	select {
	case err := <-ended:
		t.Fatalf("ended, though it is blocked: %v", err)
	default:
	}
	close(release)
	wantErr(t, "end", receive(f, "the driver ends", ended), net.ErrClosed)
	f.expect(client, nil)
	if len(entered) != 0 {
		t.Fatal("input after Close")
	}
}

// TestCloseDuringSystemCall closes while one is under way: another connection may not get its descriptor.
func TestCloseDuringSystemCall(t *testing.T) {
	f := start(t)
	client, c := f.connect(0)
	if !c.enter() {
		t.Fatal("not open")
	}
	c.Close()
	if c.enter() {
		t.Fatal("open after Close")
	}
	if c.fd < 0 {
		t.Fatal("the descriptor is closed")
	}
	c.leave()
	f.expect(client, nil)
}

// TestCloseRaces closes twice while Drive is called and a Write is under way.
func TestCloseRaces(t *testing.T) {
	f := start(t)
	for range 500 {
		client, c := f.connect(0)
		var all sync.WaitGroup
		var ended <-chan error
		var errs [2]error
		all.Go(func() { ended = f.echo(c) })
		all.Go(func() { c.Write([]byte("hello")) })
		for i := range errs {
			all.Go(func() { errs[i] = c.Close() })
		}
		all.Wait()
		wantErr(t, "end", receive(f, "the driver ends", ended), net.ErrClosed)
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("closed by both or none: %v", errs)
		}
		client.Close()
		f.opened = f.opened[:0]
	}
}

func TestBlockedWriteStopsNobody(t *testing.T) {
	f := start(t)
	client, c := f.connect(narrow)
	sent, done := pattern(large), make(chan written, 1)
	first := true
	f.drive(c, func(b []byte) {
		if !first {
			c.Write(b)
			return
		}
		first = false
		n, err := c.Write(sent)
		done <- written{n, err}
	})
	other, o := f.connect(0)
	f.echo(o)
	f.write(client, "x")
	f.until("Write blocks", func() bool { return blocked(c) })
	f.exchange(other, 1, 50)
	f.write(client, "y")
	if !blocked(c) {
		t.Fatal("Write returned before anything was read")
	}
	if got := f.read(client, large); !bytes.Equal(got, sent) {
		t.Fatal("other bytes than were written")
	}
	if w := receive(f, "Write returns", done); w.err != nil || w.n != large {
		t.Fatal(w)
	}
	if got := f.read(client, 1); string(got) != "y" {
		t.Fatalf("%q, want y", got)
	}
	f.exchange(client, 2, 20)
}

// TestWriteWhileDriverIsAside has a driver wait for a writer that waits for the client.
func TestWriteWhileDriverIsAside(t *testing.T) {
	f := start(t)
	client, c := f.connect(narrow)
	entered, release, _ := f.drivesAside(c)
	f.write(client, "x")
	receive(f, "the driver is called", entered)
	f.write(client, "y")
	sent := pattern(large)
	done := writing(c, sent)
	f.until("Write blocks", func() bool { return blocked(c) })
	if got := f.read(client, large); !bytes.Equal(got, sent) {
		t.Fatal("other bytes than were written")
	}
	receive(f, "Write returns", done)
	if len(entered) != 0 {
		t.Fatal("a driver was called that was set aside")
	}
	close(release)
	if got := receive(f, "input", entered); got != "y" {
		t.Fatal(got)
	}
}

// TestWriteAcrossDrive blocks before the connection is driven, and goes on after.
func TestWriteAcrossDrive(t *testing.T) {
	f := start(t)
	client, c := f.connect(narrow)
	sent := pattern(large)
	done := writing(c, sent)
	f.until("Write blocks", func() bool { return blocked(c) })
	got := make(chan string, 1)
	f.drive(c, func(b []byte) { got <- string(b) })
	f.write(client, "x")
	if s := receive(f, "input", got); s != "x" {
		t.Fatal(s)
	}
	if !bytes.Equal(f.read(client, large), sent) {
		t.Fatal("other bytes than were written")
	}
	receive(f, "Write returns", done)
}

func TestWriteBuffers(t *testing.T) {
	f := start(t)
	r := rand.New(rand.NewPCG(5, 5))
	for _, count := range []int{0, 1, 2, maxPieces - 1, maxPieces, maxPieces + 1, 3*maxPieces + 7} {
		client, c := f.connect(narrow)
		bufs := make([][]byte, count)
		for i := range bufs {
			size := r.IntN(20)
			if r.IntN(10) == 0 {
				size = r.IntN(20_000)
			}
			bufs[i] = pattern(size)
		}
		want := slices.Concat(bufs...)
		go func() {
			n, err := c.WriteBuffers(bufs)
			if err != nil || n != int64(len(want)) {
				t.Errorf("%d of %d bytes in %d pieces: %v", n, len(want), count, err)
			}
			c.Close()
		}()
		f.expect(client, want)
	}
}

func TestWriteBuffersOfNothing(t *testing.T) {
	f := start(t)
	client, c := f.connect(0)
	for _, bufs := range [][][]byte{nil, {}, {nil}, {nil, {}}, make([][]byte, maxPieces+1)} {
		if n, err := c.WriteBuffers(bufs); n != 0 || err != nil {
			t.Fatalf("%d %v", n, err)
		}
	}
	if n, err := c.Write(nil); n != 0 || err != nil {
		t.Fatalf("%d %v", n, err)
	}
	c.Close()
	f.expect(client, nil)
}

// TestWriteBuffersCut closes in the middle: as many bytes as were counted arrive.
func TestWriteBuffersCut(t *testing.T) {
	f := start(t)
	client, c := f.connect(narrow)
	bufs := make([][]byte, 4000)
	for i := range bufs {
		bufs[i] = pattern(i)
	}
	want := slices.Concat(bufs...)
	counted := make(chan int64, 1)
	go func() {
		n, err := c.WriteBuffers(bufs)
		if !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
		counted <- n
	}()
	f.until("WriteBuffers blocks", func() bool { return blocked(c) })
	first := f.read(client, len(want)/2)
	f.until("WriteBuffers blocks", func() bool { return blocked(c) })
	c.Close()
	n := receive(f, "WriteBuffers returns", counted)
	if !bytes.Equal(first, want[:len(first)]) {
		t.Fatal("other bytes than were written")
	}
	f.expect(client, want[len(first):n])
}

func TestWriteDeadline(t *testing.T) {
	f := start(t)
	for _, driven := range []bool{true, false} {
		for _, late := range []time.Duration{-time.Hour, time.Millisecond} {
			client, c := f.connect(narrow)
			if driven {
				f.echo(c)
			}
			c.SetDeadline(time.Now().Add(late))
			sent := pattern(large)
			w := receive(f, "Write returns", writing(c, sent))
			wantErr(t, "Write", w.err, os.ErrDeadlineExceeded)
			c.SetWriteDeadline(time.Time{})
			done := writing(c, sent[w.n:])
			if !bytes.Equal(f.read(client, large), sent) {
				t.Fatal("other bytes than were written")
			}
			if w := receive(f, "Write returns", done); w.err != nil {
				t.Fatal(w.err)
			}
		}
	}
}

func TestUnread(t *testing.T) {
	f := start(t)
	client, c := f.connect(0)
	if n := c.Unread(); n != 0 {
		t.Fatal(n)
	}
	_, err := c.Read(make([]byte, 1))
	wantErr(t, "Read", err, ErrNothing)
	f.write(client, "hello")
	f.until("five bytes", func() bool { return c.Unread() == 5 })
	if n, err := c.Read(nil); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	if n, err := c.Read(make([]byte, 2)); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	if n := c.Unread(); n != 3 {
		t.Fatal(n)
	}
}

func TestAddresses(t *testing.T) {
	f := start(t)
	client, c := f.connect(0)
	if got, want := c.RemoteAddr().String(), client.LocalAddr().String(); got != want {
		t.Fatalf("%s, want %s", got, want)
	}
	if got, want := c.LocalAddr().String(), client.RemoteAddr().String(); got != want {
		t.Fatalf("%s, want %s", got, want)
	}
}

// TestDriveFails has the kernel refuse the connection.
func TestDriveFails(t *testing.T) {
	f := start(t)
	client, c := f.connect(0)
	null, err := os.Open(os.DevNull) // which is no epoll instance
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	raw, err := null.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	c.poller = &Poller{raw: raw, conns: make([]*Conn, c.token+1)}
	wantErr(t, "end", receive(f, "the driver ends", f.echo(c)), net.ErrClosed)
	f.expect(client, nil)
	f.poller.remove(c)
}
