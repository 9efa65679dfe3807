package raftlog

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/troupedb/troupe/slotmap"
)

// BenchmarkTurn is one drained mailbox: an entry of 200 bytes for each of some shards, on the real disk.
func BenchmarkTurn(b *testing.B) {
	for _, mode := range []Mode{Always, Never} {
		for _, shards := range []int{1, 6, 64} {
			b.Run(fmt.Sprintf("fsync=%v/shards=%d", mode, shards), func(b *testing.B) {
				l := mustOpen(b, Config{Dir: b.TempDir(), Fsync: mode, Fatal: func(err error) { b.Error(err) }})
				data := strings.Repeat("v", 200)
				for s := range shards {
					turn(l, &Create{Shard: slotmap.ShardID(s + 1), Replica: 1, Hard: hard(1, 0)})
				}
				b.ReportAllocs()
				b.ResetTimer()
				for i := range uint64(b.N) {
					for s := range shards {
						l.writer.stage(&Append{
							Shard: slotmap.ShardID(s + 1), Replica: 1, Entries: ents(1, i+1, data), Sync: true, Reply: somebody,
						})
					}
					l.writer.flush()
				}
				b.StopTimer()
				mustClose(b, l)
			})
		}
	}
}

// A turn costs no more allocations an entry than it did; the store's are among them.
func TestAllocationsOfATurn(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector, which runs with -short, allocates too")
	}
	const runs, shards, most = 100, 6, 1
	l := mustOpen(t, config(t, vfs.NewMem()))
	var turns [runs + 1][]any
	for s := range slotmap.ShardID(shards) {
		turn(l, &Create{Shard: s + 1, Replica: 1, Hard: hard(1, 0)})
		for i := range turns {
			turns[i] = append(turns[i], &Append{
				Shard: s + 1, Replica: 1, Entries: ents(1, uint64(i+1), strings.Repeat("v", 200)), Sync: true, Reply: somebody,
			})
		}
	}
	next := 0
	n := testing.AllocsPerRun(runs, func() { turn(l, turns[next]...); next++ }) / shards
	mustClose(t, l)
	if t.Logf("%.2f allocations an entry", n); n > most {
		t.Errorf("%.2f allocations an entry, more than %d", n, most)
	}
}

func BenchmarkEntries(b *testing.B) {
	l := mustOpen(b, Config{Dir: b.TempDir(), Fatal: func(err error) { b.Error(err) }})
	defer mustClose(b, l)
	turn(l, &Create{Shard: 1, Replica: 1, Hard: hard(1, 0)})
	for i := range uint64(10000) {
		l.writer.stage(&Append{Shard: 1, Replica: 1, Entries: ents(1, i+1, strings.Repeat("v", 200))})
	}
	l.writer.flush()
	b.ReportAllocs()
	for b.Loop() {
		if es, err := l.Entries(1, 500, 564, 1<<20); err != nil || len(es) != 64 {
			b.Fatal(len(es), err)
		}
	}
}
