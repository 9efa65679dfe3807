package bench

import (
	"math"
	"runtime/metrics"
	"testing"
	"time"
)

// Waits are those between two readings.
func TestOwnWaits(t *testing.T) {
	buckets := []float64{math.Inf(-1), 0, 0.001, 0.002, math.Inf(1)}
	at := func(counts ...uint64) ownWaits {
		return ownWaits{metrics.Float64Histogram{Counts: counts, Buckets: buckets}}
	}
	before := at(0, 500, 0, 7)
	for _, tt := range []struct {
		after ownWaits
		want  Latency
	}{
		{before, Latency{}},
		{at(0, 599, 1, 7), Latency{time.Millisecond, time.Millisecond}},
		{at(0, 598, 2, 7), Latency{time.Millisecond, 2 * time.Millisecond}},
		{at(0, 500, 9, 17), Latency{longest, longest}},
	} {
		if got := tt.after.since(before); got != tt.want {
			t.Errorf("%v: %v, not %v", tt.after.Counts, got, tt.want)
		}
	}
	if sum := readOwnWaits(); len(sum.Counts) == 0 || len(sum.Buckets) != len(sum.Counts)+1 {
		t.Errorf("the runtime tells %d counts in %d buckets", len(sum.Counts), len(sum.Buckets))
	}
}
