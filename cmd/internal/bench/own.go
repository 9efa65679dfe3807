package bench

import (
	"runtime/metrics"
	"time"
)

// ownWaits is how long goroutines of this program have waited for a processor so far: what of a latency may be the
// client's own, where it shares the machine with the servers.
type ownWaits struct{ metrics.Float64Histogram }

func readOwnWaits() ownWaits {
	s := []metrics.Sample{{Name: "/sched/latencies:seconds"}}
	metrics.Read(s)
	return ownWaits{*s[0].Value.Float64Histogram()}
}

// since is the distribution of the waits after an earlier reading, by its quantiles.
func (w ownWaits) since(before ownWaits) Latency {
	return Latency{P50: w.quantile(before, 0.50), P99: w.quantile(before, 0.99)}
}

// quantile is the upper bound of the bucket in which it lies.
func (w ownWaits) quantile(before ownWaits, q float64) time.Duration {
	total := uint64(0)
	for i := range w.Counts {
		total += w.Counts[i] - before.Counts[i]
	}
	if total == 0 {
		return 0
	}
	seen := uint64(0)
	for i := range w.Counts {
		if seen += w.Counts[i] - before.Counts[i]; float64(seen) >= q*float64(total) {
			return time.Duration(min(w.Buckets[i+1], longest.Seconds()) * float64(time.Second))
		}
	}
	return 0
}
