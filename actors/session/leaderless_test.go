package session

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/troupedb/troupe/slotmap"
)

// counts tells how many waits there were, and how many there are, with how many bytes.
func (l *leaderless) counts() (began int64, waiting, bytes int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.began, len(l.waiting), l.bytes
}

// forEver makes waits outlast any test.
func (l *leaderless) forEver() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.patience = time.Hour
}

// TestWaitsForALeader: a node without a replica of the shard keeps a request until word of a leader comes.
func TestWaitsForALeader(t *testing.T) {
	b := newBed(t, 2)
	b.srv.leaderless.forEver()
	c := b.dial()
	k, other := b.keyIn(2, "k"), b.keyIn(1, "k")
	b.moveAway(2)
	b.change(func(r *Routes) { r.Down[otherID] = true })
	c.send("SET "+other+" 1", "SET "+k+" 1", "GET "+other)
	if got := c.reply(); got != "OK" {
		t.Error(got)
	}
	eventually(t, "the session waits", func() bool { _, waiting, _ := b.srv.leaderless.counts(); return waiting == 1 })
	b.change(func(r *Routes) {})
	if got, want := c.reply(), fmt.Sprintf("-MOVED %d %s", slotmap.Slot([]byte(k)), otherAddr); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := c.reply(); got != "1" {
		t.Error(got)
	}
	if _, waiting, bytes := b.srv.leaderless.counts(); waiting != 0 || bytes != 0 {
		t.Errorf("%d wait, with %d bytes", waiting, bytes)
	}
}

// TestWaitForALeaderEnds: what finds no leader is refused, and what was received behind it does not wait once more.
func TestWaitForALeaderEnds(t *testing.T) {
	b := newBed(t, 2)
	c := b.dial()
	k := b.keyIn(2, "k")
	b.moveAway(2)
	b.change(func(r *Routes) { r.Down[otherID] = true })
	c.Write([]byte(strings.Repeat("SET "+k+" 1\r\n", 3)))
	for range 3 {
		if got := c.reply(); got != "-"+lineDown {
			t.Error(got)
		}
	}
	if began, _, _ := b.srv.leaderless.counts(); began != 1 {
		t.Errorf("%d waits for commands that came together", began)
	}
}

// TestWaitsForALeaderAreBounded: beyond the bounds there is an answer at once, and a client that goes takes no room for longer.
func TestWaitsForALeaderAreBounded(t *testing.T) {
	b := newBed(t, 1)
	l := &b.srv.leaderless
	l.mu.Lock()
	l.bytes = maxLeaderlessMem
	l.mu.Unlock()
	c, k := b.dial(), b.keyIn(1, "k")
	b.moveAway(1)
	b.change(func(r *Routes) { r.Down[otherID] = true })
	c.want("SET "+k+" 1", "-"+lineDown)
	if began, _, _ := l.counts(); began != 0 {
		t.Errorf("%d waits without room", began)
	}
	l.mu.Lock()
	l.bytes = 0
	l.mu.Unlock()
	c.send("SET " + k + " 1")
	eventually(t, "it waits", func() bool { began, _, _ := l.counts(); return began == 1 })
	c.Close()
	eventually(t, "nobody waits", func() bool { _, waiting, bytes := l.counts(); return waiting == 0 && bytes == 0 })
}
