package daemon

import (
	"context"
	"log/slog"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
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

func TestWhoChoosesProcessors(t *testing.T) {
	for _, c := range []struct {
		env               string
		all, cpus, online int
		want              bool
	}{
		{"", 8, 8, 8, false}, {"8", 8, 8, 8, true}, {"", 2, 8, 8, true}, {"", 4, 4, 8, true},
	} {
		if got := chosen(c.env, c.all, c.cpus, c.online); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// atHand sets GOMAXPROCS for a test, and takes it back.
func atHand(t *testing.T, n int) *cores {
	was := runtime.GOMAXPROCS(n)
	t.Cleanup(func() { runtime.GOMAXPROCS(was) })
	return &cores{all: n, own: 1, now: n, others: make(chan int, 1), log: slog.New(slog.DiscardHandler)}
}

// GOMAXPROCS follows the number of nodes: down at once, up when they have been gone for some time.
func TestCoresAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := atHand(t, 8)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go c.share(ctx)
		for i, s := range []struct {
			others int
			after  time.Duration
			want   int
		}{
			{2, 0, 4}, {1, 0, 4}, {1, raiseAfter - 1, 4}, {2, raiseAfter, 4}, // it was back in time
			{5, 0, 2}, {2, 0, 2}, {2, raiseAfter, 4}, {100, 0, 1},
		} {
			c.beside(s.others)
			<-time.After(s.after)
			synctest.Wait()
			if got := runtime.GOMAXPROCS(0); got != s.want {
				t.Errorf("step %d, %d others: %d processors, want %d", i, s.others, got, s.want)
			}
		}
	})
}

// Where a limit has come up meanwhile, it stays.
func TestALimitThatComesLaterIsHeeded(t *testing.T) {
	c := atHand(t, 8)
	runtime.GOMAXPROCS(5)
	if c.take(3) || runtime.GOMAXPROCS(0) != 5 {
		t.Errorf("%d processors of 5", runtime.GOMAXPROCS(0))
	}
}

// Nobody waits for the goroutine that sets GOMAXPROCS, and it hears of the newest number only.
func TestTheNewestNumberOfNodesCounts(t *testing.T) {
	c := atHand(t, 8)
	for others := range 5 {
		c.beside(others)
	}
	if got := <-c.others; got != 4 || len(c.others) > 0 {
		t.Errorf("it hears of %d, and of %d more", got, len(c.others))
	}
	var nobody *cores
	nobody.beside(1)
	nobody.share(t.Context())
}
