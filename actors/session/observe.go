package session

import (
	"time"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/actors/timing"
)

// timeRequest takes note of how long the shards took for a segment, with all that it waited for, but not for other clients.
func (s *session) timeRequest() {
	if !s.seg.pending() || s.seg.active[0].waits {
		return
	}
	h := &s.srv.stats.reads
	for _, p := range s.seg.active {
		if p.write {
			h = &s.srv.stats.writes
		}
	}
	h.Observe(time.Since(s.seg.sent))
}

// RequestTimes are how long the shards took for what clients sent in one go: reads alone, and with writes. Any
// goroutine.
func (s *Server) RequestTimes() (reads, writes timing.Counts) {
	return s.stats.reads.Counts(), s.stats.writes.Counts()
}

// Queue is the most messages that ever waited for one session. Any goroutine.
func (s *Server) Queue() int64 { return s.queue.Load() }

// count counts a reply for the command that it answers.
func (s *session) count(p *place, reply []byte) {
	bad := len(reply) > 0 && reply[0] == '-'
	if bad {
		s.srv.stats.failed(reply[1:])
	}
	switch {
	case p.verb == nil:
	case p.part != nil && p.part.done(p.op) == nil:
		p.verb.stat.rejected.Add(1)
	default:
		s.observe(p.verb, p.args, p.elapsed(), bad)
	}
}

// elapsed is the time that a command took where it was carried out, without any that it waited.
func (p *place) elapsed() time.Duration {
	if p.part != nil {
		return p.part.elapsed()
	}
	return p.took
}

// elapsed is the time that one operation of the part took, on average.
func (p *part) elapsed() time.Duration {
	if p.answer == nil || len(p.slots) == 0 {
		return 0
	}
	return p.answer.Elapsed / time.Duration(len(p.slots))
}

// observe takes note of a command that was carried out. It comes before the client has the reply, and for a
// write after the shard has committed it.
func (s *session) observe(v *verb, args [][]byte, took time.Duration, bad bool) {
	if s.info.hidden {
		return
	}
	st := &v.stat
	st.calls.Add(1)
	st.nanos.Add(uint64(took))
	if bad {
		st.failed.Add(1)
	}
	set := &s.srv.settings
	if set.tracking.Load() {
		st.times.add(took)
	}
	if least := set.slowerThan.Load(); least >= 0 && took.Microseconds() >= least && v.cmd.Flags&keyspace.FlagSkipSlowlog == 0 {
		s.srv.slow.add(s.info, redacted(v, args), took, int(set.slowMax.Load()))
	}
	if least := set.latencyLeast.Load(); least > 0 && took.Milliseconds() >= least {
		s.srv.latency.add(eventOf(v.cmd), took)
	}
	if s.srv.monitors.any() && v.cmd.Flags&(keyspace.FlagSkipMonitor|keyspace.FlagAdmin) == 0 {
		s.srv.feed(s.info, redacted(v, args))
	}
}
