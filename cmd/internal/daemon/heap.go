package daemon

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"syscall"
	"time"
)

const (
	// workSpare is how much garbage may gather, in bytes, where less than that is live. Go lets as much gather as is
	// live, so a node with little data collects every second under load, each time on a quarter of its processors and
	// with the goroutines that allocate helping: at half of the peak rate that was a third of GET's 99th percentile.
	workSpare = 64 << 20
	// maxPercent bounds by how much a heap that has just grown is taken for a smaller one: a collection sets its goal
	// before the percentage follows.
	maxPercent = 400

	// A node at rest keeps less: the runtime holds on to what it has freed, up to more than the heap that it aims at,
	// so a node that was loaded, or has just recovered, would hold twice its data for as long as nothing happens.
	restSpare   = 16 << 20
	restPercent = 10
	// restTime is how long a process has little to do before it is at rest.
	restTime = 10 * time.Second
	// looks is how often it is looked at meanwhile, for work that begins.
	looks = 10
	// restMarks is how many bytes the collections of a restTime may mark with so little garbage between them: a
	// hundredth of a processor's time.
	restMarks = 160 << 20
	// restWork is how much processor time a process takes at rest in a restTime: the ticks of 64 shards take four
	// hundredths. One that serves more is not at rest, however little garbage that makes, for requests wait while it
	// collects.
	restWork = restTime / 10
	// maxGiven is how much is given back at once, in bytes. A node with one processor stands still meanwhile, for 0.1 s
	// for each GiB. Of more the runtime gives back a part by itself, bit by bit.
	maxGiven = 128 << 20
)

// heap is what the collector knows, in bytes, and how much the process works.
type heap struct {
	live      uint64        // after the last collection
	held      uint64        // live, garbage, and free but not given back
	allocated uint64        // ever
	worked    time.Duration // processor time, ever, but for collections
}

func readHeap() heap {
	s := []metrics.Sample{
		{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/free:bytes"}, {Name: "/gc/heap/allocs:bytes"}, {Name: "/cpu/classes/gc/total:cpu-seconds"},
	}
	metrics.Read(s)
	collecting := time.Duration(s[4].Value.Float64() * float64(time.Second))
	return heap{s[0].Value.Uint64(), s[1].Value.Uint64() + s[2].Value.Uint64(), s[3].Value.Uint64(), processorTime() - collecting}
}

// processorTime is what the process has taken so far, 0 where the system does not say.
func processorTime() time.Duration {
	var use syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &use) != nil {
		return 0
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// atRest reports whether a process whose heap it is, and was another at the last look, can do with little garbage.
func (h heap) atRest(was heap) bool {
	marked := float64(h.allocated-was.allocated) * float64(h.live) / float64(max(restSpare, h.live*restPercent/100))
	return marked < restMarks && h.worked-was.worked < restWork
}

// spare is what a process at rest holds for nothing, if that is worth a collection, else 0. Half of what rest lets gather
// is not: of more, the collection that it makes due would have to be done by those who allocate.
func (h heap) spare() uint64 {
	if h.held <= h.live+max(restSpare, h.live*restPercent/100)/2 {
		return 0
	}
	return h.held - h.live
}

// paceCollections has the process keep the spare heap of work or of rest. Who has set GOGC has decided otherwise. A memory
// limit (GOMEMLIMIT) bounds it as any other garbage.
func paceCollections() {
	if os.Getenv("GOGC") == "" {
		c := &collections{percent: 100, seen: readHeap()}
		c.ended()
		go c.watch(time.Tick(restTime/looks), looks)
	}
}

// collections are the collector's as far as they have an owner here. The runtime calls ended soon after most of them.
type collections struct {
	mu      sync.Mutex
	percent int
	seen    heap // when it was last decided whether there is rest
	resting bool
}

func (c *collections) ended() {
	c.notice(readHeap())
	runtime.AddCleanup(&collected{}, (*collections).ended, c)
}

// notice ends the rest of a process that works, at once, and follows what is live.
func (c *collections) notice(now heap) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.resting = c.resting && now.atRest(c.seen)
	c.set(now.live)
}

// collected is garbage as soon as it is made: its end is that of a collection. It has a pointer, for what has none may
// share its memory with what lives.
type collected struct{ _ *int }

// watch decides at every so many ticks whether the process is at rest.
func (c *collections) watch(ticks <-chan time.Time, every int) {
	for n := 1; ; n++ {
		if _, ok := <-ticks; !ok {
			return
		}
		if n%every > 0 {
			c.notice(readHeap())
			continue
		}
		switch spare := c.look(readHeap()); {
		case spare == 0:
			continue
		case spare <= maxGiven:
			debug.FreeOSMemory()
		default:
			runtime.GC()
		}
		c.notice(readHeap())
	}
}

// look takes note of how the heap is now, and returns what it has to spare if the process has come to rest. Then the
// percentage stays that of work until that is collected: beyond the goal of rest nothing may be allocated but for as much
// marking, so whoever allocates first would mark it all, which took 0.2 to 0.5 s with eight to ten million small keys.
func (c *collections) look(now heap) (spare uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.resting
	c.resting = now.atRest(c.seen)
	c.seen = now
	if c.resting && !was {
		spare = now.spare()
	}
	if spare == 0 {
		c.set(now.live)
	}
	return spare
}

func (c *collections) set(live uint64) {
	if next := gcPercent(live, c.resting); worthSetting(c.percent, next) {
		debug.SetGCPercent(next)
		c.percent = next
	}
}

// gcPercent is GOGC for a heap with so many live bytes.
func gcPercent(live uint64, resting bool) int {
	if resting {
		return int(min(max(restPercent, restSpare*100/max(live, 1)), maxPercent))
	}
	return int(min(max(100, workSpare*100/max(live, 1)), maxPercent))
}

// worthSetting reports whether a change is worth the stop of the world that it takes.
func worthSetting(was, now int) bool {
	return now != was && (now == 100 || 8*max(now-was, was-now) > was)
}
