package session

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/wire/resp"
)

// latencySamples is how many of an event are kept.
const latencySamples = 160

// latencies holds the newest of the commands that took as long as latency-monitor-threshold says. Any goroutine.
type latencies struct {
	mu     sync.Mutex
	events map[string]*latencyEvent
}

type latencyEvent struct {
	name    string
	samples []latencySample // the newest last
	most    int64           // ms
}

type latencySample struct{ at, ms int64 } // at in s

// eventOf is the event that a slow command is.
func eventOf(c *keyspace.Command) string {
	if c.Flags&keyspace.FlagFast != 0 {
		return "fast-command"
	}
	return "command"
}

// add takes a sample; of one second the longest is kept.
func (l *latencies) add(event string, took time.Duration) {
	sample := latencySample{time.Now().Unix(), took.Milliseconds()}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.events == nil {
		l.events = map[string]*latencyEvent{}
	}
	e := l.events[event]
	if e == nil {
		e = &latencyEvent{name: event}
		l.events[event] = e
	}
	e.most = max(e.most, sample.ms)
	if n := len(e.samples); n > 0 && e.samples[n-1].at == sample.at {
		e.samples[n-1].ms = max(e.samples[n-1].ms, sample.ms)
		return
	}
	if len(e.samples) == latencySamples {
		e.samples = e.samples[:copy(e.samples, e.samples[1:])]
	}
	e.samples = append(e.samples, sample)
}

// list copies the events, by name.
func (l *latencies) list() (out []latencyEvent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		out = append(out, latencyEvent{e.name, slices.Clone(e.samples), e.most})
	}
	slices.SortFunc(out, func(a, b latencyEvent) int { return strings.Compare(a.name, b.name) })
	return out
}

// clear forgets the events named, all if none is, and returns how many there were.
func (l *latencies) clear(names [][]byte) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(names) == 0 {
		n, l.events = len(l.events), nil
		return n
	}
	for _, name := range names {
		if _, ok := l.events[string(name)]; ok {
			delete(l.events, string(name))
			n++
		}
	}
	return n
}

func latencyLatest(s *session, _ [][]byte) {
	events := s.srv.latency.list()
	w := &s.seg.local
	w.Array(len(events))
	for _, e := range events {
		last := e.samples[len(e.samples)-1]
		w.Array(4)
		w.BulkString(e.name)
		w.Int(last.at)
		w.Int(last.ms)
		w.Int(e.most)
	}
}

func latencyHistory(s *session, args [][]byte) {
	w := &s.seg.local
	for _, e := range s.srv.latency.list() {
		if e.name != string(args[2]) {
			continue
		}
		w.Array(len(e.samples))
		for _, p := range e.samples {
			w.Array(2)
			w.Int(p.at)
			w.Int(p.ms)
		}
		return
	}
	w.Array(0)
}

func latencyReset(s *session, args [][]byte) { s.seg.local.Int(int64(s.srv.latency.clear(args[2:]))) }

func latencyDoctor(s *session, _ [][]byte) {
	s.seg.local.Verbatim("txt", "SLOWLOG GET shows what was slow, LATENCY HISTOGRAM how long commands take, and INFO shards how far "+
		"behind a shard is: a write waits for the disks of a majority.\n")
}

// latencyHistogram tells of the commands named, of all if none is. A container stands for its subcommands.
func latencyHistogram(s *session, args [][]byte) {
	var found []*verb
	for _, v := range s.srv.stats.verbs() {
		if v.stat.times.n.Load() > 0 && namedOrNone(args[2:], v) {
			found = append(found, v)
		}
	}
	w := &s.seg.local
	w.Map(len(found))
	for _, v := range found {
		w.BulkString(v.cmd.FullName())
		writeTimes(w, &v.stat.times)
	}
}

func namedOrNone(names [][]byte, v *verb) bool {
	return len(names) == 0 || slices.ContainsFunc(names, func(n []byte) bool {
		return resp.Is(n, v.cmd.FullName()) || resp.Is(n, string(v.name))
	})
}

func writeTimes(w *resp.Writer, h *histogram) {
	w.Map(2)
	w.BulkString("calls")
	w.Int(int64(h.n.Load()))
	w.BulkString("histogram_usec")
	steps := h.doublings()
	w.Map(len(steps))
	for _, d := range steps {
		w.Int(int64(d.usec))
		w.Int(int64(d.count))
	}
}
