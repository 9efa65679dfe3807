package daemon

import "testing"

func TestGCPercent(t *testing.T) {
	for live, want := range map[uint64]int{
		0: 400, 4 << 20: 400, 16 << 20: 400, 17 << 20: 376, 48 << 20: 133, 64 << 20: 100, 65 << 20: 100, 1 << 40: 100,
	} {
		if got := gcPercent(live); got != want {
			t.Errorf("%d bytes live: GOGC %d, want %d", live, got, want)
		}
	}
}

func TestSmallChangesAreNotWorthAStop(t *testing.T) {
	for _, c := range []struct {
		was, now int
		want     bool
	}{
		{100, 100, false}, {400, 400, false}, {400, 440, false}, {400, 360, false},
		{400, 460, true}, {400, 340, true}, {100, 113, true}, {100, 112, false}, {105, 100, true},
	} {
		if got := worthSetting(c.was, c.now); got != c.want {
			t.Errorf("from %d to %d: %v", c.was, c.now, got)
		}
	}
}
