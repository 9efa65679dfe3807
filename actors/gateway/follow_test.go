package gateway

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
)

// followOn opens a stream over a real connection.
func followOn(t *testing.T, b *bed, path string) (next func() string, leave func()) {
	t.Helper()
	srv := httptest.NewServer(b.h)
	t.Cleanup(srv.Close)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, "POST", srv.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { got.Body.Close() })
	if got.StatusCode != 200 || got.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%d %v", got.StatusCode, got.Header)
	}
	lines := bufio.NewReader(got.Body)
	return func() string {
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				return "end"
			}
			if line = strings.TrimSpace(line); line != "" {
				return line
			}
		}
	}, cancel
}

func array(items ...string) string {
	text := "*" + string(rune('0'+len(items))) + "\r\n"
	for _, item := range items {
		text += "+" + item + "\r\n"
	}
	return text
}

// idle reports whether streams and what they held were given back.
func (b *bed) idle() bool {
	open, _ := b.h.streams.InUse()
	_, bytes := b.h.memory.InUse()
	return open == 0 && bytes == 0
}

// waitIdle waits for the end of a stream, which the test itself does not see.
func (b *bed) waitIdle() {
	b.h.streams.TryAcquire(0, 0)
	for !b.idle() {
		runtime.Gosched()
	}
}

// TestFollow: what a session says after the confirmation becomes events, until the session ends.
func TestFollow(t *testing.T) {
	for path, asked := range map[string]string{
		"/subscribe/chat": "subscribe chat", "/psubscribe/c*/d%2F*": "psubscribe c* d/*", "/monitor": "monitor",
	} {
		long := strings.Repeat("x", 3*readSize)
		b := newBed(t, script(array("subscribe", "chat")+array("message", "chat", "a,b")+array("message", "chat", long)+":7\r\n"))
		next, leave := followOn(t, b, path)
		for _, want := range []string{"data: subscribe,chat", "data: message,chat,a,b", "data: message,chat," + long, "data: 7"} {
			if got := next(); got != want {
				t.Errorf("%s: %.80q, want %.80q", path, got, want)
			}
		}
		if got := b.takeAsked(); got != asked {
			t.Errorf("asked %q", got)
		}
		leave()
		b.waitIdle()
	}
}

// TestFollowEnds: with the session, and when the node drains.
func TestFollowEnds(t *testing.T) {
	b := newBed(t, script("+OK\r\n!\r\n"))
	next, _ := followOn(t, b, "/monitor")
	if a, b := next(), next(); a != `data: "OK"` || b != "end" {
		t.Errorf("%q, %q", a, b)
	}
	b.waitIdle()
	b = newBed(t, script("+OK\r\n"))
	if next, _ = followOn(t, b, "/monitor"); next() != `data: "OK"` {
		t.Error("no stream")
	}
	b.h.Drain()
	if got := next(); got != "end" {
		t.Errorf("after draining: %q", got)
	}
	b.waitIdle()
}

// TestFollowRefuses: who may not follow, what cannot be followed, and one stream too many.
func TestFollowRefuses(t *testing.T) {
	b := newBed(t, script("-ERR wrong number of arguments\r\n"))
	b.want(b.do("GET", "/subscribe", ""), 400, `{"error":"ERR wrong number of arguments"}`)
	b.takeAsked()
	b.password = "pw"
	if w := b.do("GET", "/monitor", ""); w.Code != 401 {
		t.Errorf("without a token: %d", w.Code)
	}
	b.password = ""
	if w := b.do("GET", "/monitor", "", "Origin", "http://evil.example"); w.Code != 403 {
		t.Errorf("from another site: %d", w.Code)
	}
	if w := b.do("GET", "/ssubscribe/c", ""); w.Code != 400 {
		t.Errorf("a shard channel: %d", w.Code)
	}
	b.h.streams.TryAcquire(maxStreams, 0)
	if w := b.do("GET", "/subscribe/c", ""); w.Code != 429 || w.Header().Get("Retry-After") == "" {
		t.Errorf("one too many: %d %v", w.Code, w.Header())
	}
	b.h.streams.Release(maxStreams, 0)
	b.full = true
	if w := b.do("GET", "/subscribe/c", ""); w.Code != 429 {
		t.Errorf("no session: %d", w.Code)
	}
	if asked := b.takeAsked(); asked != "" || !b.idle() {
		t.Errorf("asked %q", asked)
	}
}
