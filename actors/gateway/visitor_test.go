package gateway

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// client asks on one connection.
type client struct {
	b   *bed
	ctx context.Context
}

func (b *bed) connect() client { return client{b, Visit(b.t.Context(), nil)} }

// set asks for a SET, and returns the status of the answer and how long it took.
func (c client) set(value io.Reader) (status int, took time.Duration) {
	r := httptest.NewRequestWithContext(c.ctx, "POST", "/set/k", value)
	r.Host, r.RemoteAddr = "127.0.0.1:8379", "127.0.0.1:5000"
	begin, w := time.Now(), httptest.NewRecorder()
	c.b.h.ServeHTTP(w, r)
	if w.Code != http.StatusOK && (w.Header().Get("Retry-After") != "1" || !strings.Contains(w.Body.String(), `"applied":"no"`)) {
		c.b.t.Errorf("%v %s", w.Header(), w.Body)
	}
	return w.Code, time.Since(begin)
}

// wantRefused asks with a body that nobody may read.
func (c client) wantRefused(after time.Duration) {
	c.b.t.Helper()
	if status, took := c.set(untouched{c.b.t}); status != http.StatusTooManyRequests || took != after {
		c.b.t.Errorf("%d after %v, not refused after %v", status, took, after)
	}
}

func (c client) wantDone() {
	c.b.t.Helper()
	if status, took := c.set(strings.NewReader("v")); status != http.StatusOK || took != 0 {
		c.b.t.Errorf("%d after %v", status, took)
	}
}

// untouched is a body that nobody may read.
type untouched struct{ t *testing.T }

func (u untouched) Read([]byte) (int, error) {
	u.t.Error("what is refused is read")
	return 0, io.EOF
}

// fill takes all turns, and has the gate just refused somebody.
func (g *gate) fill() {
	for range cap(g.turns) {
		g.turns <- struct{}{}
	}
	g.refuse()
}

func (g *gate) empty() {
	for range cap(g.turns) {
		<-g.turns
	}
}

// Who was refused and comes too early has no turn though others do; who waits as told has.
func TestEarlyVisitors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, ok)
		hasty, other := b.connect(), b.connect()
		b.h.gate.fill()
		hasty.wantRefused(0)
		b.h.gate.empty()
		other.wantDone()
		hasty.wantRefused(0)
		hasty.wantRefused(earlyPace)
		<-time.After(comeAgain)
		b.h.gate.refuse()
		hasty.wantDone()
		hasty.wantDone() // he is let in, and owes nothing any more
		if asked := b.takeAsked(); asked != "set k v\nset k v\nset k v" {
			t.Errorf("asked %q", asked)
		}
	})
}

// Where nobody has been refused for a moment, and there are turns, nobody comes too early.
func TestEarlyAtEase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, ok)
		hasty := b.connect()
		b.h.gate.fill()
		hasty.wantRefused(0)
		b.h.gate.empty()
		<-time.After(leastWait * waitShare)
		hasty.wantDone()
		b.h.gate.fill()
		hasty.wantRefused(0)
		<-time.After(leastWait * waitShare)
		hasty.wantRefused(0) // there are no turns
	})
}

// However many come too early, they are answered one after the other, and none after more than he was told to wait.
func TestEarlyAreSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, ok)
		b.h.gate.fill()
		const visitors = int(comeAgain/earlyPace) + 100
		all := make(chan time.Duration, visitors)
		for range visitors {
			hasty := b.connect()
			hasty.wantRefused(0)
			go func() {
				status, took := hasty.set(untouched{t})
				if status != http.StatusTooManyRequests {
					t.Errorf("%d", status)
				}
				all <- took
			}()
		}
		var took []time.Duration
		for range visitors {
			took = append(took, <-all)
		}
		slices.Sort(took)
		for i, d := range took {
			if want := min(time.Duration(i)*earlyPace, comeAgain); d != want {
				t.Errorf("number %d is answered after %v, not %v", i, d, want)
			}
		}
		b.h.gate.refuse()
		leaver, cancel := context.WithCancel(Visit(t.Context(), nil))
		gone := client{b, leaver}
		gone.wantRefused(0)
		for range visitors {
			b.h.gate.early.next(b.h.gate.now())
		}
		time.AfterFunc(time.Millisecond, cancel)
		gone.wantRefused(time.Millisecond)
	})
}
