package daemon

import (
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// The collector waits until as much garbage has gathered as is live, however long that takes, and what it has freed stays
// with the process: a node that was loaded, or has just recovered, would hold twice its data for as long as nothing
// happens. So a node at rest collects, and gives the system what is free.
const (
	restTime    = 10 * time.Second // from one look to the next
	restAllocs  = 16 << 20         // bytes: who allocates less in that time is at rest; ticks and heartbeats take 5 MiB
	spareAtRest = 16 << 20         // bytes that are not worth a collection, if an eighth of what is live is not more
)

// heap is what the collector knows. Bytes.
type heap struct{ live, objects, free, allocated uint64 }

func readHeap() heap {
	s := []metrics.Sample{
		{Name: liveMetric}, {Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/free:bytes"},
		{Name: "/gc/heap/allocs:bytes"},
	}
	metrics.Read(s)
	return heap{s[0].Value.Uint64(), s[1].Value.Uint64(), s[2].Value.Uint64(), s[3].Value.Uint64()}
}

// spare is what the process would not need if it stayed at rest: garbage, and what is free and not given back.
func (h heap) spare() uint64 { return h.objects - min(h.live, h.objects) + h.free }

// worthGiving reports whether a process that had the heap was a restTime ago is at rest, with enough to give back.
func (h heap) worthGiving(was heap) bool {
	return h.allocated-was.allocated < restAllocs && h.spare() > max(spareAtRest, h.live/8)
}

// giveAtRest has the process give back what it does not need, whenever it is at rest. Who has set GOGC has decided
// otherwise.
func giveAtRest() {
	if os.Getenv("GOGC") == "" {
		go looks(time.Tick(restTime))
	}
}

func looks(at <-chan time.Time) {
	for was := readHeap(); ; {
		if _, more := <-at; !more {
			return
		}
		was = was.look()
	}
}

// look returns the heap as it is now.
func (was heap) look() heap {
	now := readHeap()
	if now.worthGiving(was) {
		debug.FreeOSMemory()
	}
	return now
}
