package raftlog

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/actors/raftlog/segment"
	"github.com/troupedb/troupe/slotmap"
)

func newSystem() *actor.ActorSystem {
	return actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger {
		return slog.New(slog.NewTextHandler(io.Discard, nil))
	}))
}

func spawn(sys *actor.ActorSystem, l *Log, fatal func(any)) *actor.PID {
	pid, err := sys.Root.SpawnNamed(actor.PropsFromProducer(l.Producer(), actor.WithMailbox(mailbox.New()),
		actor.WithGuardian(mailbox.StopNode(fatal))), "raftlog")
	if err != nil {
		panic(err)
	}
	return pid
}

func stop(t testing.TB, sys *actor.ActorSystem, pid *actor.PID) {
	t.Helper()
	if err := sys.Root.StopFuture(pid).Wait(); err != nil {
		t.Fatal(err)
	}
}

// collector passes what it receives on, but for protoactor's own messages.
func collector(sys *actor.ActorSystem, to chan<- any) *actor.PID {
	return sys.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
		switch c.Message().(type) {
		case *Appended, *Compacted, *Created, *Buried:
			to <- c.Message()
		}
	}))
}

func TestShardsShareAnFsync(t *testing.T) {
	const shards, each = 8, 200
	mem := vfs.NewMem()
	l := mustOpen(t, config(t, mem))
	sys := newSystem()
	pid := spawn(sys, l, func(r any) { t.Errorf("fatal %v", r) })
	replies := make(chan any, shards*(each+1))
	to := collector(sys, replies)
	var wg sync.WaitGroup
	for s := range slotmap.ShardID(shards) {
		wg.Go(func() {
			sys.Root.Send(pid, &Create{Shard: s + 1, Replica: 1, Reply: to})
			for i := range uint64(each) {
				sys.Root.Send(pid, &Append{Shard: s + 1, Replica: 1, Entries: ents(1, i+1, fmt.Sprint(s, i)), Sync: true, Reply: to, Tag: i})
			}
		})
	}
	wg.Wait()
	next := map[slotmap.ShardID]uint64{}
	for range shards * (each + 1) {
		if a, ok := (<-replies).(*Appended); ok {
			if a.Tag != next[a.Shard] {
				t.Fatalf("shard %d: reply %v, want %d", a.Shard, a.Tag, next[a.Shard])
			}
			next[a.Shard]++
		}
	}
	stats := l.Stats()
	if stats.Entries != shards*each || stats.Syncs == 0 || stats.Messages != shards*(each+1) {
		t.Fatalf("%+v", stats)
	}
	t.Logf("%.1f entries per sync", stats.EntriesPerSync())
	stop(t, sys, pid)
	mustClose(t, l)
	l = mustOpen(t, config(t, mem))
	defer mustClose(t, l)
	for _, s := range l.Shards() {
		if st, err := l.Load(s); err != nil || st.Last != each {
			t.Fatal(s, st, err)
		}
	}
}

// countedStore tells of each commit before it is made.
type countedStore struct {
	Store
	commit func(bytes int, sync bool)
}

func (s countedStore) Commit(b *segment.Batch, sync bool) error {
	s.commit(b.Len(), sync)
	return s.Store.Commit(b, sync)
}

// A replica that has fallen behind is sent much at once. Who appends meanwhile waits for a part of that only.
func TestLongTurnIsFlushedBeforeItsEnd(t *testing.T) {
	const appends, size = 24, 1 << 20
	l := begin(t, config(t, vfs.NewMem()))
	var (
		sizes    []int
		answered = make(chan struct{}, appends+1)
		begun    = make(chan struct{}, 1)
		queued   = make(chan struct{})
	)
	l.db = countedStore{l.db, func(bytes int, sync bool) {
		if !sync {
			t.Error("a commit that nobody is answered for")
		}
		switch sizes = append(sizes, bytes); {
		case len(sizes) == 1:
			begun <- struct{}{}
			<-queued
		case len(sizes) > 2: // what was committed before is answered before the turn ends
			select {
			case <-answered:
			case <-time.After(20 * time.Second):
				t.Errorf("nobody is answered before commit %d", len(sizes))
			}
		}
	}}
	sys := newSystem()
	pid := spawn(sys, l, func(r any) { t.Errorf("fatal %v", r) })
	replies := make(chan any, appends+1)
	to := sys.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
		if a, ok := c.Message().(*Appended); ok {
			answered <- struct{}{}
			replies <- a.Tag
		}
	}))
	big := strings.Repeat("v", size)
	for i := range uint64(appends + 1) {
		m := &Append{Shard: 4, Replica: 7, Entries: ents(2, 11+i, big), Sync: true, Reply: to, Tag: i}
		if i == 0 {
			m.Entries = ents(2, 11, "small")
		}
		sys.Root.Send(pid, m)
		if i == 0 {
			<-begun
		}
	}
	close(queued)
	for i := range uint64(appends + 1) {
		select {
		case tag := <-replies:
			if tag != i {
				t.Fatalf("reply %v, want %d", tag, i)
			}
		case <-time.After(time.Minute):
			t.Fatalf("no reply %d", i)
		}
	}
	stop(t, sys, pid)
	if n := slices.Max(sizes); n > defaultFull+size+1<<10 {
		t.Errorf("%d bytes in one commit", n)
	}
	if want := 1 + appends/(defaultFull/size); len(sizes) < want || len(sizes) > want+1 {
		t.Errorf("%d commits, want %d", len(sizes), want)
	}
	es, err := l.Entries(4, 11, 12+appends, 1<<40)
	if err != nil || len(es) != 1+appends || string(es[appends].GetData()) != big {
		t.Error(len(es), err)
	}
	mustClose(t, l)
}

func TestIntervalSyncsBySelf(t *testing.T) {
	mem := vfs.NewMem()
	cfg := config(t, mem)
	cfg.Fsync, cfg.SyncEvery = Interval, time.Millisecond
	l := begin(t, cfg)
	before := l.Stats().Syncs
	sys := newSystem()
	pid := spawn(sys, l, func(r any) { t.Errorf("fatal %v", r) })
	sys.Root.Send(pid, &Append{Shard: 4, Replica: 7, Entries: ents(2, 11, "p"), Sync: true})
	eventually(t, func() bool { return l.Stats().Syncs > before })
	stop(t, sys, pid)
	if n := len(l.writer.unmarked); n != 0 {
		t.Fatalf("%d shards unsynced after the stop", n)
	}
	mustClose(t, l)
}

func eventually(t testing.TB, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	poll := time.NewTicker(time.Millisecond)
	defer poll.Stop()
	for !ok() {
		select {
		case <-poll.C:
		case <-deadline.C:
			t.Fatal("not in 20 s")
		}
	}
}

// A commit index alone is written when something goes with it, at the latest with the look at the free space.
func TestCommitIndexWaitsForCompany(t *testing.T) {
	mem := vfs.NewMem()
	l := begin(t, config(t, mem))
	sys := newSystem()
	pid := spawn(sys, l, func(r any) { t.Errorf("fatal %v", r) })
	before := l.Stats()
	for i := range uint64(9) {
		sys.Root.Send(pid, &Append{Shard: 4, Replica: 7, Hard: hard(2, i+1)})
	}
	eventually(t, func() bool { return l.Stats().Messages == before.Messages+9 })
	if n := l.Stats().Commits; n != before.Commits {
		t.Fatalf("%d commits for commit indexes alone", n-before.Commits)
	}
	sys.Root.Send(pid, CheckSpace{})
	eventually(t, func() bool { return l.Stats().Commits == before.Commits+1 })
	if st, err := l.Load(4); err != nil || st.Hard.GetCommit() != 9 {
		t.Fatal(st.Hard, err)
	}
	stop(t, sys, pid)
	mustClose(t, l)
}

func TestStopFlushesWhatIsStaged(t *testing.T) {
	mem := vfs.NewMem()
	cfg := config(t, mem)
	cfg.Fsync = Never
	l := begin(t, cfg)
	sys := newSystem()
	pid := spawn(sys, l, func(r any) { t.Errorf("fatal %v", r) })
	replies := make(chan any, 1)
	sys.Root.Send(pid, &Append{Shard: 4, Replica: 7, Entries: ents(2, 11, "p"), Reply: collector(sys, replies)})
	<-replies
	stop(t, sys, pid)
	if l.writer.marks.counters[4] != l.writer.records[4].counter {
		t.Fatal("the stop did not sync")
	}
	mustClose(t, l)
}

func TestActorAnswersNothingAfterAFailedSync(t *testing.T) {
	f := &fault{match: kinds(".segment", errorfs.OpFileSync, errorfs.OpFileSyncData)}
	cfg := config(t, errorfs.Wrap(vfs.NewMem(), f))
	fatal := make(chan error, 1)
	cfg.Fatal = func(err error) { fatal <- err }
	l := begin(t, cfg)
	sys := newSystem()
	pid := spawn(sys, l, func(r any) { t.Errorf("panic %v", r) })
	replies := make(chan any, 100)
	to := collector(sys, replies)
	f.armed.Store(true)
	for i := range uint64(50) {
		sys.Root.Send(pid, &Append{Shard: 4, Replica: 7, Entries: ents(2, 11+i, "p"), Sync: true, Reply: to})
	}
	if err := <-fatal; err == nil {
		t.Fatal("no error")
	}
	stop(t, sys, pid)
	stop(t, sys, to) // all that was sent to it has been received
	if len(replies) != 0 {
		t.Fatalf("%d replies", len(replies))
	}
}

func TestSecondActorEndsTheNode(t *testing.T) {
	cfg := config(t, vfs.NewMem())
	fatal := make(chan error, 1)
	cfg.Fatal = func(err error) { fatal <- err }
	l := mustOpen(t, cfg)
	sys := newSystem()
	spawn(sys, l, func(any) {})
	sys.Root.Spawn(actor.PropsFromProducer(l.Producer(), actor.WithMailbox(mailbox.New())))
	if err := <-fatal; err == nil {
		t.Fatal("no error")
	}
}

// Readers look at the store while the actor writes it.
func TestReadersBesideTheWriter(t *testing.T) {
	l := begin(t, config(t, vfs.NewMem()))
	sys := newSystem()
	pid := spawn(sys, l, func(r any) { t.Errorf("fatal %v", r) })
	stopped := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-stopped:
					return
				default:
				}
				st, err := l.Load(4)
				if err != nil {
					t.Errorf("load: %v", err)
					return
				}
				if _, err := l.Entries(4, st.First, st.Last+1, 1<<20); err != nil && st.First <= st.Last && !isCompacted(err) {
					t.Errorf("entries: %v", err)
					return
				}
				_, _ = l.Term(4, st.Last)
			}
		})
	}
	replies := make(chan any, 1000)
	to := collector(sys, replies)
	for i := range uint64(300) {
		last := 11 + i
		sys.Root.Send(pid, &Append{Shard: 4, Replica: 7, Entries: ents(2, last, "p"), Hard: hard(2, last), Sync: true})
		if i%50 == 49 {
			sys.Root.Send(pid, &Compact{Shard: 4, Replica: 7, Snapshot: snapAt(last, 2), Through: last - 5, ThroughTerm: 2, Reply: to})
		}
	}
	for range 6 {
		<-replies
	}
	close(stopped)
	wg.Wait()
	stop(t, sys, pid)
	mustClose(t, l)
}
