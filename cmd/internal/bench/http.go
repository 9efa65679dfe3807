package bench

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// httpConn is one connection that stays, without what a client of the standard library does besides: the load shall
// cost less than what is loaded. One goroutine uses it.
type httpConn struct {
	net.Conn
	from *bufio.Reader
	out  []byte
	in   bytes.Buffer
}

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
	resp, err := http.ReadResponse(c.from, nil)
	if err != nil {
		return a, err
	}
	defer resp.Body.Close()
	c.in.Reset()
	_, err = io.Copy(&c.in, resp.Body)
	return httpAnswer{resp.StatusCode, c.in.Bytes(), resp.Header.Get("Retry-After")}, err
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
