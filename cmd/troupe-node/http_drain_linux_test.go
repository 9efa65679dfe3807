package main

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/troupedb/troupe/cmd/internal/cluster"
)

// A node that is told to stop answers those who wait there for a leader, and ends its streams as a stream ends.
func TestHTTPEndsInGoodOrder(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{})
	n := c.Node(0)
	stream := subscribe(t, n, "news")
	for _, other := range c.Nodes()[1:] {
		if err := other.Kill9(); err != nil {
			t.Fatal(err)
		}
	}
	type answer struct {
		status int
		body   string
		err    error
	}
	said := make(chan answer, 1)
	go func() {
		status, body, err := tryPost(t, n, "/set/k/v", "", "Request-Timeout", "30")
		said <- answer{status, body, err}
	}()
	until(t, "a request waits for a leader", func() error {
		if gauges(t, n, "troupe_http_requests_in_flight")[0] == 0 {
			return errors.New("none does")
		}
		return nil
	})
	if err := n.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if a := <-said; a.err != nil || a.status != http.StatusServiceUnavailable || !strings.Contains(a.body, `"applied":`) {
		t.Errorf("%d %s, %v", a.status, a.body, a.err)
	}
	if line, err := stream.next(); err != io.EOF {
		t.Errorf("the stream ends with %q, %v", line, err)
	}
}
