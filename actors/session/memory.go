package session

import (
	"fmt"
	"os"
	"runtime/metrics"
	"strconv"
	"strings"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/actors/replica"
)

const (
	metricHeap  = "/memory/classes/heap/objects:bytes"
	metricTotal = "/memory/classes/total:bytes"
)

// readMetric, unlike runtime.ReadMemStats, stops nothing.
func readMetric(name string) uint64 {
	sample := []metrics.Sample{{Name: name}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return sample[0].Value.Uint64()
}

// residentBytes is the resident set size of the process, where the system tells it.
func residentBytes() uint64 {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return readMetric(metricTotal)
	}
	fields := strings.Fields(string(b))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseUint(fields[1], 10, 64)
	return pages * uint64(os.Getpagesize())
}

// systemMemory is what the machine has, 0 where the system does not tell.
func systemMemory() uint64 {
	b, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	var kb uint64
	fmt.Sscanf(string(b), "MemTotal: %d kB", &kb)
	return kb << 10
}

// usedBytes is what maxmemory is compared with: the replicas on this node, with their data. It is an estimate that
// follows every write; the heap of the process, with what is garbage in it, is told apart.
func (r *Routes) usedBytes() int64 { return r.stateBytes() + r.dataBytes() }

func (r *Routes) stateBytes() int64 { return int64(len(r.Handles)) * keyspace.StateBytes }

// dataBytes is what the data of the replicas on this node takes.
func (r *Routes) dataBytes() (n int64) {
	for _, h := range r.Handles {
		n += h.Gauges.Bytes.Load()
	}
	return n
}

// asideBytes is the part of dataBytes that is no keys, and that no eviction makes smaller.
func (r *Routes) asideBytes() (n int64) {
	for _, h := range r.Handles {
		n += h.Gauges.Aside.Load()
	}
	return n
}

func infoMemory(s *session, w *infoWriter) {
	used, startup, dataset := uint64(s.routes.usedBytes()), s.routes.stateBytes(), s.routes.dataBytes()
	peak := s.srv.stats.rates.peak(used)
	rss, heap := residentBytes(), readMetric(metricHeap)
	limit := s.srv.settings.maxmemory.Load()
	w.line("used_memory", used)
	w.line("used_memory_human", human(used))
	w.line("used_memory_rss", rss)
	w.line("used_memory_rss_human", human(rss))
	w.line("used_memory_peak", peak)
	w.line("used_memory_peak_human", human(peak))
	w.line("used_memory_peak_perc", fmt.Sprintf("%.2f%%", percent(used, peak)))
	w.line("used_memory_overhead", startup)
	w.line("used_memory_startup", startup)
	w.line("used_memory_dataset", dataset)
	w.line("used_memory_dataset_perc", fmt.Sprintf("%.2f%%", percent(uint64(dataset), used)))
	w.line("allocator_allocated", heap)
	w.line("allocator_resident", readMetric(metricTotal))
	w.line("total_system_memory", systemMemory())
	w.line("total_system_memory_human", human(systemMemory()))
	w.line("maxmemory", limit)
	w.line("maxmemory_human", human(uint64(limit)))
	w.line("maxmemory_policy", s.srv.settings.eviction.rules().Policy)
	fmt.Fprintf(w, "mem_fragmentation_ratio:%.2f\r\n", float64(rss)/float64(max(used, 1)))
	w.line("mem_fragmentation_bytes", int64(rss)-int64(used))
	w.line("mem_not_counted_for_evict", s.routes.asideBytes())
	w.line("mem_clients_normal", s.srv.clients.memory())
	w.line("mem_allocator", "go")
	w.line("active_defrag_running", 0)
	w.line("lazyfree_pending_objects", 0) // what is deleted is forgotten at once
	w.line("lazyfreed_objects", s.sum(func(g *replica.Gauges) uint64 { return g.Freed.Load() }))
}

func human(n uint64) string {
	units := [...]string{"B", "K", "M", "G", "T"}
	v, i := float64(n), 0
	for v >= 1024 && i < len(units)-1 {
		v, i = v/1024, i+1
	}
	if i == 0 {
		return strconv.FormatUint(n, 10) + "B"
	}
	return strconv.FormatFloat(v, 'f', 2, 64) + units[i]
}
