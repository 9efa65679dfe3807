package actors

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"
)

// single starts a node that is a cluster by itself.
func single(t *testing.T) (*trio, *Node) {
	c := &trio{t: t}
	n, err := StartIn(c.config(nil), realWorld())
	if err != nil {
		t.Fatal(err)
	}
	n.serve()
	t.Cleanup(func() { n.Stop() })
	c.until("all slots are served", func() bool { return n.Routes().Served() })
	return c, n
}

// abused starts a node, and returns the address of its HTTP port.
func abused(t *testing.T) (*trio, string) {
	c, n := single(t)
	return c, n.cfg.HTTP.Addr().String()
}

// say sends bytes as they are, and returns the status of the answer: 0 if the connection ended without one.
func say(t *testing.T, addr, request string) int {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	go io.WriteString(conn, request)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}

// TestHTTPNonsense: what no client sends is answered with an error, and the node serves on.
func TestHTTPNonsense(t *testing.T) {
	_, addr := abused(t)
	const head = " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
	for _, tt := range []struct {
		name, request string
		status        int
	}{
		{"no HTTP", "\x16\x03\x01\x02\x00 hello\r\n\r\n", 400},
		{"no host", "GET /get/k HTTP/1.1\r\n\r\n", 400},
		{"two lengths", "POST /" + head + "Content-Length: 3\r\nContent-Length: 4\r\n\r\n[]]", 400},
		{"a length below nothing", "POST /" + head + "Content-Length: -1\r\n\r\n", 400},
		{"a chunk of no size", "POST /" + head + "Transfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n0\r\n\r\n", 400},
		{"a chunk of too large a size", "POST /" + head + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nx\r\n0\r\n\r\n", 400},
		{"a chunk that is longer than it says", "POST /" + head + "Transfer-Encoding: chunked\r\n\r\n1\r\nxyz\r\n0\r\n\r\n", 400},
		{"an encoding that nobody has", "POST /" + head + "Transfer-Encoding: gzip\r\n\r\n", 501},
		{"headers beyond the limit", "GET /get/k" + head + "X: " + strings.Repeat("x", 128<<10) + "\r\n\r\n", 431},
		{"a path beyond the limit", "GET /get/" + strings.Repeat("x", 128<<10) + head + "\r\n", 431},
		{"a body that says to be too large", "POST /" + head + "Content-Length: 99999999999\r\n\r\n", 413},
		{"a body that is too deep", "POST /" + head + "Content-Length: 20000\r\n\r\n" + strings.Repeat("[", 20000), 400},
		{"an empty command in the path", "GET //k" + head + "\r\n", 400},
		{"a byte that is no hex", "GET /get/%zz" + head + "\r\n", 400},
		{"an unfinished byte", "GET /get/%2" + head + "\r\n", 400},
		// Keys may look like anything, and name no file.
		{"a key of dots", "GET /get/..%2f..%2fetc%2fpasswd" + head + "\r\n", 200},
		{"a key with a zero", "GET /get/%00" + head + "\r\n", 200},
		{"a path out of the pages", "GET /v1/../../etc/passwd" + head + "\r\n", 404},
		{"a page by another name", "GET /v1/%2e%2e/metrics" + head + "\r\n", 404},
	} {
		if got := say(t, addr, tt.request); got != tt.status {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.status)
		}
	}
	if got := say(t, addr, "GET /set/k/v"+head+"\r\n"); got != 200 {
		t.Errorf("a command after all that: %d", got)
	}
}

// TestSlowHeaders: clients that never end their headers are cut off, and nothing of them is left.
func TestSlowHeaders(t *testing.T) {
	c, addr := abused(t)
	before := runtime.NumGoroutine()
	const clients = 200
	var conns []net.Conn
	for range clients {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "GET /get/k HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
		conns = append(conns, conn)
	}
	if got := say(t, addr, "GET /get/k HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"); got != 200 {
		t.Errorf("a request beside them: %d", got)
	}
	for _, conn := range conns {
		conn.SetReadDeadline(time.Now().Add(time.Minute))
		if _, err := io.Copy(io.Discard, conn); err != nil {
			t.Fatalf("not cut off: %v", err)
		}
	}
	c.until("their goroutines are gone", func() bool { return runtime.NumGoroutine() < before+clients/4 })
}
