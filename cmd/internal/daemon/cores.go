package daemon

import (
	"context"
	"log/slog"
	"math"
	"os"
	"runtime"
	"time"
)

// The runtime takes a processor (GOMAXPROCS) for each core. Where others want the cores as well, it pays for those that it
// does not get: for whatever becomes ready it wakes a thread for an idle processor, which looks for work, finds that it is
// done, and sleeps again, all of it in the queue for a core that the work itself waits for. Three nodes and their client on
// two cores, with one processor for each node: CPU per operation of SET 0.83, of GET 0.86 of what it was, and no rate lost.
const (
	coresEvery   = 500 * time.Millisecond
	crowdedFrom  = 1.0  // the cores are, where threads wait for one as long as they run, or longer,
	calmBelow    = 0.5  // and are not where they wait half as long
	crowdedTimes = 2    // looks in a row before processors are given up
	calmTimes    = 20   // before all are taken again, or fewer once more are needed: 10 s
	spareCores   = 1.5  // processors that a node keeps for each that it uses
	busyFrom     = 0.9  // of its processors used, it needs another
	leastUse     = 0.05 // of one core: below that a look says nothing
	mostThreads  = 256  // of a process that is looked at
)

// cores says how many processors a process takes. It knows no clock.
type cores struct {
	all, now      int
	crowded, calm int // looks in a row
	kept          int // looks for which none is given up
}

// look takes for how long the threads of the process ran, and waited for a core, in some time, and returns how many
// processors it takes from now on.
func (c *cores) look(ran, waited, elapsed time.Duration) int {
	used := ran.Seconds() / elapsed.Seconds()
	if used < leastUse {
		return c.now
	}
	c.kept = max(c.kept-1, 0)
	switch wait := waited.Seconds() / ran.Seconds(); {
	case wait >= crowdedFrom:
		c.crowded, c.calm = c.crowded+1, 0
	case wait < calmBelow:
		c.crowded, c.calm = 0, c.calm+1
	default:
		c.crowded, c.calm = 0, 0
	}
	switch need := max(1, int(math.Ceil(used*spareCores))); {
	case c.calm >= calmTimes:
		c.now = c.all
	case c.now < c.all && used >= busyFrom*float64(c.now):
		c.now, c.kept = c.now+1, calmTimes
	case c.crowded >= crowdedTimes && c.kept == 0:
		c.now = min(c.now, need)
	}
	return c.now
}

// fitProcessors has the process take as many processors as it gets cores for, until ctx ends. Who has set GOMAXPROCS has
// decided otherwise.
func fitProcessors(ctx context.Context, log *slog.Logger) {
	if os.Getenv("GOMAXPROCS") == "" && runtime.GOMAXPROCS(0) > 1 {
		go tendProcessors(ctx, log)
	}
}

func tendProcessors(ctx context.Context, log *slog.Logger) {
	last, ok := threadTimes()
	if !ok {
		return // the system does not tell
	}
	all := runtime.GOMAXPROCS(0)
	c, before, t := cores{all: all, now: all}, time.Now(), time.NewTicker(coresEvery)
	defer t.Stop()
	for {
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
		at := time.Now()
		next, ok := threadTimes()
		if !ok {
			continue
		}
		c.tend(next.ran-last.ran, next.waited-last.waited, at.Sub(before), log)
		before, last = at, next
	}
}

// tend looks, and sets GOMAXPROCS if that has changed. While all processors are taken they are as many as the runtime
// says, which follows the limits of the process's group.
func (c *cores) tend(ran, waited, elapsed time.Duration, log *slog.Logger) {
	if ran <= 0 || waited < 0 { // a thread has ended, with its times
		return
	}
	was := c.now
	if was == c.all {
		c.all = runtime.GOMAXPROCS(0)
		c.now, was = c.all, c.all
	}
	switch now := c.look(ran, waited, elapsed); now {
	case was:
		return
	case c.all:
		runtime.SetDefaultGOMAXPROCS()
	default:
		runtime.GOMAXPROCS(now)
	}
	log.Info("takes other processors", "processors", c.now, "of", c.all,
		"used", math.Round(100*ran.Seconds()/elapsed.Seconds())/100, "waited", math.Round(100*waited.Seconds()/ran.Seconds())/100)
}

// times are for how long the threads of the process ran, and waited for a core, since they began.
type times struct{ ran, waited time.Duration }
