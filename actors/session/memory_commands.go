package session

import "runtime/debug"

func memoryDoctor(s *session, _ [][]byte) {
	s.seg.local.Verbatim("txt", "Memory is managed by the runtime; INFO memory and /metrics tell its figures.\n")
}

func memoryMalloc(s *session, _ [][]byte) {
	s.seg.local.Verbatim("txt", "Stats not supported for the current allocator")
}

// memoryPurge collects garbage and gives the system what is free.
func memoryPurge(s *session, _ [][]byte) {
	debug.FreeOSMemory()
	s.seg.local.OK()
}

// memoryStats tells what INFO memory does, under the names that Redis has for it here.
func memoryStats(s *session, _ [][]byte) {
	used, keys, dataset := uint64(s.routes.usedBytes()), int64(0), s.routes.dataBytes()
	peak := s.srv.stats.rates.peak(used)
	for _, h := range s.routes.Led() {
		keys += h.Gauges.Keys.Load()
	}
	rss := residentBytes()
	w := &s.seg.local
	ints := []struct {
		name  string
		value int64
	}{
		{"peak.allocated", int64(peak)}, {"total.allocated", int64(used)},
		{"startup.allocated", s.routes.stateBytes()}, {"keys.count", keys},
		{"keys.bytes-per-key", dataset / max(keys, 1)}, {"dataset.bytes", dataset},
		{"allocator.allocated", int64(readMetric(metricHeap))}, {"allocator.resident", int64(rss)},
	}
	w.Map(len(ints) + 3)
	for _, f := range ints {
		w.BulkString(f.name)
		w.Int(f.value)
	}
	for _, f := range []struct {
		name  string
		value float64
	}{
		{"dataset.percentage", percent(uint64(dataset), used)}, {"peak.percentage", percent(used, peak)},
		{"fragmentation", float64(rss) / float64(max(used, 1))},
	} {
		w.BulkString(f.name)
		w.Double(f.value)
	}
}

func percent(part, of uint64) float64 { return 100 * float64(part) / float64(max(of, 1)) }
