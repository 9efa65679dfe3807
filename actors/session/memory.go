package session

import (
	"fmt"
	"os"
	"runtime/metrics"
	"strconv"
	"strings"
)

const (
	metricHeap  = "/memory/classes/heap/objects:bytes"
	metricTotal = "/memory/classes/total:bytes"
)

// heapInUse is the size of all live and not yet swept objects. Unlike runtime.ReadMemStats it stops
// nothing.
func heapInUse() uint64 { return readMetric(metricHeap) }

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

// dataBytes is what the data of the replicas on this node takes.
func (r *Routes) dataBytes() (n int64) {
	for _, h := range r.Handles {
		n += h.Gauges.Bytes.Load()
	}
	return n
}

// full reports whether the data of this node takes what maxmemory allows.
func (s *session) full() bool {
	limit := s.srv.settings.maxmemory.Load()
	return limit > 0 && s.routes.dataBytes() >= limit
}

func infoMemory(s *session, w *infoWriter) {
	used, peak := s.srv.stats.rates.memory()
	rss := residentBytes()
	dataset := s.routes.dataBytes()
	limit := s.srv.settings.maxmemory.Load()
	w.line("used_memory", used)
	w.line("used_memory_human", human(used))
	w.line("used_memory_rss", rss)
	w.line("used_memory_rss_human", human(rss))
	w.line("used_memory_peak", peak)
	w.line("used_memory_peak_human", human(peak))
	w.line("used_memory_peak_perc", fmt.Sprintf("%.2f%%", percent(used, peak)))
	w.line("used_memory_dataset", dataset)
	w.line("used_memory_dataset_perc", fmt.Sprintf("%.2f%%", percent(uint64(dataset), used)))
	w.line("total_system_memory", systemMemory())
	w.line("total_system_memory_human", human(systemMemory()))
	w.line("maxmemory", limit)
	w.line("maxmemory_human", human(uint64(limit)))
	w.line("maxmemory_policy", "noeviction")
	fmt.Fprintf(w, "mem_fragmentation_ratio:%.2f\r\n", float64(rss)/float64(max(used, 1)))
	w.line("mem_fragmentation_bytes", int64(rss)-int64(used))
	w.line("mem_clients_normal", s.srv.clients.memory())
	w.line("mem_allocator", "go")
	w.line("active_defrag_running", 0)
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
