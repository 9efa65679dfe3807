package timing

import (
	"testing"
	"time"
)

func TestHistogram(t *testing.T) {
	var h Histogram
	for _, d := range []time.Duration{0, -time.Second, Bounds[0], Bounds[0] + 1, time.Millisecond, time.Hour} {
		h.Observe(d)
	}
	c := h.Counts()
	if c.Count != 6 || c.Sum != 2*Bounds[0]+1+time.Millisecond+time.Hour {
		t.Errorf("%d of %v", c.Count, c.Sum)
	}
	want := map[int]uint64{0: 3, 1: 4, 3: 5, len(Bounds) - 1: 5}
	for i, n := range want {
		if c.Below[i] != n {
			t.Errorf("%d are no longer than %v, want %d", c.Below[i], Bounds[i], n)
		}
	}
	for i := 1; i < len(Bounds); i++ {
		if Bounds[i] <= Bounds[i-1] || c.Below[i] < c.Below[i-1] {
			t.Errorf("bucket %d is not above the one before", i)
		}
	}
}

func TestObserveAllocatesNothing(t *testing.T) {
	var h Histogram
	if n := testing.AllocsPerRun(100, func() { h.Observe(time.Millisecond) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
