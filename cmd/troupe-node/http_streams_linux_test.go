package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/troupedb/troupe/cmd/internal/cluster"
)

var streamAttempts = flag.Int("http.streams", 600, "how many streams of events TestIdleStreams asks one node for; 10000 takes a few seconds")

// mostStreams is how many the gateway holds at a time.
const mostStreams = 256

// openStream asks for a stream. The connection is left open if the answer is 200; the body of another is read.
func openStream(n *cluster.Node, path string) (net.Conn, *http.Response, error) {
	conn, err := net.Dial("tcp", n.HTTP)
	if err != nil {
		return nil, nil, err
	}
	conn.SetDeadline(deadline())
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", path)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	if resp.StatusCode != http.StatusOK {
		defer conn.Close() // at once: there are more attempts than descriptors
		text, _ := io.ReadAll(resp.Body)
		resp.Body = io.NopCloser(bytes.NewReader(text))
	}
	return conn, resp, nil
}

// refusedWell reports what a refusal lacks: a client must see that it is to come again, and when.
func refusedWell(resp *http.Response) error {
	var body struct{ Error string }
	err := json.NewDecoder(resp.Body).Decode(&body)
	again, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
	if err != nil || resp.StatusCode != http.StatusTooManyRequests || again < 1 || !strings.HasPrefix(body.Error, "BUSY ") {
		return fmt.Errorf("%d %v %q: %v", resp.StatusCode, resp.Header, body.Error, err)
	}
	return nil
}

// crowd is clients that ask for streams, 16 at a time, and read nothing of them.
type crowd struct {
	held    []net.Conn // nil where one was refused
	refused atomic.Int64
	done    chan struct{}
}

func gather(t *testing.T, n *cluster.Node, attempts int) *crowd {
	c := &crowd{held: make([]net.Conn, attempts), done: make(chan struct{})}
	var next atomic.Int64
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(attempts); i = next.Add(1) - 1 {
				if err := c.attempt(n, i); err != nil {
					t.Errorf("attempt %d: %v", i, err)
				}
			}
		})
	}
	go func() { all.Wait(); close(c.done) }()
	return c
}

var streamPaths = []string{"/subscribe/quiet", "/v1/events"}

func (c *crowd) attempt(n *cluster.Node, i int64) error {
	conn, resp, err := openStream(n, streamPaths[i%2])
	switch {
	case err != nil:
		return err
	case resp.StatusCode == http.StatusOK:
		c.held[i] = conn
		return nil
	}
	c.refused.Add(1)
	return refusedWell(resp)
}

// leave closes what is held, and returns how many these were.
func (c *crowd) leave() (n int) {
	<-c.done
	for i, conn := range c.held {
		if conn != nil {
			conn.Close()
			c.held[i] = nil
			n++
		}
	}
	return n
}

func resident(t *testing.T, n *cluster.Node) float64 {
	t.Helper()
	return gauges(t, n, "process_resident_memory_bytes")[0]
}

func untilStreams(t *testing.T, n *cluster.Node, want float64) {
	t.Helper()
	until(t, fmt.Sprint(want, " streams are open"), func() error {
		if got := gauges(t, n, "troupe_http_streams")[0]; got != want {
			return fmt.Errorf("%v are", got)
		}
		return nil
	})
}

// However many ask for streams, as many as may be are held, each takes little memory, the rest are told so, and others
// are served.
func TestIdleStreams(t *testing.T) {
	n := cluster.StartT(t, cluster.Options{Nodes: 1}).Node(0)
	before := gauges(t, n, "process_resident_memory_bytes", "go_goroutines", "process_open_fds")
	c := gather(t, n, *streamAttempts)
	defer c.leave()
	pings := servedUntil(t, n, c.done)

	untilStreams(t, n, mostStreams)
	after := gauges(t, n, "process_resident_memory_bytes", "go_goroutines", "process_open_fds")
	const most = 256 << 10 // bytes a stream
	each := (after[0] - before[0]) / mostStreams
	if each > most {
		t.Errorf("%.0f bytes for each stream, of %.0f to %.0f", each, before[0], after[0])
	}
	held := c.leave()
	if refused := int(c.refused.Load()); held != mostStreams || held+refused != *streamAttempts {
		t.Errorf("%d held and %d refused of %d", held, refused, *streamAttempts)
	}
	t.Logf("%d attempts, %d held: RSS %.1f to %.1f MiB, %.1f KiB a stream; goroutines %.0f to %.0f, descriptors %.0f to %.0f; %d pings meanwhile",
		*streamAttempts, held, before[0]/(1<<20), after[0]/(1<<20), each/(1<<10), before[1], after[1], before[2], after[2], pings)

	untilStreams(t, n, 0)
	for _, path := range streamPaths {
		conn, resp, err := openStream(n, path)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s after they left: %v, %v", path, resp, err)
		}
		defer conn.Close()
	}
}

// servedUntil asks for PING on both ports while something is under way, and once after it. It returns how often.
func servedUntil(t *testing.T, n *cluster.Node, done <-chan struct{}) (pings int) {
	t.Helper()
	for over := false; !over; pings++ {
		select {
		case <-done:
			over = true
		default:
		}
		if got := ask(t, n, "PING"); got != "PONG" {
			t.Fatalf("PING: %q", got)
		}
		if status, body := post(t, n, "/ping", ""); status != http.StatusOK || body != `{"result":"PONG"}` {
			t.Fatalf("/ping: %d %s", status, body)
		}
	}
	return pings
}

// reader takes the messages of a channel one by one.
type reader struct{ lines *bufio.Reader }

// next skips the empty lines between events.
func (r reader) next() (string, error) {
	for {
		line, err := r.lines.ReadString('\n')
		if err != nil || strings.HasPrefix(line, "data: ") {
			return strings.TrimSpace(line), err
		}
	}
}

// A subscriber over HTTP that reads nothing is left in the end; what waits for it is bounded, and another one is told
// everything in order.
func TestStreamThatIsNotRead(t *testing.T) {
	n := cluster.StartT(t, cluster.Options{Nodes: 1}).Node(0)
	r := subscribe(t, n, "news")
	stuck, _, err := openStream(n, "/subscribe/news")
	if err != nil {
		t.Fatal(err)
	}
	defer stuck.Close()
	pub := redis.NewClient(&redis.Options{Addr: n.Client})
	defer pub.Close()

	const size, messages = 64 << 10, 4096 // 256 MiB
	const most = 160 << 20                // bytes that the node may take meanwhile
	text, before, peak := strings.Repeat("x", size), resident(t, n), 0.0
	heard := [3]int{} // how many messages reached none, one and both
	for i := range messages {
		to, err := pub.Publish(t.Context(), "news", fmt.Sprint(i, ",", text)).Result()
		if err != nil || to < 1 || to > 2 {
			t.Fatalf("message %d reached %d: %v", i, to, err)
		}
		heard[to]++
		got, err := r.next()
		if want := fmt.Sprint("data: message,news,", i, ",", text); err != nil || got != want {
			t.Fatalf("message %d: %.40q of %d bytes, %v", i, got, len(got), err)
		}
		if i%64 == 0 {
			peak = max(peak, resident(t, n))
		}
	}
	if heard[1] == 0 {
		t.Errorf("all %d messages were kept for who reads nothing", messages)
	}
	if peak-before > most {
		t.Errorf("RSS grew by %.0f bytes", peak-before)
	}
	untilStreams(t, n, 1)
	t.Logf("%d messages to both, then %d to the one that reads; RSS %.1f to %.1f MiB at most", heard[2], heard[1], before/(1<<20), peak/(1<<20))
}

// subscribe opens a stream whose confirmation has come.
func subscribe(t *testing.T, n *cluster.Node, channel string) reader {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+n.HTTP+"/subscribe/"+channel, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	r := reader{bufio.NewReader(resp.Body)}
	if first, err := r.next(); err != nil || !strings.HasPrefix(first, "data: subscribe,") {
		t.Fatalf("%d %q: %v", resp.StatusCode, first, err)
	}
	return r
}
