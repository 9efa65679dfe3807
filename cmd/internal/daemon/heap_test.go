package daemon

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

const mb = 1 << 20

func TestGCPercent(t *testing.T) {
	for live, want := range map[uint64][2]int{
		0: {400, 400}, 4 * mb: {400, 400}, 16 * mb: {400, 100}, 17 * mb: {376, 94}, 48 * mb: {133, 33}, 64 * mb: {100, 25},
		65 * mb: {100, 24}, 160 * mb: {100, 10}, 1 << 40: {100, 10},
	} {
		if got := [2]int{gcPercent(live, false), gcPercent(live, true)}; got != want {
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
		{400, 460, true}, {400, 340, true}, {100, 113, true}, {100, 112, false}, {105, 100, true}, {100, 10, true},
	} {
		if got := worthSetting(c.was, c.now); got != c.want {
			t.Errorf("from %d to %d: %v", c.was, c.now, got)
		}
	}
}

// The more a collection has to mark, the less may make one due. Nothing is at rest that works.
func TestAtRest(t *testing.T) {
	for name, c := range map[string]struct {
		live, allocated uint64
		worked          time.Duration
		want            bool
	}{
		"nothing known":                 {0, 1 << 40, 0, true},
		"no data, ticks":                {15 * mb, 5 * mb, 0, true},
		"no data, many shards":          {30 * mb, 80 * mb, 0, true},
		"no data, work":                 {30 * mb, 90 * mb, 0, false},
		"data, ticks":                   {155 * mb, 5 * mb, 0, true},
		"data, three nodes' ticks":      {155 * mb, 15 * mb, 0, true},
		"data, a little work":           {155 * mb, 20 * mb, 0, false},
		"much data, ticks":              {10 << 30, 15 * mb, 0, true},
		"much data, a little work":      {10 << 30, 17 * mb, 0, false},
		"no data, ticks of many shards": {30 * mb, 80 * mb, restTime / 20, true},
		"requests with little garbage":  {30 * mb, 20 * mb, restTime / 4, false},
	} {
		was := heap{allocated: 7 * mb, worked: time.Hour}
		now := heap{live: c.live, allocated: was.allocated + c.allocated, worked: was.worked + c.worked}
		if got := now.atRest(was); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// The time that collections take is no work: a large node would not come to rest, for it collects then.
func TestCollectionsAreNoWork(t *testing.T) {
	leaveGOGC(t)
	type node struct{ next *node }
	var list *node
	for range 1_000_000 {
		list = &node{list}
	}
	before, was := readHeap(), processorTime()
	for range 10 {
		runtime.GC()
	}
	if worked, took := readHeap().worked-before.worked, processorTime()-was; worked > took/2 {
		t.Errorf("of %v of collections %v is work", took, worked)
	}
	runtime.KeepAlive(list)
}

func TestSpare(t *testing.T) {
	for _, c := range []struct{ live, held, want uint64 }{
		{0, 0, 0}, {10 * mb, 18 * mb, 0}, {10 * mb, 19 * mb, 9 * mb}, {800 * mb, 840 * mb, 0}, {800 * mb, 841 * mb, 41 * mb},
		{100 * mb, 90 * mb, 0},
	} {
		if got := (heap{live: c.live, held: c.held}).spare(); got != c.want {
			t.Errorf("%d live of %d: %d, want %d", c.live, c.held, got, c.want)
		}
	}
}

// leaveGOGC sets it back to what it is, and has the test alone decide about collections, of a heap with nothing to spare.
func leaveGOGC(t *testing.T) {
	debug.FreeOSMemory()
	was := debug.SetGCPercent(-1)
	t.Cleanup(func() { debug.SetGCPercent(was) })
}

// Who comes to rest gives back once, and collects sooner from then on, until there is work again.
func TestRestAndWork(t *testing.T) {
	leaveGOGC(t)
	c := &collections{percent: 100}
	now := heap{live: 200 * mb, held: 300 * mb}
	for _, step := range []struct {
		allocated, spare uint64
		percent          int
	}{
		{100 * mb, 0, 100}, {mb, 100 * mb, 100}, {mb, 0, 10}, {100 * mb, 0, 100}, {mb, 100 * mb, 100},
	} {
		now.allocated += step.allocated
		if spare := c.look(now); spare != step.spare || c.percent != step.percent {
			t.Errorf("after %d bytes: %d to spare, GOGC %d; want %+v", step.allocated, spare, c.percent, step)
		}
	}
}

// Work that begins does not wait for the next look to have the garbage of work.
func TestWorkBeginsBetweenLooks(t *testing.T) {
	leaveGOGC(t)
	keep := make([]byte, 200*mb) // so that there is much to mark
	runtime.GC()
	c := &collections{percent: 100}
	c.look(readHeap())
	c.look(readHeap())
	if !c.resting {
		t.Fatal("not at rest")
	}
	c.ended()
	if !c.resting {
		t.Error("a collection ends the rest")
	}
	runtime.KeepAlive(make([]byte, 100*mb))
	for name, notice := range map[string]func(){"a collection": c.ended, "a tick": func() { watchOnce(c, 2) }} {
		c.resting, c.percent = true, 10
		notice()
		if c.resting || c.percent != 100 {
			t.Errorf("after %s at work it rests (%v), GOGC %d", name, c.resting, c.percent)
		}
	}
	runtime.KeepAlive(keep)
}

// watchOnce gives one tick of so many.
func watchOnce(c *collections, every int) {
	ticks := make(chan time.Time, 1)
	ticks <- time.Time{}
	close(ticks)
	c.watch(ticks, every)
}

// What a process does not need any more it has given back after the first look that finds it at rest, and not before.
func TestGiveAtRest(t *testing.T) {
	leaveGOGC(t)
	const blocks = 100
	garbage := func() {
		for range blocks {
			runtime.KeepAlive(make([]byte, mb))
		}
	}
	keep := make([]byte, 30*mb)
	runtime.GC()
	c := &collections{percent: 100, seen: readHeap()}
	garbage()
	busy := readHeap().held
	ticks := make(chan time.Time)
	ended := make(chan struct{})
	go func() { c.watch(ticks, 1); close(ended) }()
	ticks <- time.Time{}
	ticks <- time.Time{} // the look before is over
	if now := readHeap().held; now < busy-blocks*mb/2 {
		t.Errorf("%d of %d bytes are left while it is at work", now, busy)
	}
	close(ticks)
	<-ended
	if now := readHeap().held; now > busy-blocks*mb/2 {
		t.Errorf("%d of %d bytes are left at rest", now, busy)
	}
	if want := gcPercent(readHeap().live, true); worthSetting(c.percent, want) {
		t.Errorf("GOGC is %d at rest, want %d", c.percent, want)
	}
	runtime.KeepAlive(keep)
}
