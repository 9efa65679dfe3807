package keyspace

import (
	"strings"
	"testing"
)

func TestDebugObject(t *testing.T) {
	b := newBench(t)
	b.steps(
		step{"debugkey object {b}k", "-ERR no such key|"},
		step{"set {b}k 1000", "+OK|"},
		step{"debugkey object {b}k", "+Value at:0x0 refcount:1 encoding:int serializedlength:3 lru:5501184 lru_seconds_idle:0|"},
		step{"debugkey jump {b}k", "-ERR syntax error|"},
	)
	for range 1000 {
		b.run("rpush", "{b}l", strings.Repeat("x", 50))
	}
	if got := b.run("debugkey", "object", "{b}l"); !strings.Contains(got, "encoding:quicklist") || !strings.Contains(got, " ql_nodes:7 ") {
		t.Error(got)
	}
}

// The digest is that of the content, not of the encoding or the way there.
func TestDigests(t *testing.T) {
	for name, script := range dumpScripts() {
		b := newBench(t)
		for _, line := range script {
			b.run(words(line)...)
		}
		first := b.run("debugkey", "digest-value", "{d}k")
		all := b.run("debugdigest")
		b.run("restore", "{d}k", "0", b.payload("{d}k"), "replace")
		if again := b.run("debugkey", "digest-value", "{d}k"); again != first || b.run("debugdigest") != all {
			t.Errorf("%s: %s and %s", name, first, again)
		}
		b.run("expire", "{d}k", "100")
		if b.run("debugkey", "digest-value", "{d}k") == first || b.run("debugdigest") == all {
			t.Errorf("%s: the same with an expiry", name)
		}
	}
	b := newBench(t)
	none := "$40\r\n" + strings.Repeat("0", 40) + "\r\n"
	b.steps(
		step{"sadd {d}a 1 2", ":2|"}, step{"sadd {d}b 2 x 1", ":3|"}, step{"srem {d}b x", ":1|"},
	)
	if b.run("debugkey", "digest-value", "{d}a") != b.run("debugkey", "digest-value", "{d}b") {
		t.Error("sets of the same members differ")
	}
	if b.run("debugkey", "digest-value", "{d}none") != none {
		t.Error("nothing has a digest")
	}
}

func TestExpiredKeysStayForTests(t *testing.T) {
	b := newBench(t)
	b.steps(
		step{"setlimit debug-active-expire 0", "+OK|"},
		step{"set {b}k v px 10", "+OK|"},
	)
	b.env.Now += 20
	if b.run("ping"); b.s.Keys() != 1 || b.s.NextExpiry() != 0 {
		t.Errorf("%d keys, the next expires at %d", b.s.Keys(), b.s.NextExpiry())
	}
	b.steps(step{"get {b}k", "$-1|"}, step{"setlimit debug-active-expire 1", "+OK|"}, step{"dbsize", ":0|"})
}
