package replica

import (
	"fmt"
	"testing"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/slotmap"
)

// answered counts answers.
type answered struct{ done int }

// Deliver implements Sink.
func (a *answered) Deliver(m *Answer) {
	if m.Status == Done {
		a.done++
	}
}

// writing returns what has the leader of a group of three take a batch of so many SETs, which makes one entry, until all
// replicas have applied it. Their logs are in memory, and every message crosses the wire's encoding.
func writing(tb testing.TB, ops int) (write func()) {
	tb.Helper()
	c := newCluster(tb, 1, 3, 3)
	c.unobserved, c.every = true, 1<<40
	c.startAll()
	lead := c.elect()
	sink := &answered{}
	b := &Batch{Count: ops, Write: true, Proto: 2, Sink: sink}
	for i := range ops {
		key := fmt.Appendf(nil, "key:%d", i)
		b.Ops = keyspace.AppendOp(b.Ops, slotmap.Slot(key), [][]byte{[]byte("set"), key, []byte("value")})
	}
	return func() {
		before := sink.done
		if !lead.handle.Budget.TryAcquire(b.Cost()) {
			tb.Fatal("the budget is spent")
		}
		lead.system.Root.Send(lead.handle.PID, b)
		c.settle()
		if sink.done != before+1 {
			tb.Fatal("not done")
		}
	}
}

// BenchmarkWrite is what an operation costs all three replicas of its shard.
func BenchmarkWrite(b *testing.B) {
	for _, ops := range []int{1, 16, 128} {
		b.Run(fmt.Sprint(ops), func(b *testing.B) {
			write := writing(b, ops)
			b.ReportAllocs()
			b.ResetTimer()
			for n := 0; n < b.N; n += ops {
				write()
			}
		})
	}
}

// An entry, and an operation in a large one, cost no more allocations than they did, on all three replicas together.
// Some are the test's own, for its network and its disks.
func TestAllocationsOfAWrite(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector, which runs with -short, allocates too")
	}
	for _, c := range []struct {
		ops  int
		most float64 // an operation
	}{{1, 440}, {128, 4}} {
		n := testing.AllocsPerRun(50, writing(t, c.ops)) / float64(c.ops)
		if t.Logf("%.2f allocations an operation, of %d in an entry", n, c.ops); n > c.most {
			t.Errorf("%.2f allocations an operation, of %d in an entry: more than %.0f", n, c.ops, c.most)
		}
	}
}
