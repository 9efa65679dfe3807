package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/troupedb/troupe/cmd/internal/client"
	"github.com/troupedb/troupe/cmd/internal/cluster"
	"github.com/troupedb/troupe/cmd/internal/daemon"
	"github.com/troupedb/troupe/cmd/internal/fate"
)

func TestMain(m *testing.M) {
	cluster.MaybeRunNode(daemon.Main)
	os.Exit(m.Run())
}

const patience = time.Minute

// until polls f, and fails the test when it does not hold in the end.
func until(t *testing.T, what string, f func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := cluster.Until(ctx, 20*time.Millisecond, f); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// ask sends one command to one node; an error reply is a failure of the test.
func ask(t *testing.T, n *cluster.Node, args ...string) string {
	t.Helper()
	r, err := client.Ask(t.Context(), n.Client, 5*time.Second, args...)
	if err != nil {
		t.Fatalf("%s %v: %v", n.Name, args, err)
	}
	if e := r.Err(); e != "" {
		t.Fatalf("%s %v: %s", n.Name, args, e)
	}
	return r.String()
}

// gauges reads figures of /metrics.
func gauges(t *testing.T, n *cluster.Node, names ...string) (values []float64) {
	t.Helper()
	resp, err := http.Get("http://" + n.HTTP + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		_, after, _ := strings.Cut(string(text), "\n"+name+" ")
		line, _, _ := strings.Cut(after, "\n")
		v, err := strconv.ParseFloat(line, 64)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		values = append(values, v)
	}
	return values
}

// load writes unique keys through a cluster until it is stopped, and remembers those that were
// acknowledged.
type load struct {
	addrs  []string
	routes *client.Routes
	cancel context.CancelFunc
	done   sync.WaitGroup
	mu     sync.Mutex
	acked  []string
}

// startLoad starts some writers. The keys begin with the given name.
func startLoad(t *testing.T, c *cluster.Cluster, name string) *load {
	t.Helper()
	return startLoadAt(t, c.Addrs(), name)
}

func startLoadAt(t *testing.T, addrs []string, name string) *load {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l := &load{addrs: addrs, routes: client.NewRoutes(addrs), cancel: cancel}
	l.done.Go(func() { l.routes.Run(ctx) })
	for w := range 4 {
		l.done.Go(func() { l.write(ctx, fmt.Sprintf("%s-%d", name, w), uint64(w)) })
	}
	t.Cleanup(func() { l.stop() })
	return l
}

func (l *load) write(ctx context.Context, prefix string, salt uint64) {
	s := client.NewSession(ctx, l.routes, time.Second, salt)
	for i := 0; ctx.Err() == nil; i++ {
		key := fmt.Sprintf("%s-%d", prefix, i)
		if req := s.Do(key, "SET", key, key); req.Fate == fate.Done {
			l.mu.Lock()
			l.acked = append(l.acked, key)
			l.mu.Unlock()
		}
	}
}

func (l *load) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.acked)
}

// more waits until n more writes are acknowledged.
func (l *load) more(t *testing.T, n int) {
	t.Helper()
	goal := l.count() + n
	until(t, "writes go on", func() error {
		if got := l.count(); got < goal {
			return fmt.Errorf("%d of %d acknowledged", got, goal)
		}
		return nil
	})
}

func (l *load) stop() { l.cancel(); l.done.Wait(); l.routes.Close() }

// check stops the load and reads every acknowledged write back.
func (l *load) check(t *testing.T) {
	t.Helper()
	l.stop()
	if len(l.acked) == 0 {
		t.Fatal("nothing was acknowledged")
	}
	routes := client.NewRoutes(l.addrs)
	defer routes.Close()
	until(t, "the slot table", func() error { return routes.Refresh(t.Context(), 1) })
	s := client.NewSession(t.Context(), routes, 5*time.Second, 1)
	lost := 0
	for _, key := range l.acked {
		var req client.Request
		until(t, "read "+key, func() error {
			if req = s.Do(key, "GET", key); req.Fate != fate.Done {
				// A leadership that moved, moved for all its slots.
				_ = routes.Refresh(t.Context(), 1)
				return fmt.Errorf("%s %v", req.Code(), req.Err)
			}
			return nil
		})
		if req.Reply.Text != key {
			lost++
		}
	}
	if lost > 0 {
		t.Fatalf("%d of %d acknowledged writes are lost", lost, len(l.acked))
	}
	t.Logf("%d acknowledged writes, all there", len(l.acked))
}

// info reads one field of INFO's line about a shard on a node.
func info(t *testing.T, n *cluster.Node, shard int, field string) string {
	t.Helper()
	for line := range strings.Lines(ask(t, n, "INFO", "shards")) {
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), fmt.Sprintf("shard%d:", shard))
		if !ok {
			continue
		}
		for _, kv := range strings.Split(rest, ",") {
			if v, ok := strings.CutPrefix(kv, field+"="); ok {
				return v
			}
		}
	}
	return ""
}

func deadline() time.Time { return time.Now().Add(patience) }
