package keyspace

import (
	"strconv"
	"strings"
	"testing"
	"unsafe"
)

// later moves the shard's clock on by seconds.
func (b *bench) later(seconds int64) { b.env.Now += seconds * 1000 }

// A key costs what it did before its use was noted.
func TestAccessTakesNoRoom(t *testing.T) {
	if size := unsafe.Sizeof(entry{}); size > 96 {
		t.Errorf("an entry takes %d bytes", size)
	}
}

// What uses a key and what only tells of it is as in Redis.
func TestIdleTime(t *testing.T) {
	for _, c := range []struct {
		cmd  string
		idle int64
	}{
		{"get k", 0}, {"append k x", 0}, {"set k w", 0}, {"touch k", 0}, {"dump k", 0}, {"persist k", 0}, {"copy k {k}2", 0},
		{"exists k", 30}, {"type k", 30}, {"ttl k", 30}, {"object encoding k", 30}, {"memory usage k", 30}, {"debugkey object k", 30},
		{"scan 0", 30}, {"randomkey", 30}, {"get other", 30},
	} {
		b := newBench(t)
		b.run("set", "k", "v")
		b.later(30)
		b.run(words(c.cmd)...)
		if got, want := b.run("object", "idletime", "k"), ":"+strconv.FormatInt(c.idle, 10)+"\r\n"; got != want {
			t.Errorf("idle time after %s: %q, want %q", c.cmd, got, want)
		}
	}
}

func TestIdleTimeMovesWithTheKey(t *testing.T) {
	b := newBench(t)
	b.steps(
		step{"setlimit set-max-intset-entries 512", "+OK|"},
		step{"set {k}a v", "+OK|"}, step{"rename {k}a {k}b", "+OK|"}, step{"object idletime {k}b", ":0|"},
		step{"object idletime {k}none", "$-1|"},
	)
	payload := b.run("dump", "{k}b")
	payload = payload[strings.Index(payload, "\n")+1 : len(payload)-2]
	b.run("restore", "{k}c", "0", payload, "idletime", "1000")
	if got := b.run("object", "idletime", "{k}c"); got != ":1000\r\n" {
		t.Error(got)
	}
	b.s.SetEviction(Eviction{Policy: AllKeysLFU})
	b.run("restore", "{k}d", "0", payload, "freq", "77")
	if got := b.run("object", "freq", "{k}d"); got != ":77\r\n" {
		t.Error(got)
	}
}

// Reads at a clock that is ahead of the next entry's are no time ago, not an age.
func TestIdleTimeOfTheFuture(t *testing.T) {
	b := newBench(t)
	b.run("set", "k", "v")
	b.read(testNow+5000, "get", "k")
	if got := b.run("object", "idletime", "k"); got != ":0\r\n" {
		t.Error(got)
	}
}

func TestPolicyDecidesWhatIsTracked(t *testing.T) {
	b := newBench(t)
	b.run("set", "k", "v")
	for p := range policies {
		b.s.SetEviction(Eviction{Policy: p})
		idle, freq := b.run("object", "idletime", "k"), b.run("object", "freq", "k")
		if strings.HasPrefix(idle, "-ERR An LFU maxmemory policy is selected") != p.lfu() ||
			strings.HasPrefix(freq, "-ERR An LFU maxmemory policy is not selected") == p.lfu() {
			t.Errorf("%v: %q %q", p, idle, freq)
		}
	}
}

func (b *bench) frequency(key string) (n int) {
	n, err := strconv.Atoi(strings.TrimSpace(b.run("object", "freq", key)[1:]))
	if err != nil {
		b.t.Fatal(err)
	}
	return n
}

// The counter begins at 5, grows with every use at factor 0 and ever more slowly above, and decays by the minute.
func TestFrequency(t *testing.T) {
	b := newBench(t)
	b.s.SetEviction(Eviction{Policy: AllKeysLFU, LogFactor: 0, DecayMinutes: 1})
	b.run("set", "k", "v")
	for range 10 {
		b.run("get", "k")
	}
	if got := b.frequency("k"); got != 15 {
		t.Errorf("%d after 10 uses", got)
	}
	b.later(180)
	if got := b.frequency("k"); got != 12 {
		t.Errorf("%d after three minutes", got)
	}
	b.s.SetEviction(Eviction{Policy: AllKeysLFU, LogFactor: 10})
	for range 1000 {
		b.run("get", "k")
	}
	if got := b.frequency("k"); got < 13 || got > 60 {
		t.Errorf("%d after 1000 uses at factor 10", got)
	}
	b.later(1 << 20)
	if b.frequency("k") < 13 {
		t.Error("it decays though the decay time is 0")
	}
}

// What a quiet client does is no use, but for TOUCH.
func TestQuiet(t *testing.T) {
	b := newBench(t)
	b.run("set", "k", "v")
	b.later(30)
	b.s.SetQuiet(true)
	b.steps(step{"get k", "$1|v|"}, step{"append k w", ":2|"}, step{"object idletime k", ":30|"},
		step{"touch k", ":1|"}, step{"object idletime k", ":0|"})
}

// The use of keys is no part of the state.
func TestUseIsNotReplicated(t *testing.T) {
	a, b := newBench(t), newBench(t)
	for _, x := range []*bench{a, b} {
		x.run("set", "k", "v")
		x.run("sadd", "s", "1", "2", "3", "4", "5", "6")
	}
	a.s.SetEviction(Eviction{Policy: AllKeysLFU, LogFactor: 1})
	for range 100 {
		a.read(testNow+60_000, "get", "k")
	}
	for _, x := range []*bench{a, b} {
		x.run("spop", "s", "3")
	}
	if a.s.Hash() != b.s.Hash() {
		t.Error("reads changed the state")
	}
}
