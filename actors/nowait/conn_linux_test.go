package nowait

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// pair is a wrapped connection and its peer.
func pair(t *testing.T) (net.Conn, *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	peer, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); peer.Close() })
	w := Wrap(c)
	if _, ok := w.(*conn); !ok {
		t.Fatalf("a %T is not wrapped", c)
	}
	return w, peer.(*net.TCPConn)
}

func random(n int) []byte {
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

// More than the sockets hold arrives whole and in order, both ways at once, whatever the sizes of writes and reads.
func TestMuchBothWays(t *testing.T) {
	c, peer := pair(t)
	want := random(12 << 20)
	failed := make(chan error, 4)
	send := func(to net.Conn, sizes ...int) {
		rest := want
		for i := 0; len(rest) > 0; i++ {
			n := min(sizes[i%len(sizes)], len(rest))
			if m, err := to.Write(rest[:n]); m != n || err != nil {
				failed <- errors.Join(err, io.ErrShortWrite)
				return
			}
			rest = rest[n:]
		}
		failed <- nil
	}
	receive := func(from net.Conn, size int) {
		got, buf := make([]byte, 0, len(want)), make([]byte, size)
		for len(got) < len(want) {
			n, err := from.Read(buf)
			if err != nil {
				failed <- err
				return
			}
			got = append(got, buf[:n]...)
		}
		if !bytes.Equal(got, want) {
			failed <- errors.New("other bytes than were sent")
			return
		}
		failed <- nil
	}
	go send(c, 1, 100, 0, MaxBytes-1, MaxBytes, MaxBytes+1, 3<<20)
	go send(peer, 4096)
	go receive(c, 3*MaxBytes/2)
	go receive(peer, 64<<10)
	for range 4 {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
}

// A Read waits without a thread for what comes later; the end of the stream is io.EOF.
func TestReadWaits(t *testing.T) {
	c, peer := pair(t)
	buf := make([]byte, 10)
	if n, err := c.Read(nil); n != 0 || err != nil {
		t.Fatalf("Read of nothing: %d, %v", n, err)
	}
	type end struct {
		n   int
		err error
	}
	ends := make(chan end)
	for _, next := range []struct {
		do   func()
		want end
	}{
		{func() { peer.Write([]byte("abc")) }, end{3, nil}},
		{func() { peer.CloseWrite() }, end{0, io.EOF}},
	} {
		go func() {
			n, err := c.Read(buf)
			ends <- end{n, err}
		}()
		next.do()
		if got := <-ends; got != next.want {
			t.Fatalf("Read: %d, %v; want %d, %v", got.n, got.err, next.want.n, next.want.err)
		}
	}
	if n, err := c.Write([]byte("still")); n != 5 || err != nil {
		t.Fatalf("Write after the peer's end: %d, %v", n, err)
	}
	if err := c.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(peer); string(got) != "still" || err != nil {
		t.Fatalf("the peer has %q, %v", got, err)
	}
}

// Deadlines end a Read for which nothing comes, and a Write that nobody takes, which says how much was taken.
func TestDeadlines(t *testing.T) {
	c, peer := pair(t)
	past := time.Now().Add(-time.Second)
	for _, when := range []time.Time{past, time.Now().Add(time.Millisecond)} {
		c.SetReadDeadline(when)
		if n, err := c.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("Read: %d, %v", n, err)
		}
	}
	b := random(64 << 20)
	c.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
	n, err := c.Write(b)
	if n <= 0 || n == len(b) || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("Write: %d, %v", n, err)
	}
	var op *net.OpError
	if !errors.As(err, &op) || !op.Timeout() || op.Op != "write" {
		t.Fatalf("%v is no timeout of a write", err)
	}
	c.Close()
	if got, err := io.ReadAll(peer); !bytes.Equal(got, b[:n]) || err != nil {
		t.Fatalf("the peer has %d bytes of %d, %v", len(got), n, err)
	}
}

// Close ends a Read that waits; after it, both fail. What the peer did is an error of the call with its name.
func TestErrors(t *testing.T) {
	c, peer := pair(t)
	peer.SetLinger(0)
	peer.Close() // resets
	var op *net.OpError
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, unix.ECONNRESET) || !errors.As(err, &op) || op.Op != "read" || op.Addr == nil {
		t.Errorf("Read from a peer that has reset: %v", err)
	}
	if n, err := c.Write([]byte("x")); n != 0 || !errors.Is(err, unix.EPIPE) {
		t.Errorf("Write to a peer that has reset: %d, %v", n, err)
	}

	c, _ = pair(t)
	ended := make(chan error)
	go func() {
		_, err := c.Read(make([]byte, 1))
		ended <- err
	}()
	c.Close()
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Read while Close is called: %v", err)
	}
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Read after Close: %v", err)
	}
	if _, err := c.Write(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Write after Close: %v", err)
	}
}

func TestOthersAreNotWrapped(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	if Wrap(a) != a {
		t.Error("a pipe was wrapped")
	}
}

// The calls themselves, on a descriptor that takes nothing, much, and in many pieces.
func TestCalls(t *testing.T) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[0])
	defer unix.Close(fds[1])
	buf := make([]byte, 2*MaxBytes)
	if _, err := Read(fds[1], buf[:10]); err != unix.EAGAIN {
		t.Errorf("Read where nothing is: %v", err)
	}
	for _, sizes := range [][]int{{1}, {0, 3, 0}, {0}, {}, {MaxBytes}, {MaxBytes, 1}, {MaxBytes + 1}, repeat(pieces, 2), repeat(pieces+1, 2), repeat(700, 9)} {
		var bufs [][]byte
		var want []byte
		for i, n := range sizes {
			p := random(n + i)[i:]
			bufs, want = append(bufs, p), append(want, p...)
		}
		n, err := Writev(fds[0], bufs)
		if n < min(len(want), MaxBytes) || err != nil {
			t.Fatalf("Writev of %v: %d, %v", sizes, n, err)
		}
		want = want[:n]
		got := make([]byte, 0, len(buf))
		for len(got) < len(want) {
			n, err := Read(fds[1], buf)
			if err != nil {
				t.Fatalf("%d bytes of %d have come, then: %v", len(got), len(want), err)
			}
			got = append(got, buf[:n]...)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("%v arrives as other bytes", sizes)
		}
	}
	n, err := Write(fds[0], buf[:MaxBytes+1000])
	if n != MaxBytes+1000 || err != nil {
		t.Errorf("Write of more than MaxBytes: %d, %v", n, err)
	}
	for _, want := range []int{MaxBytes, 1000} {
		if n, err := Read(fds[1], buf); n != want || err != nil {
			t.Errorf("Read: %d, %v; want %d", n, err, want)
		}
	}
	for err = nil; err == nil; {
		_, err = Write(fds[0], buf[:1000])
	}
	if err != unix.EAGAIN {
		t.Errorf("Write where there is no room: %v", err)
	}
	if _, err := Writev(fds[0], [][]byte{buf[:1], buf[:1]}); err != unix.EAGAIN {
		t.Errorf("Writev where there is no room: %v", err)
	}
	if _, err := Read(-1, buf[:1]); err != unix.EBADF {
		t.Errorf("Read of no descriptor: %v", err)
	}
}

func repeat(times, n int) []int {
	out := make([]int, times)
	for i := range out {
		out[i] = n
	}
	return out
}

func TestEpollWait(t *testing.T) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(epoll)
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: 7, Pad: 8}); err != nil {
		t.Fatal(err)
	}
	events := make([]unix.EpollEvent, 4)
	if n, err := EpollWait(epoll, events); n != 0 || err != nil {
		t.Fatalf("with nothing to say: %d, %v", n, err)
	}
	if _, err := Write(fd, []byte{1, 0, 0, 0, 0, 0, 0, 0}); err != nil {
		t.Fatal(err)
	}
	if n, err := EpollWait(epoll, events); n != 1 || err != nil || events[0].Events != unix.EPOLLIN || events[0].Fd != 7 || events[0].Pad != 8 {
		t.Fatalf("%d, %v, %v", n, err, events[0])
	}
	if _, err := EpollWait(-1, events); err != unix.EBADF {
		t.Errorf("of no descriptor: %v", err)
	}
}
