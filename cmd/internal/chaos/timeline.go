package chaos

import (
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/troupedb/troupe/cmd/internal/fate"
)

const (
	// Tick is the length of time that a Point stands for.
	Tick = 200 * time.Millisecond
	// samples is how many latencies a point is drawn from.
	samples = 128
	maxTick = int(24 * time.Hour / Tick)
)

// Point is what came back within a tick.
type Point struct {
	Done, Refused, Unknown int64
	P50, P99               time.Duration // of single requests, whatever came of them
}

// timeline counts by ticks. Safe for concurrent use.
type timeline struct {
	began time.Time

	mu struct {
		sync.Mutex
		ticks []*tick
	}
}

type tick struct {
	Point
	latencies []time.Duration // some of them, each as likely as any other
	seen      int
}

// now is the tick that is on.
// REQUIRES: t.mu is held.
func (t *timeline) now() *tick {
	i := min(int(time.Since(t.began)/Tick), maxTick)
	for len(t.mu.ticks) <= i {
		t.mu.ticks = append(t.mu.ticks, &tick{})
	}
	return t.mu.ticks[i]
}

func (t *timeline) count(f fate.Fate) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch now := t.now(); f {
	case fate.Done:
		now.Done++
	case fate.Refused:
		now.Refused++
	default:
		now.Unknown++
	}
}

func (t *timeline) latency(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if now.seen++; len(now.latencies) < samples {
		now.latencies = append(now.latencies, d)
	} else if i := rand.IntN(now.seen); i < samples {
		now.latencies[i] = d
	}
}

// points is the whole line.
func (t *timeline) points() (out []Point) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, tick := range t.mu.ticks {
		p := tick.Point
		if all := slices.Sorted(slices.Values(tick.latencies)); len(all) > 0 {
			p.P50, p.P99 = rank(all, 0.5), rank(all, 0.99)
		}
		out = append(out, p)
	}
	return out
}
