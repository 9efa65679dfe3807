package daemon

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
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
	// restTime is from one look at the heap to the next.
	restTime = 10 * time.Second
	// restMarks is how many bytes the collections of a restTime may mark with so little garbage between them: a
	// hundredth of a processor's time.
	restMarks = 160 << 20
	// maxGiven is how much is given back at once, in bytes. A node with one processor stands still meanwhile, for 0.1 s
	// for each GiB. Of more the runtime gives back a part by itself, bit by bit.
	maxGiven = 128 << 20
)

// heap is what the collector knows. Bytes.
type heap struct {
	live      uint64 // after the last collection
	held      uint64 // live, garbage, and free but not given back
	allocated uint64 // ever
}

func readHeap() heap {
	s := []metrics.Sample{
		{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/free:bytes"}, {Name: "/gc/heap/allocs:bytes"},
	}
	metrics.Read(s)
	return heap{s[0].Value.Uint64(), s[1].Value.Uint64() + s[2].Value.Uint64(), s[3].Value.Uint64()}
}

// atRest reports whether a process whose heap it is, and was another at the last look, can do with little garbage.
func (h heap) atRest(was heap) bool {
	marked := float64(h.allocated-was.allocated) * float64(h.live) / float64(max(restSpare, h.live*restPercent/100))
	return marked < restMarks
}

// spare is what a process at rest holds for nothing, if that is worth a collection, else 0.
func (h heap) spare() uint64 {
	if h.held <= h.live+max(restSpare, h.live/8) {
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
		go c.watch(time.Tick(restTime))
	}
}

// collections are the collector's as far as they have an owner here. The runtime calls ended soon after most of them.
type collections struct {
	mu      sync.Mutex
	percent int
	seen    heap // at the last look
	resting bool
}

func (c *collections) ended() {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := readHeap()
	c.resting = c.resting && now.atRest(c.seen) // work that begins does not wait for the next look
	c.set(now.live)
	runtime.AddCleanup(&collected{}, (*collections).ended, c)
}

// collected is garbage as soon as it is made: its end is that of a collection. It has a pointer, for what has none may
// share its memory with what lives.
type collected struct{ _ *int }

func (c *collections) watch(ticks <-chan time.Time) {
	for range ticks {
		switch spare := c.look(readHeap()); {
		case spare == 0:
		case spare <= maxGiven:
			debug.FreeOSMemory()
		default:
			runtime.GC()
		}
	}
}

// look takes note of how the heap is now, and returns what it has to spare if the process has come to rest.
func (c *collections) look(now heap) (spare uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.resting
	c.resting = now.atRest(c.seen)
	c.seen = now
	c.set(now.live)
	if !c.resting || was {
		return 0
	}
	return now.spare()
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
