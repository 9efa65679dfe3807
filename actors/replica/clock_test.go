package replica

import (
	"testing"

	"pgregory.net/rapid"
)

func TestStampFollowsTheWallClock(t *testing.T) {
	var s stamper
	if got := s.stamp(1000, 0); got != 1000 {
		t.Fatalf("stamp %d", got)
	}
	if got := s.stamp(1500, 500); got != 1500 {
		t.Fatalf("stamp %d", got)
	}
}

func TestStampAheadOfTheWallClockRunsSlower(t *testing.T) {
	var s stamper
	s.observe(10_000, 0)
	for mono, want := range map[int64]int64{0: 10_000, 100: 10_090, 1000: 10_900} {
		if got := s.estimate(5_000+mono, mono); got != want {
			t.Fatalf("after %d ms: %d, want %d", mono, got, want)
		}
	}
}

func TestStampNeverRunsBackwards(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s stamper
		last, mono := int64(0), int64(0)
		for range rapid.IntRange(1, 50).Draw(t, "n") {
			mono += rapid.Int64Range(0, 1000).Draw(t, "mono")
			wall := rapid.Int64Range(0, 100_000).Draw(t, "wall")
			if rapid.Bool().Draw(t, "observe") {
				s.observe(rapid.Int64Range(0, 100_000).Draw(t, "seen"), mono)
			}
			got := s.stamp(wall, mono)
			if got < last {
				t.Fatalf("%d after %d", got, last)
			}
			last = got
		}
	})
}
