package gateway

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestSlowBodies: a body takes room as it arrives, whatever it is said to have.
func TestSlowBodies(t *testing.T) {
	b := newBed(t, ok)
	const uploads = 64 // of which not ten would fit at their largest
	var bodies []*io.PipeWriter
	done := make(chan int, uploads)
	for range uploads {
		in, out := io.Pipe()
		bodies = append(bodies, out)
		r := httptest.NewRequest("POST", "/set/k", in)
		r.Host, r.RemoteAddr, r.ContentLength = "127.0.0.1:1", "127.0.0.1:2", -1
		go func() {
			w := httptest.NewRecorder()
			b.h.ServeHTTP(w, r)
			done <- w.Code
		}()
		io.WriteString(out, "some") // returns once it was read
	}
	if _, bytes := b.h.memory.InUse(); bytes != uploads*copiesOfBody*firstRead {
		t.Errorf("%d uploads of a few bytes hold %d", uploads, bytes)
	}
	for _, body := range bodies {
		body.Close()
		if code := <-done; code != http.StatusOK {
			t.Errorf("%d", code)
		}
	}
	if _, bytes := b.h.memory.InUse(); bytes != 0 {
		t.Errorf("%d bytes are still held", bytes)
	}
}

// TestBodyBeyondRoom: a body that comes to be too much for what is left is refused, and what it had is given back.
func TestBodyBeyondRoom(t *testing.T) {
	b := newBed(t, ok)
	b.h.memory.TryAcquire(0, maxMemory-1<<20)
	w := b.do("POST", "/set/k", strings.Repeat("x", 1<<20))
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	b.want(b.do("POST", "/set/k", "x"), 200, `{"result":"OK"}`)
	if _, bytes := b.h.memory.InUse(); bytes != maxMemory-1<<20 {
		t.Errorf("%d bytes are held", bytes)
	}
}

// TestAskingAgainTakesNoMore: a request that is asked again holds no more than one that is not.
func TestAskingAgainTakesNoMore(t *testing.T) {
	b := newBed(t, script("-MOVED 1 127.0.0.1:1\r\n", "-MOVED 1 127.0.0.1:1\r\n", "-MOVED 1 127.0.0.1:1\r\n", "+OK\r\n"))
	b.want(b.do("POST", "/set/k/v", ""), 200, `{"result":"OK"}`)
	b.want(b.do("POST", "/set/k/v", ""), 200, `{"result":"OK"}`)
	if _, bytes := b.h.memory.HighWater(); bytes != sureAnswer {
		t.Errorf("at most %d bytes were held", bytes)
	}
}

// TestRepliesBeyondRoom: replies, the values in them and the answer count. A read without room may be asked again; a
// write may have been applied, unless its answer is a small one, for which there was room from the first.
func TestRepliesBeyondRoom(t *testing.T) {
	large := "$1000000\r\n" + strings.Repeat("x", 1000000) + "\r\n"
	many := "*20000\r\n" + strings.Repeat(":1\r\n", 20000) // 80 kB of bytes, 2 MB of values
	grows := "$180000\r\n" + strings.Repeat("\x01", 180000) + "\r\n"
	for _, reply := range []string{large, many, grows} {
		b := newBed(t, func(args []string) string {
			if args[0] == "SET" {
				return "+OK\r\n"
			}
			return reply
		})
		if w := b.do("POST", "/", `["GETSET","k","v"]`); w.Code != 200 {
			t.Errorf("with room: %d %.80s", w.Code, w.Body)
		}
		b.takeAsked()
		b.h.memory.TryAcquire(0, maxMemory-1<<20)
		w := b.do("POST", "/", `["GET","k"]`)
		if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), `"applied":"no"`) {
			t.Errorf("a read: %d %v %.80s", w.Code, w.Header(), w.Body)
		}
		b.want(b.do("POST", "/", `["GETSET","k","v"]`), 503, `{"error":"`+lineNoRoomW+`","applied":"unknown"}`)
		if asked := b.takeAsked(); asked != "GET k\nGETSET k v" {
			t.Errorf("asked %q", asked)
		}
		b.want(b.do("POST", "/", `["SET","k","v"]`), 200, `{"result":"OK"}`)
		if _, bytes := b.h.memory.InUse(); bytes != maxMemory-1<<20 {
			t.Errorf("%d bytes are held", bytes)
		}
	}
}
