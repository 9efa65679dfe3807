package session

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/actors/timing"
)

// maxErrorCodes bounds the error codes that are told apart.
const maxErrorCodes = 128

// stats are the figures of INFO that sessions count. All but the tables are atomics.
type stats struct {
	conns         atomic.Uint64 // accepted
	rejectedConns atomic.Uint64
	commands      atomic.Uint64
	errors        atomic.Uint64
	authFailures  atomic.Uint64
	bytesIn       atomic.Uint64
	bytesOut      atomic.Uint64
	segments      atomic.Uint64
	batches       atomic.Uint64
	batchOps      atomic.Uint64
	overflows     atomic.Uint64 // clients closed for what they did not take
	reads, writes timing.Histogram

	rates rates

	mu     sync.Mutex // of writers
	byVerb atomic.Pointer[map[*keyspace.Command]*verb]
	codes  map[string]*atomic.Uint64
}

// commandStat counts one command.
type commandStat struct {
	calls, nanos, rejected, failed atomic.Uint64

	times histogram
}

// verb is a command with what the session keeps beside it.
type verb struct {
	cmd  *keyspace.Command
	name []byte // in lower case, without a subcommand
	stat commandStat
	own  ownCommand // of a command of the session itself
}

func (s *stats) init() {
	s.byVerb.Store(&map[*keyspace.Command]*verb{})
	s.codes = map[string]*atomic.Uint64{}
}

// verb finds or makes the record of a command. There are as many as commands in the table.
func (s *stats) verb(cmd *keyspace.Command) *verb {
	if v := (*s.byVerb.Load())[cmd]; v != nil {
		return v
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := *s.byVerb.Load()
	if v := old[cmd]; v != nil {
		return v
	}
	v := newVerb(cmd)
	next := make(map[*keyspace.Command]*verb, len(old)+1)
	for k, o := range old {
		next[k] = o
	}
	next[cmd] = v
	s.byVerb.Store(&next)
	return v
}

// verbs lists the records by name.
func (s *stats) verbs() []*verb {
	var out []*verb
	for _, v := range *s.byVerb.Load() {
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b *verb) int { return strings.Compare(a.cmd.FullName(), b.cmd.FullName()) })
	return out
}

// failed counts an error reply by its code, the first word of the line.
func (s *stats) failed(line []byte) {
	s.errors.Add(1)
	code := line
	if i := slices.IndexFunc(code, func(c byte) bool { return c == ' ' || c == '\r' }); i >= 0 {
		code = code[:i]
	}
	if len(code) > 32 {
		code = code[:32]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.codes[string(code)]
	if n == nil {
		if len(s.codes) >= maxErrorCodes {
			return
		}
		n = new(atomic.Uint64)
		s.codes[string(code)] = n
	}
	n.Add(1)
}

type codeCount struct {
	code string
	n    uint64
}

func (s *stats) errorCodes() []codeCount {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []codeCount
	for code, n := range s.codes {
		out = append(out, codeCount{code, n.Load()})
	}
	slices.SortFunc(out, func(a, b codeCount) int { return strings.Compare(a.code, b.code) })
	return out
}

// reset is CONFIG RESETSTAT.
func (s *stats) reset() {
	for _, n := range []*atomic.Uint64{
		&s.conns, &s.rejectedConns, &s.commands, &s.errors, &s.authFailures, &s.bytesIn, &s.bytesOut,
		&s.segments, &s.batches, &s.batchOps, &s.overflows,
	} {
		n.Store(0)
	}
	for _, v := range s.verbs() {
		for _, n := range []*atomic.Uint64{&v.stat.calls, &v.stat.nanos, &v.stat.rejected, &v.stat.failed} {
			n.Store(0)
		}
		v.stat.times.reset()
	}
	s.mu.Lock()
	s.codes = map[string]*atomic.Uint64{}
	s.mu.Unlock()
	s.rates.reset()
}

// rates are figures per second, over the last sweep interval.
type rates struct {
	mu         sync.Mutex
	at         time.Time
	commands   uint64 // as they were at that time
	in, out    uint64
	ops        float64
	inKB, oKB  float64
	peakMemory uint64
}

func (s *stats) sample(used uint64) {
	r := &s.rates
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	commands, in, out := s.commands.Load(), s.bytesIn.Load(), s.bytesOut.Load()
	if d := now.Sub(r.at).Seconds(); !r.at.IsZero() && d > 0 && commands >= r.commands {
		r.ops = float64(commands-r.commands) / d
		r.inKB = float64(in-r.in) / d / 1024
		r.oKB = float64(out-r.out) / d / 1024
	}
	r.at, r.commands, r.in, r.out = now, commands, in, out
	r.peakMemory = max(r.peakMemory, used)
}

func (r *rates) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at, r.commands, r.in, r.out = time.Time{}, 0, 0, 0
	r.ops, r.inKB, r.oKB = 0, 0, 0
}

// perSecond gives operations, and KiB received and sent, a second.
func (r *rates) perSecond() (ops, in, out float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ops, r.inKB, r.oKB
}

// peak gives the most memory that was in use, now included.
func (r *rates) peak(used uint64) uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.peakMemory = max(r.peakMemory, used)
	return r.peakMemory
}
