package daemon

import (
	"log/slog"
	"runtime"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// looks are alike: how much of a core is used in each, and how long is waited for each second of it.
type looks struct {
	times      int
	used, wait float64
	want       int // processors after the last of them
}

func (l looks) at(c *cores) int {
	ran := time.Duration(l.used * float64(time.Second))
	for range l.times {
		c.look(ran, time.Duration(l.wait*float64(ran)), time.Second)
	}
	return c.now
}

func TestProcessors(t *testing.T) {
	for name, c := range map[string]struct {
		all   int
		looks []looks
	}{
		"its cores are its own": {4, []looks{{100, 0.3, 0.2, 4}, {100, 3.9, 0.2, 4}}},
		"crowded for a moment":  {4, []looks{{1, 0.4, 3, 4}, {1, 0.4, 0.9, 4}, {1, 0.4, 3, 4}, {1, 0.4, 0.1, 4}, {1, 0.4, 3, 4}}},
		"crowded":               {4, []looks{{2, 0.4, 1, 1}, {100, 0.4, 1, 1}}},
		"what it uses it keeps": {16, []looks{{2, 5, 3, 8}, {2, 3.2, 3, 5}, {2, 5, 3, 6}}},
		"all of two":            {2, []looks{{100, 0.7, 3, 2}}},
		"neither":               {4, []looks{{2, 0.4, 2, 1}, {100, 0.4, 0.7, 1}}},
		"calm again":            {4, []looks{{2, 0.4, 2, 1}, {19, 0.4, 0.4, 1}, {1, 0.4, 0.6, 1}, {19, 0.4, 0.4, 1}, {1, 0.4, 0.4, 4}}},
		"idle says nothing":     {4, []looks{{100, 0.04, 9, 4}, {2, 0.4, 2, 1}, {100, 0.04, 0, 1}}},
		"busy":                  {4, []looks{{2, 0.4, 2, 1}, {1, 0.95, 2, 2}, {1, 1.9, 2, 3}, {18, 0.4, 2, 3}, {2, 0.4, 2, 1}}},
		"busy with all":         {2, []looks{{2, 0.4, 2, 1}, {1, 1, 2, 2}, {50, 1.9, 2, 2}}},
	} {
		g := cores{all: c.all, now: c.all}
		for i, l := range c.looks {
			if got := l.at(&g); got != l.want {
				t.Errorf("%s: after %+v, number %d: %d processors", name, l, i, got)
				break
			}
		}
	}
}

// However it goes, there is a processor, and none is given up that is in use.
func TestProcessorsAreWithinBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.IntRange(1, 64).Draw(t, "all")
		c := cores{all: all, now: all}
		for range rapid.IntRange(1, 100).Draw(t, "looks") {
			was := c.now
			used := rapid.Float64Range(0, 1.2*float64(all)).Draw(t, "used")
			l := looks{1, used, rapid.Float64Range(0, 4).Draw(t, "wait"), 0}
			now := l.at(&c)
			if now < 1 || now > all || now < was && float64(now) < used {
				t.Fatalf("%d processors of %d after %d, with %.2f in use", now, all, was, used)
			}
		}
	})
}

// GOMAXPROCS follows, down and up.
func TestProcessorsAreSet(t *testing.T) {
	defer runtime.SetDefaultGOMAXPROCS()
	const all = 4
	runtime.GOMAXPROCS(all)
	c, log := cores{all: all, now: all}, slog.New(slog.DiscardHandler)
	tend := func(wait time.Duration, looks int) int {
		for range looks {
			c.tend(400*time.Millisecond, wait, time.Second, log)
		}
		return runtime.GOMAXPROCS(0)
	}
	if n := tend(time.Second, crowdedTimes-1); n != all {
		t.Errorf("%d processors before the cores were crowded for long", n)
	}
	if n := tend(time.Second, 1); n != 1 {
		t.Errorf("%d processors while others take the cores", n)
	}
	c.tend(-time.Second, time.Second, time.Second, log) // a thread has ended
	if n := tend(0, calmTimes); n == 1 && runtime.NumCPU() > 1 {
		t.Errorf("%d processors when they have gone", n)
	}
}
