package keyspace

import (
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// live returns how many bytes, in how many objects, of the heap live.
func live() (bytes, objects int64) {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc), int64(m.HeapObjects)
}

// The estimate of memory is near what the heap holds.
func TestBytesIsNearTheTruth(t *testing.T) {
	b := newBench(t)
	before, _ := live()
	const n = 200_000
	for i := range n {
		b.exec("set", "key:"+strconv.Itoa(i), "0123456789abcdef0123456789abcdef")
	}
	after, _ := live()
	real := float64(after - before)
	t.Logf("%.0f bytes a key, estimated %d", real/n, b.s.Bytes()/n)
	if ratio := real / float64(b.s.Bytes()); ratio < 0.8 || ratio > 1.25 {
		t.Errorf("the heap grew by %.0f bytes, the estimate by %d", real, b.s.Bytes())
	}
}

// Whatever a state holds counts, not only keys and values, and counts no more when it is gone.
func TestBytesOfAllThatIsHeld(t *testing.T) {
	b := newBench(t)
	b.run("set", "k", "v")
	empty := b.s.Bytes()
	grows := func(what string, least int64) int64 {
		t.Helper()
		n := b.s.Bytes() - empty
		if n < least {
			t.Errorf("%s: %d bytes, want %d at least", what, n, least)
		}
		return n
	}
	b.run("expire", "k", "100")
	grows("a time to live", 16)
	b.run("persist", "k")
	if n := grows("no time to live", 0); n != 0 {
		t.Errorf("%d bytes are left of a time to live", n)
	}
	b.wait("blpop", "k2", strings.Repeat("long", 100), "0")
	grows("an operation that waits", 400)
	b.s.EndWaits()
	if n := grows("nobody waits", 0); n != 0 {
		t.Errorf("%d bytes are left of one who waited", n)
	}
	tx := &Tx{Cmds: [][][]byte{argsOf("echo", "x"), argsOf("get", "k")}, Once: []byte(strings.Repeat("name", 50))}
	b.execOp(&Op{Slot: opOf("get", "k").Slot, Tx: tx})
	grows("a transaction that is remembered", 200)
}

// The garbage collector meets one object a key with a short string, and none but that in the dict.
func TestAKeyIsOneObject(t *testing.T) {
	b := newBench(t)
	_, before := live()
	const n = 100_000
	for i := range n {
		b.exec("set", "{a}:"+strconv.Itoa(i), "0123456789abcdef0123456789abcdef")
	}
	if _, after := live(); after-before < n*9/10 || after-before > n*21/20 {
		t.Errorf("%d objects for %d keys", after-before, n)
	}
	runtime.KeepAlive(b)
}
