package bench

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"slices"
	"strconv"
	"time"
)

// httpConn is one connection that stays, without what a client of the standard library does besides: the load shall
// cost less than what is loaded. One goroutine uses it.
type httpConn struct {
	net.Conn
	from *bufio.Reader
	out  []byte
	in   []byte
}

// maxAnswer bounds the body of an answer.
const maxAnswer = 64 << 20

// httpAnswer is good until the next.
type httpAnswer struct {
	status     int
	body       []byte
	retryAfter string
}

// dialHTTP opens connections to some addresses in turns. They break when ctx ends.
func dialHTTP(ctx context.Context, addrs []string, n int) (conns []*httpConn, err error) {
	var d net.Dialer
	for i := range n {
		conn, err := d.DialContext(ctx, "tcp", addrs[i%len(addrs)])
		if err != nil {
			for _, c := range conns {
				c.Close()
			}
			return nil, err
		}
		context.AfterFunc(ctx, func() { conn.Close() })
		conns = append(conns, &httpConn{Conn: conn, from: bufio.NewReader(conn)})
	}
	return conns, nil
}

// post sends a command and reads the answer.
func (c *httpConn) post(body []byte) (a httpAnswer, err error) {
	c.out = append(c.out[:0], "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: "...)
	c.out = append(strconv.AppendInt(c.out, int64(len(body)), 10), "\r\n\r\n"...)
	c.out = append(c.out, body...)
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return a, err
	}
	if _, err := c.Write(c.out); err != nil {
		return a, err
	}
	return c.answer()
}

// answer reads an answer as servers of net/http write them.
func (c *httpConn) answer() (a httpAnswer, err error) {
	line, err := c.from.ReadSlice('\n')
	if err != nil {
		return a, err
	}
	if _, code, _ := bytes.Cut(line, []byte("HTTP/1.1 ")); len(code) > 3 {
		a.status, _ = strconv.Atoi(string(code[:3]))
	}
	if a.status == 0 {
		return a, fmt.Errorf("not an answer: %q", line)
	}
	length, err := c.head(&a)
	if err != nil {
		return a, err
	}
	if length < 0 {
		if a.body, err = io.ReadAll(httputil.NewChunkedReader(c.from)); err == nil {
			_, err = c.from.ReadSlice('\n')
		}
		return a, err
	}
	if length > maxAnswer {
		return a, fmt.Errorf("an answer of %d bytes", length)
	}
	c.in = slices.Grow(c.in[:0], length)[:length]
	a.body = c.in
	_, err = io.ReadFull(c.from, c.in)
	return a, err
}

// head reads the headers. length is negative if the body comes in chunks.
func (c *httpConn) head(a *httpAnswer) (length int, err error) {
	for length = -1; ; {
		line, err := c.from.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		name, value, more := bytes.Cut(bytes.TrimRight(line, "\r\n"), []byte(": "))
		if !more {
			return length, nil
		}
		switch string(name) {
		case "Content-Length":
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, err
			}
		case "Retry-After":
			a.retryAfter = string(value)
		}
	}
}

// retry is how long the answer says to wait; 0 if it does not.
func (a httpAnswer) retry() time.Duration {
	seconds, _ := strconv.Atoi(a.retryAfter)
	return time.Duration(max(seconds, 0)) * time.Second
}

// failure is why a request was not done; "" if it was.
func (a httpAnswer) failure() string {
	switch {
	case a.status != http.StatusOK:
		return cmp.Or(string(a.body), http.StatusText(a.status))
	case bytes.HasPrefix(a.body, []byte(`{"result":null`)):
		return "no such key"
	}
	return ""
}
