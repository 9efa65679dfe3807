package raftlog

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/slotmap"
)

// grouped drives a groupCommit by a clock of its own.
type grouped struct {
	groupCommit
	now time.Time
}

func newGrouped() *grouped { return &grouped{newGroupCommit(), time.Now()} }

func (g *grouped) sync(takes time.Duration, shards ...slotmap.ShardID) {
	for _, s := range shards {
		g.appends(s)
	}
	began := g.now
	g.now = g.now.Add(takes)
	g.synced(began, g.now)
}

// settled has had many syncs of 4 ms, of the shards given in turns.
func settled(turns ...[]slotmap.ShardID) *grouped {
	g := newGrouped()
	for range 64 {
		for _, t := range turns {
			g.sync(4*time.Millisecond, t...)
		}
	}
	return g
}

func TestSyncWaitsForShardsThatTakeTurns(t *testing.T) {
	g := settled([]slotmap.ShardID{1, 2}, []slotmap.ShardID{3})
	g.appends(1)
	d := g.wait(g.now)
	if d < 3*time.Millisecond || d > 4*time.Millisecond {
		t.Fatalf("waits %v for the other two, and a sync takes 4 ms", d)
	}
	if left := g.wait(g.now.Add(d / 2)); left != d-d/2 {
		t.Errorf("of %v, %v are left after half", d, left)
	}
	g.appends(2)
	g.appends(2)
	if g.wait(g.now) == 0 {
		t.Error("does not wait for the third")
	}
	g.appends(3)
	if d := g.wait(g.now); d != 0 {
		t.Errorf("waits %v, and all have appended", d)
	}
}

func TestSyncWaitsForNobody(t *testing.T) {
	for name, g := range map[string]*grouped{
		"the only shard":     settled([]slotmap.ShardID{1}),
		"the first append":   newGrouped(),
		"who came with all":  settled([]slotmap.ShardID{1, 2}),
		"who is gone by now": settled([]slotmap.ShardID{1, 2}),
	} {
		switch name {
		case "who came with all":
			g.appends(2)
		case "who is gone by now":
			g.sync(4*time.Millisecond, 1)
			g.sync(4*time.Millisecond, 1)
			g.sync(4*time.Millisecond, 1)
		}
		g.appends(1)
		if d := g.wait(g.now); d != 0 {
			t.Errorf("%s: waits %v", name, d)
		}
	}
	g := settled([]slotmap.ShardID{1}, []slotmap.ShardID{2})
	g.appends(1)
	if d := g.wait(g.now.Add(4 * time.Millisecond)); d != 0 {
		t.Errorf("waits %v after the time of a sync without any", d)
	}
}

func TestSlowDiskIsNotWaitedFor(t *testing.T) {
	g := newGrouped()
	for range 64 {
		g.sync(time.Second, 1)
		g.sync(time.Second, 2)
	}
	g.appends(1)
	if d := g.wait(g.now); d != maxPutOff {
		t.Errorf("waits %v, at most %v allowed", d, maxPutOff)
	}
}

// Waits that nobody comes in get rarer, down to one in 32, and one that helps makes all syncs wait again.
func TestWaitsInVainGetRarer(t *testing.T) {
	g := settled([]slotmap.ShardID{1}, []slotmap.ShardID{2})
	turn := func(n int) (waited bool) {
		s := slotmap.ShardID(1 + n%2)
		g.appends(s)
		waited = g.wait(g.now) > 0
		g.sync(4*time.Millisecond, s)
		return waited
	}
	waits := 0
	for n := range 320 {
		if turn(n) {
			waits++
		}
	}
	if waits < 10 || waits > 15 {
		t.Errorf("%d of 320 syncs waited in vain", waits)
	}
	for n := 0; !func() bool { g.appends(slotmap.ShardID(1 + n%2)); return g.wait(g.now) > 0 }(); n++ {
		g.sync(4 * time.Millisecond)
	}
	g.sync(4*time.Millisecond, 1, 2)
	g.appends(1)
	if g.wait(g.now) == 0 {
		t.Error("does not wait after a wait that helped")
	}
}

// slowStore takes a while for a sync.
type slowStore struct{ Store }

func (s slowStore) Commit(b *pebble.Batch, sync bool) error {
	if sync {
		time.Sleep(2 * time.Millisecond)
	}
	return s.Store.Commit(b, sync)
}

// Writers that append anew a little after each answer share syncs only if these wait for them: the counts are
// compared, of the same appends with and without.
func TestPutOffSyncsAreFewer(t *testing.T) {
	const shards, each = 6, 100
	syncs := func(after func(time.Duration, func())) uint64 {
		cfg := config(t, vfs.NewMem())
		cfg.After = after
		l := mustOpen(t, cfg)
		l.db = slowStore{l.db}
		sys := newSystem()
		pid := spawn(sys, l, func(r any) { t.Errorf("fatal %v", r) })
		var wg sync.WaitGroup
		for s := range slotmap.ShardID(shards) {
			wg.Go(func() {
				replies := make(chan any, 1)
				to := collector(sys, replies)
				sys.Root.Send(pid, &Create{Shard: s + 1, Replica: 1, Reply: to})
				<-replies
				for i := range uint64(each) {
					time.Sleep(time.Duration(s) * 100 * time.Microsecond)
					sys.Root.Send(pid, &Append{Shard: s + 1, Replica: 1, Entries: ents(1, i+1, fmt.Sprint(s, i)), Sync: true, Reply: to})
					<-replies
				}
			})
		}
		wg.Wait()
		stop(t, sys, pid)
		n := l.Stats().Syncs
		l.Close()
		return n
	}
	alone := syncs(nil)
	put := syncs(func(d time.Duration, do func()) { time.AfterFunc(d, do) })
	t.Logf("%d appends: %d syncs, %d if they wait", shards*each, alone, put)
	if put*4 > alone*3 {
		t.Errorf("%d syncs that wait for others, %d that don't", put, alone)
	}
}

// What is not an entry is not put off, and takes what is along.
func TestVotesAreNotPutOff(t *testing.T) {
	cfg := config(t, vfs.NewMem())
	var called []func()
	cfg.After = func(_ time.Duration, do func()) { called = append(called, do) }
	l := mustOpen(t, cfg)
	defer l.Close()
	a := l.Producer()().(*logActor)
	a.stop = make(chan struct{})
	a.wake = func() {}
	w := a.writer
	w.stage(&Create{Shard: 1, Replica: 1})
	w.stage(&Create{Shard: 2, Replica: 1})
	if a.putsOff() {
		t.Error("a new replica is put off")
	}
	w.flush()
	index := uint64(0)
	entry := func(s slotmap.ShardID) {
		index++
		w.stage(&Append{Shard: s, Replica: 1, Entries: ents(1, (index+1)/2, "x"), Sync: true})
	}
	entry(1)
	entry(2)
	w.flush()
	w.group.takes, w.group.ended = time.Hour, time.Now()
	entry(1)
	if !a.putsOff() || !a.putsOff() || len(called) != 1 {
		t.Fatalf("an append that another one is about to follow is not put off, or asked for %d wake-ups", len(called))
	}
	w.stage(&Append{Shard: 2, Replica: 1, Hard: &raftpb.HardState{Term: new(uint64(7)), Vote: new(uint64(1)), Commit: new(uint64(0))}})
	if a.putsOff() {
		t.Error("a vote is put off")
	}
	w.flush()
}
