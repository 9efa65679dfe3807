package session

import "time"

// CommandStats are the figures of one command since the node started, or since CONFIG RESETSTAT.
type CommandStats struct {
	Name     string // with its subcommand: "client|list"
	Failed   uint64 // answered an error
	Rejected uint64 // not carried out
	Calls    uint64 // carried out, and timed
	Time     time.Duration
	Counts   [len(CommandBounds)]uint64 // of the calls that took no longer than each bound
}

// CommandBounds are the upper bounds of CommandStats.Counts; they are bounds of the buckets that calls are counted in.
var CommandBounds = [...]time.Duration{
	1 << 12, 1 << 14, 1 << 16, 1 << 18, 1 << 20, 1 << 22, 1 << 24, 1 << 26, 1 << 28, 1 << 30, 1 << 32, // 4 µs to 4.3 s
}

// Commands lists the commands that were used, by name. Any goroutine.
func (s *Server) Commands() (out []CommandStats) {
	for _, v := range s.stats.verbs() {
		st := &v.stat
		c := CommandStats{
			Name: v.cmd.FullName(), Failed: st.failed.Load(), Rejected: st.rejected.Load(), Time: time.Duration(st.nanos.Load()),
		}
		c.Counts, c.Calls = st.times.below()
		out = append(out, c)
	}
	return out
}

// below counts the durations that are no longer than each of CommandBounds, and all of them.
func (h *histogram) below() (counts [len(CommandBounds)]uint64, all uint64) {
	bound := 0
	for i := range h.buckets {
		for bound < len(CommandBounds) && boundOf(i) >= CommandBounds[bound] {
			counts[bound] = all
			bound++
		}
		all += h.buckets[i].Load()
	}
	return counts, all
}
