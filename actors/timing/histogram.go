package timing

import (
	"sync/atomic"
	"time"
)

// Bounds are the upper bounds of the buckets; what is above all of them is counted too.
var Bounds = [...]time.Duration{
	100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond, time.Millisecond, 2500 * time.Microsecond,
	5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond,
	250 * time.Millisecond, 500 * time.Millisecond, time.Second, 5 * time.Second,
}

// Histogram counts durations. Its zero value is empty; it must not be copied.
type Histogram struct {
	nanos   atomic.Uint64
	buckets [len(Bounds) + 1]atomic.Uint64
}

// Observe counts a duration. One that is negative, by a clock that was set, counts as none.
func (h *Histogram) Observe(d time.Duration) {
	d = max(d, 0)
	h.nanos.Add(uint64(d))
	i := 0
	for i < len(Bounds) && d > Bounds[i] {
		i++
	}
	h.buckets[i].Add(1)
}

// Counts is what a Histogram has counted. The numbers are not of one instant.
type Counts struct {
	Sum   time.Duration
	Count uint64              // of all
	Below [len(Bounds)]uint64 // of those no longer than each of Bounds
}

// Counts reads the histogram.
func (h *Histogram) Counts() (c Counts) {
	c.Sum = time.Duration(h.nanos.Load())
	for i := range h.buckets {
		c.Count += h.buckets[i].Load()
		if i < len(Bounds) {
			c.Below[i] = c.Count
		}
	}
	return c
}
