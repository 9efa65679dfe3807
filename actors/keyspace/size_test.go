package keyspace

import (
	"runtime"
	"strconv"
	"testing"
)

// The estimate of memory is near what the heap holds.
func TestBytesIsNearTheTruth(t *testing.T) {
	b := newBench(t)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	const n = 200_000
	for i := range n {
		b.exec("set", "key:"+strconv.Itoa(i), "0123456789abcdef0123456789abcdef")
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	real := float64(after.HeapAlloc) - float64(before.HeapAlloc)
	t.Logf("%.0f bytes a key, estimated %d", real/n, b.s.Bytes()/n)
	if ratio := real / float64(b.s.Bytes()); ratio < 0.8 || ratio > 1.25 {
		t.Errorf("the heap grew by %.0f bytes, the estimate by %d", real, b.s.Bytes())
	}
}
