package session

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// A histogram counts durations in buckets whose bounds lie at most an eighth apart: enough to tell a percentile.
// Any goroutine.
const (
	bucketBits = 3                                   // of the buckets within a doubling
	bucketUnit = 10                                  // durations are counted in units of 1024 ns
	buckets    = (32 - bucketBits + 1) << bucketBits // up to an hour
)

type histogram struct {
	n       atomic.Uint64
	buckets [buckets]atomic.Uint64
}

func (h *histogram) add(d time.Duration) {
	h.n.Add(1)
	h.buckets[bucketOf(d)].Add(1)
}

func bucketOf(d time.Duration) int {
	v := uint64(max(d, 0)) >> bucketUnit
	shift := max(0, bits.Len64(v)-bucketBits-1)
	return min(shift<<bucketBits+int(v>>shift), buckets-1)
}

// boundOf is the highest duration of a bucket.
func boundOf(bucket int) time.Duration {
	shift := max(0, bucket>>bucketBits-1)
	return time.Duration((uint64(bucket-shift<<bucketBits)+1)<<shift<<bucketUnit) - 1
}

func (h *histogram) reset() {
	h.n.Store(0)
	for i := range h.buckets {
		h.buckets[i].Store(0)
	}
}

// percentile is a duration that so many percent are no longer than.
func (h *histogram) percentile(percent float64) time.Duration {
	rank, sum, last := uint64(percent/100*float64(h.n.Load())+0.5), uint64(0), 0
	for i := range h.buckets {
		n := h.buckets[i].Load()
		if n > 0 {
			last = i
		}
		if sum += n; n > 0 && sum >= rank {
			break
		}
	}
	return boundOf(last)
}

// doubling is how many durations are no longer than a power of two.
type doubling struct {
	usec  uint64 // what Redis shows for it: 1, 2, 4, 8, 16, 33, 66 …
	count uint64
}

// doublings counts up from the first power of two with a duration below it to the one with all of them.
func (h *histogram) doublings() (out []doubling) {
	total, sum, next := h.n.Load(), uint64(0), uint64(1)
	for i := range h.buckets {
		for uint64(boundOf(i)) >= next<<bucketUnit {
			if sum > 0 {
				out = append(out, doubling{shownUsec(next), sum})
			}
			if next <<= 1; sum >= total {
				return out
			}
		}
		sum += h.buckets[i].Load()
	}
	return append(out, doubling{shownUsec(next), sum})
}

// shownUsec is the end of the bucket of a histogram with two significant digits that n units are in.
func shownUsec(n uint64) uint64 {
	ns := n << bucketUnit
	return (ns + ns>>7 - 1) / 1000
}
