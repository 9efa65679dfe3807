package daemon

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

const (
	// spareHeap is how much garbage may gather, in bytes, where less than that is live. Go lets as much gather as is
	// live, so a node with little data collects every second under load, each time on a quarter of its processors and
	// with the goroutines that allocate helping: at half of the peak rate that was a third of GET's 99th percentile.
	spareHeap = 64 << 20
	// maxPercent bounds by how much a heap that has just grown is taken for a smaller one: a collection sets its goal
	// before the percentage follows.
	maxPercent = 400

	liveMetric = "/gc/heap/live:bytes"
)

// spareCollections has the process keep that spare heap. Who has set GOGC has decided otherwise. A memory limit
// (GOMEMLIMIT) bounds it as any other garbage.
func spareCollections() {
	if os.Getenv("GOGC") == "" {
		(&collections{percent: 100}).ended()
	}
}

// collections are the collector's as far as they have an owner here: the runtime calls ended soon after most of them.
type collections struct{ percent int }

func (c *collections) ended() {
	live := []metrics.Sample{{Name: liveMetric}}
	metrics.Read(live)
	if next := gcPercent(live[0].Value.Uint64()); worthSetting(c.percent, next) {
		debug.SetGCPercent(next)
		c.percent = next
	}
	runtime.AddCleanup(&collected{}, (*collections).ended, c)
}

// collected is garbage as soon as it is made: its end is that of a collection. It has a pointer, for what has none may
// share its memory with what lives.
type collected struct{ _ *int }

// gcPercent is GOGC for a heap with so many live bytes.
func gcPercent(live uint64) int {
	return int(min(max(100, spareHeap*100/max(live, 1)), maxPercent))
}

// worthSetting reports whether a change is worth the stop of the world that it takes.
func worthSetting(was, now int) bool {
	return now != was && (now == 100 || 8*max(now-was, was-now) > was)
}
