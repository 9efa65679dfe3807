package session

import (
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Bounds of what the slow log keeps of a command.
const (
	slowArgs    = 32
	slowArgSize = 128 // bytes
)

// slowlog holds the newest of the commands that took long. Any goroutine.
type slowlog struct {
	mu      sync.Mutex
	next    int64
	entries []slowEntry // the newest last
}

type slowEntry struct {
	id         int64
	at         int64 // s
	took       time.Duration
	args       []string
	addr, name string
}

// add keeps a command, and of the older ones so many that there are no more than most.
func (l *slowlog) add(c *client, args [][]byte, took time.Duration, most int) {
	e := slowEntry{at: time.Now().Unix(), took: took, args: shortened(args), addr: c.addr, name: text(c.name.Load())}
	l.mu.Lock()
	defer l.mu.Unlock()
	e.id = l.next
	l.next++
	l.entries = append(l.entries, e)
	if over := len(l.entries) - most; over > 0 {
		l.entries = append(l.entries[:0:0], l.entries[over:]...)
	}
}

// shortened copies arguments as far as the slow log shows them.
func shortened(args [][]byte) []string {
	n := len(args)
	if n > slowArgs {
		n = slowArgs - 1
	}
	out := make([]string, 0, slowArgs)
	for _, a := range args[:n] {
		if more := len(a) - slowArgSize; more > 0 {
			out = append(out, fmt.Sprintf("%s... (%d more bytes)", a[:slowArgSize], more))
		} else {
			out = append(out, string(a))
		}
	}
	if more := len(args) - n; more > 0 {
		out = append(out, fmt.Sprintf("... (%d more arguments)", more))
	}
	return out
}

// newest gives at most n entries, the newest first; with n < 0 all.
func (l *slowlog) newest(n int64) []slowEntry {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n < 0 || n > int64(len(l.entries)) {
		n = int64(len(l.entries))
	}
	out := slices.Clone(l.entries[int64(len(l.entries))-n:])
	slices.Reverse(out)
	return out
}

func (l *slowlog) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.entries)
}

func (l *slowlog) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = nil
}

func slowlogLen(s *session, _ [][]byte) { s.seg.local.Int(int64(s.srv.slow.len())) }

func slowlogReset(s *session, _ [][]byte) {
	s.srv.slow.clear()
	s.seg.local.OK()
}

func slowlogGet(s *session, args [][]byte) {
	w, n := &s.seg.local, int64(10)
	if len(args) > 2 {
		var err error
		if n, err = strconv.ParseInt(string(args[2]), 10, 64); err != nil || n < -1 {
			w.Error("ERR count should be greater than or equal to -1")
			return
		}
	}
	entries := s.srv.slow.newest(n)
	w.Array(len(entries))
	for _, e := range entries {
		w.Array(6)
		w.Int(e.id)
		w.Int(e.at)
		w.Int(e.took.Microseconds())
		w.Array(len(e.args))
		for _, a := range e.args {
			w.BulkString(a)
		}
		w.BulkString(e.addr)
		w.BulkString(e.name)
	}
}
