package link

import (
	"math/rand/v2"
	"time"
)

// backoff spaces dials. Each failure doubles the wait; half of it is random, so that the nodes which lost the
// same peer don't return in step.
type backoff struct {
	min, max time.Duration
	wait     time.Duration // after the next failure; 0 is min
	until    time.Time
}

func (b *backoff) ready(now time.Time) bool { return !now.Before(b.until) }

func (b *backoff) fail(now time.Time) {
	wait := max(b.wait, b.min)
	b.until = now.Add(wait/2 + rand.N(wait/2+1))
	b.wait = min(2*wait, b.max)
}

// lost is for a connection that stood for so long. One that breaks at once does not count as a success, or two
// nodes that accept and close would dial without pause.
func (b *backoff) lost(now time.Time, stood time.Duration) {
	if stood >= b.max {
		b.reset()
	}
	b.fail(now)
}

func (b *backoff) reset() { b.wait, b.until = 0, time.Time{} }
