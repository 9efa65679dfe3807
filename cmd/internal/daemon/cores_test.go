package daemon

import (
	"log/slog"
	"runtime"
	"testing"
)

func TestPartOfTheCores(t *testing.T) {
	for _, c := range []struct{ cores, own, nodes, want int }{
		{1, 1, 1, 1}, {1, 1, 9, 1}, {2, 1, 1, 2}, {2, 1, 2, 2}, {2, 1, 3, 1}, {2, 1, 9, 1}, {4, 1, 3, 2}, {4, 1, 6, 1},
		{8, 1, 2, 6}, {8, 1, 3, 4}, {16, 1, 3, 8}, {16, 1, 5, 5}, {2, 3, 3, 2}, {8, 3, 5, 8}, {16, 2, 5, 10}, {64, 1, 3, 32},
	} {
		if got := partOf(c.cores, c.own, c.nodes); got != c.want {
			t.Errorf("%d of %d nodes on %d cores: %d processors, want %d", c.own, c.nodes, c.cores, got, c.want)
		}
	}
}

// GOMAXPROCS follows the number of nodes, both ways.
func TestCoresAreShared(t *testing.T) {
	all := runtime.NumCPU()
	if all != runtime.GOMAXPROCS(0) {
		t.Skip("GOMAXPROCS or a limit says how many")
	}
	c := &cores{all: all, own: 1, now: all, log: slog.New(slog.DiscardHandler)}
	for _, s := range []struct{ others, want int }{{0, all}, {2 * all, 1}, {2 * all, 1}, {0, all}} {
		c.shared(s.others)
		if got := runtime.GOMAXPROCS(0); got != s.want {
			t.Errorf("%d others: %d processors of %d", s.others, got, all)
		}
	}
	(*cores)(nil).shared(100)
	if got := runtime.GOMAXPROCS(0); got != all {
		t.Errorf("%d processors, which are another's to choose", got)
	}
}

func TestGOMAXPROCSIsHeeded(t *testing.T) {
	t.Setenv("GOMAXPROCS", "7")
	if newCores(1, nil) != nil {
		t.Error("GOMAXPROCS is set")
	}
}
