package session

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/troupedb/troupe/actors/keyspace"
)

func TestSlowlog(t *testing.T) {
	c := newBed(t, 1).dial()
	many := strings.Repeat(" 1", 40)
	c.want("SLOWLOG LEN", "0", "CONFIG SET slowlog-log-slower-than 0 slowlog-max-len 3", "OK", "SLOWLOG RESET", "OK",
		"CLIENT SETNAME me", "OK", "SADD s"+many, "1", "AUTH x", "-ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?",
		"SET k "+strings.Repeat("v", 130), "OK", "CONFIG SET slowlog-log-slower-than -1", "OK", "SLOWLOG LEN", "3")
	got := c.do("SLOWLOG GET -1")
	for _, want := range []string{
		"[SET k " + strings.Repeat("v", 128) + "... (2 more bytes)]", "[AUTH (redacted)]",
		"[SADD s" + strings.Repeat(" 1", 29) + " ... (11 more arguments)]", c.LocalAddr().String() + " me]",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
	c.want("SLOWLOG GET 0", "[]", "SLOWLOG GET -2", "-ERR count should be greater than or equal to -1", "SLOWLOG RESET", "OK", "SLOWLOG GET", "[]")
}

// TestSlowlogOfTransaction: what is queued is logged, and EXEC is not.
func TestSlowlogOfTransaction(t *testing.T) {
	c := newBed(t, 1).dial()
	c.want("CONFIG SET slowlog-log-slower-than 0", "OK", "SLOWLOG RESET", "OK", "MULTI", "OK", "SET k v", "QUEUED", "PING", "QUEUED",
		"EXEC", "[OK PONG]", "CONFIG SET slowlog-log-slower-than -1", "OK")
	got := c.do("SLOWLOG GET")
	if !strings.Contains(got, "[set k v]") || !strings.Contains(got, "[ping]") || strings.Contains(got, "[EXEC]") {
		t.Error(got)
	}
}

func TestMonitor(t *testing.T) {
	b := newBed(t, 1)
	m, c := b.dial(), b.dial()
	m.want("MONITOR", "OK")
	c.want("SET k v\x00", "OK", "MULTI", "OK", "GET k", "QUEUED", "EXEC", "[v\x00]", "HELLO 2 AUTH default x",
		"[server redis version 7.2.6 proto 2 id 2 mode cluster role master modules []]", "CONFIG GET timeout", "[timeout 0]", "ECHO \"", "\"")
	for _, want := range []string{
		`"SET" "k" "v\x00"`, `"MULTI"`, `"get" "k"`, `"EXEC"`, `"HELLO" "2" "AUTH" "(redacted)" "(redacted)"`, `"ECHO" "\""`,
	} {
		if got := m.reply(); !strings.HasSuffix(got, "[0 "+c.LocalAddr().String()+"] "+want) {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if got := c.do("CLIENT LIST ID 1"); !strings.Contains(got, "flags=O ") {
		t.Error(got)
	}
	m.send("RESET")
	for got := ""; got != "RESET"; {
		got = m.reply()
	}
	c.want("GET k", "v\x00")
	m.want("PING", "PONG")
}

// TestSlowMonitorIsClosed: a client that takes nothing of what it is sent may not make the node hold it.
func TestSlowMonitorIsClosed(t *testing.T) {
	b := newBed(t, 1)
	m, c := b.dial(), b.dial()
	m.want("MONITOR", "OK")
	c.want("CONFIG SET client-output-buffer-limit slave\x001mb\x000\x000", "-ERR CONFIG SET failed (possibly related to argument 'client-output-buffer-limit') - Wrong number of arguments in buffer limit configuration.")
	b.srv.settings.limits.Store(&outputLimits{classReplica: {hard: 1 << 20}})
	big := strings.Repeat("x", 256<<10)
	eventually(t, "the monitor is closed", func() bool {
		c.want("ECHO "+big, big)
		return b.srv.stats.overflows.Load() > 0
	})
	eventually(t, "it is gone", func() bool { return b.srv.clients.count() == 1 })
	c.want("PING", "PONG")
}

func TestBacklog(t *testing.T) {
	limit := outputLimit{hard: 1000, soft: 500, seconds: 10}
	var b backlog
	for _, step := range []struct {
		add, done int64
		at        int64 // s
		ok        bool
	}{
		{add: 100, ok: true}, {add: 500, at: 1, ok: true}, {add: 0, at: 10, ok: true}, {add: 0, at: 12, ok: false},
		{done: 700, at: 12, ok: true}, {add: 400, at: 13, ok: true}, {add: 0, at: 20, ok: true}, {add: 900, at: 20, ok: false},
	} {
		b.done(step.done)
		if got := b.admit(int(step.add), limit, step.at*1000+1); got != step.ok {
			t.Errorf("%+v with %d under way: %v", step, b.bytes.Load(), got)
		}
	}
}

func TestPause(t *testing.T) {
	b := newBed(t, 1)
	admin, c := b.dial(), b.dial()
	admin.want("SET k old", "OK", "CLIENT PAUSE 100000 WRITE", "OK", "GET k", "old")
	b.block(c, "SET k new")
	c.send("GET k")
	admin.want("GET k", "old", "SET k", "-ERR wrong number of arguments for 'set' command", "CLIENT UNPAUSE", "OK")
	if got := c.reply() + c.reply(); got != "OKnew" {
		t.Error(got)
	}
	admin.want("CLIENT PAUSE x", "-ERR timeout is not an integer or out of range", "CLIENT PAUSE -1", "-ERR timeout is negative",
		"CLIENT PAUSE 1 maybe", "-ERR CLIENT PAUSE mode must be WRITE or ALL")
}

// TestPauseOfAll ends by itself, and holds back reads.
func TestPauseOfAll(t *testing.T) {
	b := newBed(t, 1)
	admin, c := b.dial(), b.dial()
	c.want("PING", "PONG")
	admin.want("CLIENT PAUSE 5 ALL", "OK")
	c.want("GET k", "nil")
	admin.want("MULTI", "OK", "SET k 1", "QUEUED", "CLIENT PAUSE 100000 WRITE", "QUEUED", "GET k", "QUEUED", "EXEC", "[OK OK 1]")
	b.block(c, "INCR k")
	c.Close()
	eventually(t, "who waited is gone", func() bool { return b.srv.clients.count() == 1 })
	admin.want("CLIENT UNPAUSE", "OK", "GET k", "1")
}

func TestPauseOfTransaction(t *testing.T) {
	b := newBed(t, 1)
	admin, c := b.dial(), b.dial()
	c.want("MULTI", "OK", "SET k 1", "QUEUED")
	admin.want("CLIENT PAUSE 100000 WRITE", "OK")
	b.block(c, "EXEC")
	admin.want("CLIENT UNPAUSE", "OK")
	if got := c.reply(); got != "[OK]" {
		t.Error(got)
	}
}

// TestHistogram: a percentile lies within an eighth of the exact one, and every step counts what lies below it.
func TestHistogram(t *testing.T) {
	var h histogram
	var all []time.Duration
	for range 5000 {
		d := time.Duration(rand.Int64N(1 << (10 + rand.Int64N(25))))
		all = append(all, d)
		h.add(d)
	}
	slices.Sort(all)
	for _, p := range []float64{1, 50, 90, 99, 99.9, 100} {
		exact, got := all[max(0, int(p/100*5000+0.5)-1)], h.percentile(p)
		if got < exact || float64(got) > float64(exact)*1.126+1024 {
			t.Errorf("p%g: %v, exactly %v", p, got, exact)
		}
	}
	steps := h.doublings()
	if last := steps[len(steps)-1]; last.count != 5000 || steps[len(steps)-2].count == 5000 {
		t.Error(steps)
	}
	for i, step := range steps {
		if i > 0 && (step.count < steps[i-1].count || step.usec <= steps[i-1].usec) {
			t.Error(steps)
		}
	}
	for i := 1; i < buckets; i++ {
		if bucketOf(boundOf(i-1)) != i-1 || bucketOf(boundOf(i-1)+1) != i {
			t.Fatalf("bucket %d ends at %d", i-1, boundOf(i-1))
		}
	}
	if bucketOf(1<<62) != buckets-1 || bucketOf(-1) != 0 {
		t.Error("durations out of range")
	}
}

func TestLatency(t *testing.T) {
	b := newBed(t, 1, func(_ *bed, c *Config) { c.Debug = true })
	c := b.dial()
	c.want("LATENCY LATEST", "[]", "CONFIG SET latency-monitor-threshold 1", "OK", "CONFIG RESETSTAT", "OK", "DEBUG SLEEP 0.002", "OK",
		"LATENCY RESET nothing", "0", "DEBUG SLEEP x", "-ERR value is not a valid float")
	if got := c.do("LATENCY LATEST"); !strings.HasPrefix(got, "[[command ") {
		t.Error(got)
	}
	if got := c.do("LATENCY HISTORY command"); !strings.HasPrefix(got, "[[") {
		t.Error(got)
	}
	if got := c.do("LATENCY HISTOGRAM debug set"); !strings.HasPrefix(got, "[debug [calls 2 histogram_usec [") || strings.Contains(got, "set") {
		t.Error(got)
	}
	if got := c.do("INFO latencystats"); !strings.Contains(got, "latency_percentiles_usec_debug:p50=") || !strings.Contains(got, ",p99.9=") {
		t.Error(got)
	}
	c.want("LATENCY RESET", "1", "LATENCY HISTORY command", "[]")
}

// TestMaxmemory: what would use more is refused before it is queued, and what frees is not.
func TestMaxmemory(t *testing.T) {
	b := newBed(t, 1)
	c := b.dial()
	limit := keyspace.StateBytes + 1024
	c.want("SET k v", "OK", fmt.Sprint("CONFIG SET maxmemory ", limit), "OK", "CONFIG GET maxmemory", fmt.Sprintf("[maxmemory %d]", limit))
	b.shards[1].handle.Gauges.Bytes.Store(1025)
	c.want("SET k w", "-"+keyspace.NoMemory, "GET k", "v", "DEL k", "1", "MULTI", "OK", "SET k w", "-"+keyspace.NoMemory,
		"EXEC", "-EXECABORT Transaction discarded because of previous errors.")
	b.shards[1].handle.Gauges.Bytes.Store(1024)
	c.want("MULTI", "OK", "SET k w", "QUEUED")
	b.shards[1].handle.Gauges.Bytes.Store(1025)
	c.want("EXEC", "-EXECABORT Transaction discarded because of: "+keyspace.NoMemory, "GET k", "nil", "MULTI", "OK", "DEL k", "QUEUED", "EXEC", "[0]")
	b.shards[1].handle.Gauges.Bytes.Store(1024)
	c.want("SET k w", "OK", "CONFIG SET maxmemory 1x", "-ERR CONFIG SET failed (possibly related to argument 'maxmemory') - argument must be a memory value")
}

// TestEvictionPolicy: where keys are evicted, a write is refused only once none is left that may be.
func TestEvictionPolicy(t *testing.T) {
	b := newBed(t, 1)
	c := b.dial()
	c.want(fmt.Sprintf("CONFIG SET maxmemory %d maxmemory-policy ALLKEYS-lru", keyspace.StateBytes+1), "OK", "SET k v", "OK")
	b.shards[1].handle.Gauges.Bytes.Store(5)
	if m := b.srv.Memory(); m.Excess != 4 {
		t.Errorf("%+v", m)
	}
	b.shards[1].handle.Gauges.Bytes.Store(1 + leastSlack)
	c.want("APPEND k w", "2")
	b.shards[1].handle.Gauges.Bytes.Store(2 + leastSlack)
	c.want("APPEND k w", "-"+keyspace.NoMemory, "GETDEL k", "vw")
	b.shards[1].handle.Gauges.Bytes.Store(2)
	c.want("SET k v", "OK")
	b.shards[1].handle.Gauges.Dry.Store(true)
	c.want("SET k w", "-"+keyspace.NoMemory, "GET k", "v", "CONFIG SET maxmemory-policy noeviction", "OK", "SET k w", "-"+keyspace.NoMemory,
		"CONFIG SET maxmemory 0", "OK", "SET k w", "OK")
	if m := b.srv.Memory(); m.Excess != 0 {
		t.Errorf("%+v without a limit", m)
	}
	c.want("CONFIG SET maxmemory-policy lru", "-ERR CONFIG SET failed (possibly related to argument 'maxmemory-policy') - argument(s) must be one of the following: "+
		"volatile-lru, volatile-lfu, volatile-random, volatile-ttl, allkeys-lru, allkeys-lfu, allkeys-random, noeviction",
		"CONFIG SET maxmemory-policy volatile-lfu lfu-log-factor 0 lfu-decay-time 2 maxmemory-samples 7", "OK")
	if got, want := b.srv.Eviction(), (keyspace.Eviction{Policy: keyspace.VolatileLFU, Samples: 7, DecayMinutes: 2}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestParseOutputLimits(t *testing.T) {
	for text, want := range map[string]string{
		"pubsub 1kb 2mb 3":            "normal 0 0 0 slave 268435456 67108864 60 pubsub 1024 2097152 3",
		"replica 1k 0 0 normal 5 4 1": "normal 5 4 1 slave 1000 0 0 pubsub 33554432 8388608 60",
		"":                            defaultLimits.text(),
	} {
		if got, line := parseOutputLimits(text, defaultLimits); line != "" || got.text() != want {
			t.Errorf("%q: %q %q", text, got.text(), line)
		}
	}
	for _, bad := range []string{"pubsub 1 2", "foo 1 2 3", "pubsub x 1 1", "pubsub 1 1 -1", "pubsub 99999999999999999999 1 1", "pubsub 9999999999g 1 1"} {
		if _, line := parseOutputLimits(bad, defaultLimits); line == "" {
			t.Errorf("%q is read", bad)
		}
	}
}

// TestKeyspaceCounts: hits and misses of the shards led here, until they are reset.
func TestKeyspaceCounts(t *testing.T) {
	b := newBed(t, 2)
	c := b.dial()
	c.want("SET a 1", "OK", "GET a", "1", "GET b", "nil", "EXISTS c d", "-"+string(errCrossSlot))
	if got := c.do("INFO stats"); !strings.Contains(got, "expired_keys:0\r\nkeyspace_hits:1\r\nkeyspace_misses:1\r\n") {
		t.Error(got)
	}
	c.want("CONFIG RESETSTAT", "OK")
	if got := c.do("INFO stats"); !strings.Contains(got, "keyspace_hits:0\r\nkeyspace_misses:0\r\n") {
		t.Error(got)
	}
}
