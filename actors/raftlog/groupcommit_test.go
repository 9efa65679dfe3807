package raftlog

import (
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/actors/raftlog/segment"
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
	d := g.delay(g.now)
	if d < 3*time.Millisecond || d > 4*time.Millisecond {
		t.Fatalf("waits %v for the other two, and a sync takes 4 ms", d)
	}
	if left := g.delay(g.now.Add(d / 2)); left != d-d/2 {
		t.Errorf("of %v, %v are left after half", d, left)
	}
	g.appends(2)
	g.appends(2)
	if g.delay(g.now) == 0 {
		t.Error("does not wait for the third")
	}
	g.appends(3)
	if d := g.delay(g.now); d != 0 {
		t.Errorf("waits %v, and all have appended", d)
	}
}

func TestSyncIsNotPutOff(t *testing.T) {
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
		if d := g.delay(g.now); d != 0 {
			t.Errorf("%s: waits %v", name, d)
		}
	}
	g := settled([]slotmap.ShardID{1}, []slotmap.ShardID{2})
	g.appends(1)
	if d := g.delay(g.now.Add(4 * time.Millisecond)); d != 0 {
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
	if d := g.delay(g.now); d > maxPutOff || d < maxPutOff/2 {
		t.Errorf("put off for %v, at most %v allowed", d, maxPutOff)
	}
}

// turn is a sync with entries of some shards, made as soon as it may be.
func (g *grouped) turn(first slotmap.ShardID, later ...slotmap.ShardID) (putOff bool) {
	g.appends(first)
	if d := g.delay(g.now); d > 0 {
		putOff = true
		for _, s := range later {
			g.appends(s)
		}
		g.now = g.now.Add(g.delay(g.now))
	}
	g.sync(4 * time.Millisecond)
	return putOff
}

// Delays that nobody comes in get rarer, down to one in 64, and a few that are worth it make all syncs wait again.
func TestVainDelaysGetRarer(t *testing.T) {
	g := settled([]slotmap.ShardID{1, 2, 3}, []slotmap.ShardID{4, 5, 6})
	count := func(n int, later ...slotmap.ShardID) (delays int) {
		for range n {
			if g.turn(1, later...) {
				delays++
			}
			g.sync(4*time.Millisecond, 2, 3, 4, 5, 6) // they are missing again
		}
		return delays
	}
	count(320)
	if n := count(320); n < 9 || n > 11 { // and as many syncs between them
		t.Errorf("%d of 640 syncs were put off in vain", n)
	}
	if n := count(320, 2, 3); n > 30 {
		t.Errorf("%d of 320 syncs were put off for two of five", n)
	}
	count(200, 2, 3, 4)
	if n := count(40, 2, 3, 4); n != 40 {
		t.Errorf("%d of 40 syncs were put off for three of five", n)
	}
}

// That all come at once, before the time of a delay is over, is the best that a delay can gain.
func TestDelaysInWhichAllComeCount(t *testing.T) {
	g := settled([]slotmap.ShardID{1}, []slotmap.ShardID{2})
	putOff := func(come bool) bool {
		g.appends(1)
		d := g.delay(g.now)
		switch {
		case d == 0:
		case come:
			g.appends(2)
		default:
			g.now = g.now.Add(d)
		}
		g.sync(4 * time.Millisecond)
		g.sync(4*time.Millisecond, 2) // missing again
		return d > 0
	}
	for range 200 {
		putOff(false)
	}
	for range 20 * maxSkipped {
		putOff(true)
	}
	for i := range 3 { // some bad luck
		if !putOff(i > 0) {
			t.Error("not put off, after delays that gained all")
		}
	}
}

// What counts is the average of many delays.
func TestDelaysThatGainEnoughOnAverageGoOn(t *testing.T) {
	g := settled([]slotmap.ShardID{1, 2, 3}, []slotmap.ShardID{4, 5, 6})
	for i := range 100 {
		come := []slotmap.ShardID{2, 3, 4, 5, 6}
		if i%4 > 1 {
			come = come[:1]
		}
		if !g.turn(1, come...) {
			t.Fatalf("delay %d was skipped, and more than half of those came who were missing", i)
		}
		g.sync(4*time.Millisecond, 2, 3, 4, 5, 6)
	}
}

// A vote that comes in a delay ends it, and says nothing of who was missing.
func TestDelayThatIsCutShortIsNotInVain(t *testing.T) {
	g := settled([]slotmap.ShardID{1}, []slotmap.ShardID{2})
	for range 20 {
		g.appends(1)
		if g.delay(g.now) == 0 {
			t.Fatal("not put off")
		}
		g.sync(4 * time.Millisecond)
		g.sync(4*time.Millisecond, 2)
	}
}

func TestQuickSyncIsNotPutOff(t *testing.T) {
	for takes, want := range map[time.Duration]bool{minSync - 1: false, 2 * minSync: true} {
		g := newGrouped()
		for range 64 {
			g.sync(takes, 1)
			g.sync(takes, 2)
		}
		g.appends(1)
		if d := g.delay(g.now); d > 0 != want || d > takes {
			t.Errorf("where a sync takes %v, it is put off for %v", takes, d)
		}
	}
}

// One sync that took long makes the next ones wait no longer than others do.
func TestLongSyncCountsLittle(t *testing.T) {
	g := newGrouped()
	for range 64 {
		g.sync(1500*time.Microsecond, 1)
		g.sync(1500*time.Microsecond, 2)
	}
	g.sync(time.Minute, 1)
	g.appends(2)
	g.appends(3)
	g.synced(g.now, g.now.Add(1500*time.Microsecond))
	g.now = g.now.Add(1500 * time.Microsecond)
	g.appends(2)
	if d := g.delay(g.now); d == 0 || d > 2*time.Millisecond {
		t.Errorf("put off for %v", d)
	}
}

// slowStore takes two milliseconds of a clock for a sync.
type slowStore struct {
	Store
	now *time.Time
}

func (s slowStore) Commit(b *segment.Batch, sync bool) error {
	if sync {
		*s.now = s.now.Add(2 * time.Millisecond)
	}
	return s.Store.Commit(b, sync)
}

// closedLoop is a log with six shards, each of which appends anew a little after it was answered, by a clock of its own.
type closedLoop struct {
	*logActor
	now, wake time.Time
	next      [6]time.Time // at which a shard appends; zero while it waits for the log
	last      [6]uint64
	left      int // appends
}

// syncs is how many syncs the appends take.
func (c *closedLoop) syncs(t *testing.T, putOff bool) uint64 {
	t.Helper()
	cfg := config(t, vfs.NewMem())
	cfg.Now = func() time.Time { return c.now }
	if putOff {
		cfg.After = func(d time.Duration, _ func()) { c.wake = c.now.Add(d) }
	}
	l := mustOpen(t, cfg)
	defer l.Close()
	l.db = slowStore{l.db, &c.now}
	c.logActor = l.Producer()().(*logActor)
	c.now = time.Now()
	for s := range c.next {
		c.writer.stage(&Create{Shard: slotmap.ShardID(s + 1), Replica: 1})
		c.next[s] = c.now
	}
	c.writer.flush()
	for c.left > 0 || c.busy() {
		c.turn(c.append())
	}
	return l.Stats().Syncs
}

func (c *closedLoop) busy() bool { return slices.ContainsFunc(c.next[:], time.Time.IsZero) }

// append stages what is due, and returns when the next is.
func (c *closedLoop) append() time.Time {
	earliest := c.now.Add(time.Hour)
	for s, at := range c.next {
		switch {
		case at.IsZero():
		case at.After(c.now):
			earliest = slices.MinFunc([]time.Time{earliest, at}, time.Time.Compare)
		case c.left > 0:
			c.left--
			c.last[s]++
			c.next[s] = time.Time{}
			c.writer.stage(&Append{Shard: slotmap.ShardID(s + 1), Replica: 1, Entries: ents(1, c.last[s], "x"), Sync: true})
		}
	}
	return earliest
}

// turn ends the turn of the log's actor, or lets time pass until something happens.
func (c *closedLoop) turn(earliest time.Time) {
	switch {
	case !c.busy():
		c.now = earliest
	case c.putsOff():
		c.now = slices.MinFunc([]time.Time{earliest, c.wake}, time.Time.Compare)
		c.waking = c.waking && c.now.Before(c.wake)
	default:
		c.writer.flush()
		for s := range c.next {
			if c.next[s].IsZero() {
				c.next[s] = c.now.Add(time.Duration(s+1) * 100 * time.Microsecond)
			}
		}
	}
}

// Shards that append anew a little after each answer share syncs only if these wait for them.
func TestPutOffSyncsAreFewer(t *testing.T) {
	alone, put := (&closedLoop{left: 600}).syncs(t, false), (&closedLoop{left: 600}).syncs(t, true)
	t.Logf("600 appends: %d syncs, %d if they wait", alone, put)
	if put*3 > alone*2 {
		t.Errorf("%d syncs that wait for others, %d that don't", put, alone)
	}
}

// putOff is an actor by hand, with a clock that stands still and two shards that have taken turns.
func putOff(t *testing.T, called *[]func()) (*logActor, func(slotmap.ShardID)) {
	t.Helper()
	now := time.Now()
	cfg := config(t, vfs.NewMem())
	cfg.After = func(_ time.Duration, do func()) { *called = append(*called, do) }
	cfg.Now = func() time.Time { return now }
	l := mustOpen(t, cfg)
	t.Cleanup(func() { l.Close() })
	a := l.Producer()().(*logActor)
	a.wake = func() {}
	w := a.writer
	w.stage(&Create{Shard: 1, Replica: 1})
	w.stage(&Create{Shard: 2, Replica: 1})
	w.flush()
	last := map[slotmap.ShardID]uint64{}
	entry := func(s slotmap.ShardID) {
		last[s]++
		w.stage(&Append{Shard: s, Replica: 1, Entries: ents(1, last[s], "x"), Sync: true})
	}
	entry(1)
	entry(2)
	w.flush()
	w.group.takes, w.group.ended = 4*time.Millisecond, now
	entry(1)
	for range 2 {
		if !a.putsOff() || len(*called) != 1 {
			t.Fatalf("an append that another one is about to follow is not put off, or %d wake-ups were asked for", len(*called))
		}
	}
	return a, entry
}

func TestPromisesAreNotPutOff(t *testing.T) {
	for name, msg := range map[string]any{
		"a vote":        &Append{Shard: 2, Replica: 1, Hard: &raftpb.HardState{Term: new(uint64(7)), Vote: new(uint64(1)), Commit: new(uint64(0))}},
		"a new replica": &Create{Shard: 3, Replica: 1},
		"a burial":      &Bury{Shard: 2, Replica: 1},
		"a value":       &SetMeta{Key: "k"},
		"a snapshot":    &Compact{Shard: 1, Replica: 1, Snapshot: SnapshotRef{File: "f", Index: 1, Term: 1, ConfState: &raftpb.ConfState{}}},
	} {
		var called []func()
		a, _ := putOff(t, &called)
		a.writer.stage(msg)
		if a.putsOff() {
			t.Errorf("%s is put off", name)
		}
		syncs := a.log.Stats().Syncs
		a.writer.flush()
		st, err := a.log.Load(1)
		if n := a.log.Stats().Syncs - syncs; err != nil || n != 1 || st.Last != 2 {
			t.Errorf("%s: %d syncs, last %d, %v", name, n, st.Last, err)
		}
		if a.log.failed.Load() {
			t.Errorf("%s: failed", name)
		}
	}
}

func TestWhoWasWaitedForEndsTheDelay(t *testing.T) {
	var called []func()
	a, entry := putOff(t, &called)
	entry(2)
	if a.putsOff() {
		t.Error("put off though all have appended")
	}
	if !a.waking || len(called) != 1 {
		t.Error("another wake-up was asked for")
	}
}

// What is put off when the actor stops is written, and synced.
func TestStopWritesWhatIsPutOff(t *testing.T) {
	var called []func()
	a, _ := putOff(t, &called)
	syncs := a.log.Stats().Syncs
	a.finish(nil)
	if st, err := a.log.Load(1); err != nil || st.Last != 2 || a.log.Stats().Syncs != syncs+1 {
		t.Errorf("last %d, %d syncs, %v", st.Last, a.log.Stats().Syncs-syncs, err)
	}
}
