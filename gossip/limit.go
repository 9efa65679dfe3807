package gossip

import (
	"sync"
	"time"
)

// maxLimited bounds the keys a limiter remembers; beyond it, it forgets all,
// which costs a repeated line and no memory.
const maxLimited = 1024

// limiter lets an event about one key through once an interval.
type limiter struct {
	every time.Duration
	mu    struct {
		sync.Mutex
		last map[string]time.Time
	}
}

func newLimiter(every time.Duration) *limiter { return &limiter{every: every} }

func (l *limiter) allow(key string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t, ok := l.mu.last[key]; ok && now.Sub(t) < l.every {
		return false
	}
	if l.mu.last == nil || len(l.mu.last) >= maxLimited {
		l.mu.last = make(map[string]time.Time)
	}
	l.mu.last[key] = now
	return true
}
