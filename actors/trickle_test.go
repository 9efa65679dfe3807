package actors

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/troupedb/troupe/gossip"
	"github.com/troupedb/troupe/slotmap"
)

// pipes is a listener whose connections are within the test, and so follow its clock.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func newPipes() *pipes { return &pipes{make(chan net.Conn), make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	close(p.done)
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

func (p *pipes) dial() net.Conn {
	here, there := net.Pipe()
	p.conns <- loopback{there}
	return here
}

// loopback is a connection from this host.
type loopback struct{ net.Conn }

func (loopback) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 2} }

// mounted starts a node within the test's clock, and returns its HTTP port too.
func mounted(t *testing.T) (*Node, *pipes) {
	n := startAlone(t, vfs.NewMem(), 1, &decided{gossip.Decision{Action: gossip.StartCluster}, func() {}, func(slotmap.ClusterID) {}})
	untilServed(t, n, "alone")
	port := newPipes()
	n.cfg.HTTP = port
	n.admin = n.serveAdmin()
	t.Cleanup(func() {
		n.abort()
		<-time.After(10 * time.Second) // of the test's clock: what waits in the actor system for its time has ended then
	})
	return n, port
}

// answered is what a client was told, and when.
type answered struct {
	status int
	body   string
	after  time.Duration
	closed bool // the connection ended after it
}

// trickle sends the body of a request byte by byte until the node has enough of it.
func trickle(conn net.Conn) answered {
	begin := time.Now()
	go func() {
		_, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n[")
		for beat := time.NewTicker(time.Second); err == nil; _, err = io.WriteString(conn, " ") {
			<-beat.C
		}
	}()
	defer conn.Close()
	r := bufio.NewReader(conn)
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		return answered{after: time.Since(begin)}
	}
	after := time.Since(begin)
	body, _ := io.ReadAll(resp.Body)
	_, err = r.ReadByte()
	return answered{resp.StatusCode, string(body), after, err == io.EOF}
}

// TestTrickledBodies: clients whose bodies come byte by byte are answered 408 when their time is over, and others do not
// notice them.
func TestTrickledBodies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, port := mounted(t)
		const clients = 48
		all := make(chan answered, clients)
		for range clients {
			go func() { all <- trickle(port.dial()) }()
		}
		beat := time.NewTicker(time.Second)
		defer beat.Stop()
		for range 29 {
			<-beat.C
			begin := time.Now()
			for _, path := range []string{"/healthz", "/set/k/v", "/get/k"} {
				if status := get(t, port.dial(), path); status != 200 || time.Since(begin) != 0 {
					t.Errorf("%s beside them: %d after %v", path, status, time.Since(begin))
				}
			}
		}
		const most = 16 << 10 // bytes that each may hold, of the 1,000,000 that it said
		if held := n.admin.gateway.Stats().Bytes; len(all) != 0 || held == 0 || held > clients*most {
			t.Errorf("%d are answered already, the others hold %d bytes", len(all), held)
		}
		want := answered{http.StatusRequestTimeout, `{"error":"ERR the body did not arrive in time"}`, 30 * time.Second, true}
		for range clients {
			if got := <-all; got != want {
				t.Errorf("%+v, want %+v", got, want)
			}
		}
		if held := n.admin.gateway.Stats().Bytes; held != 0 {
			t.Errorf("%d bytes are held for nobody", held)
		}
	})
}

func get(t *testing.T, conn net.Conn, path string) int {
	t.Helper()
	defer conn.Close()
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", path)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}
