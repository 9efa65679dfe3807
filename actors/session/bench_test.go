package session

import (
	"fmt"
	"testing"
)

// pipelined returns what sends a pipeline of SETs to a session over a fake shard, and reads all replies.
func pipelined(tb testing.TB, depth int) (exchange func()) {
	tb.Helper()
	c := newBed(tb, 3).dial()
	var raw []byte
	for i := range depth {
		raw = append(raw, pack(fmt.Sprintf("SET key:%d value", i))...)
	}
	buf := make([]byte, 64<<10)
	return func() {
		if _, err := c.Write(raw); err != nil {
			tb.Fatal(err)
		}
		for got := 0; got < len("+OK\r\n")*depth; {
			k, err := c.Read(buf)
			if err != nil {
				tb.Fatal(err)
			}
			got += k
		}
	}
}

// BenchmarkPipeline is the cost of a session per command, the fake shard's included.
func BenchmarkPipeline(b *testing.B) {
	for _, depth := range []int{1, 16, 128} {
		b.Run(fmt.Sprint(depth), func(b *testing.B) {
			exchange := pipelined(b, depth)
			b.ReportAllocs()
			b.ResetTimer()
			for n := 0; n < b.N; n += depth {
				exchange()
			}
		})
	}
}

// A deep pipeline costs no more allocations than it did, most of which are the fake shard's. Time depends on the
// machine; this does not.
func TestAllocationsOfAPipeline(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector, which runs with -short, allocates too")
	}
	const depth, most = 128, 4
	if n := testing.AllocsPerRun(100, pipelined(t, depth)) / depth; n > most {
		t.Errorf("%.2f allocations a command, more than %d", n, most)
	}
}
