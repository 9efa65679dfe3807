package link

import (
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/troupedb/troupe/actors/mailbox"
)

// BenchmarkRaftMessages sends appends of one 200-byte entry between two systems over loopback, with at most
// window messages under way: msgs/s and allocations of both ends together.
func BenchmarkRaftMessages(b *testing.B) {
	b.Run("plain", func(b *testing.B) { benchmark(b, func(*Config) {}) })
	b.Run("tls", func(b *testing.B) { benchmark(b, withSecret(b, oneSecret)) })
}

func benchmark(b *testing.B, way func(*Config)) {
	const window = 20_000
	book := newBook()
	calm := func(c *Config) { c.timing = defaultTiming }
	one, two := startNode(b, book, 1, way, calm), startNode(b, book, 2, way, calm)
	var got atomic.Int64
	_, err := two.system.Root.SpawnNamed(actor.PropsFromFunc(func(c actor.Context) {
		if _, ok := c.Message().(*Inbound); ok {
			got.Add(1)
		}
	}, actor.WithMailbox(mailbox.New())), "shard/4")
	if err != nil {
		b.Fatal(err)
	}
	one.links.Connect(two.id)
	receive(b, "Up", one.ups)
	pid := actor.NewPID(two.id.String(), "shard/4")
	m := raftMessage(1, 200)
	b.ReportAllocs()
	b.ResetTimer()
	for i := range int64(b.N) {
		for i-got.Load() > window {
			runtime.Gosched()
		}
		one.system.Root.Send(pid, m)
	}
	for got.Load() < int64(b.N) {
		runtime.Gosched()
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
	if n := one.links.Stats().Overflow; n > 0 {
		b.Fatalf("%d messages were dropped", n)
	}
}

// A message that travels alone, the worst case, costs no more allocations than it did, at both ends together.
func TestAllocationsOfAMessage(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector, which runs with -short, allocates too")
	}
	const most = 8
	book := newBook()
	one, two := startNode(t, book, 1), startNode(t, book, 2)
	got := make(chan struct{}, 1)
	_, err := two.system.Root.SpawnNamed(actor.PropsFromFunc(func(c actor.Context) {
		if _, ok := c.Message().(*Inbound); ok {
			got <- struct{}{}
		}
	}, actor.WithMailbox(mailbox.New())), "shard/4")
	if err != nil {
		t.Fatal(err)
	}
	one.links.Connect(two.id)
	receive(t, "Up", one.ups)
	pid, m := actor.NewPID(two.id.String(), "shard/4"), raftMessage(1, 200)
	n := testing.AllocsPerRun(500, func() {
		one.system.Root.Send(pid, m)
		<-got
	})
	if t.Logf("%.2f allocations a message", n); n > most {
		t.Errorf("%.2f allocations a message, more than %d", n, most)
	}
}

// BenchmarkSendAway is the sending end alone: what a replica pays per message to a peer that is away.
func BenchmarkSendAway(b *testing.B) {
	one := startNode(b, newBook(), 1, func(c *Config) { c.timing.backoffMin = patience })
	pid := actor.NewPID(nodeID(2).String(), "shard/4")
	m := raftMessage(1, 200)
	b.ReportAllocs()
	for b.Loop() {
		one.system.Root.Send(pid, m)
	}
}
