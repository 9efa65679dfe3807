package keyspace

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// evictOp chooses what to evict for need bytes, nil if nothing is found.
func (b *bench) evictOp(need int64) []byte {
	env := b.env
	env.Read, env.ReadNow = true, env.Now
	ops, _ := b.s.AppendEviction(nil, &env, need)
	return ops
}

// applyOps carries out encoded operations as an entry.
func (b *bench) applyOps(ops []byte) {
	b.env.Index++
	b.s.Tick(&b.env, 10)
	var rd OpReader
	var op Op
	for rd.Reset(ops); rd.Next(&op); {
		b.execOp(&op)
	}
	if rd.Err() != nil {
		b.t.Fatal(rd.Err())
	}
}

// victims are the keys that an operation names.
func victims(t testing.TB, ops []byte) (keys []string) {
	var rd OpReader
	var op Op
	if rd.Reset(ops); !rd.Next(&op) {
		t.Fatal(rd.Err())
	}
	for _, key := range op.Args[2:] {
		keys = append(keys, string(key))
	}
	return keys
}

func (b *bench) fill(n int) {
	for i := range n {
		b.run("set", fmt.Sprintf("stay:%d", i), "v")
		b.run("set", fmt.Sprintf("go:%d", i), "v", "px", strconv.Itoa(1_000_000+i))
	}
}

// Eviction goes on until there is nothing left that the policy lets go, and that is all that goes.
func TestEvictionEnds(t *testing.T) {
	for p := range policies {
		b := newBench(t)
		b.s.SetEviction(Eviction{Policy: p, Samples: 5})
		b.fill(50)
		rounds := 0
		for ops := b.evictOp(3000); ops != nil; ops = b.evictOp(3000) {
			if rounds++; rounds > 1000 {
				t.Fatal("no end")
			}
			b.applyOps(ops)
		}
		want := 0
		switch {
		case p == NoEviction:
			want = 100
		case p.volatile():
			want = 50
		}
		if got := b.s.Keys(); got != want || b.s.TakeCounts().Evicted != uint64(100-want) {
			t.Errorf("%v leaves %d keys", p, got)
		}
		checkConsistent(t, b.s)
	}
}

// Of many keys the choice goes by where they stand. It names none of those that were deleted, none that the policy spares,
// and in the end all others.
func TestEvictionAmongManyPlaces(t *testing.T) {
	const n = 5 * chunkSize
	for p := AllKeysLRU; p < policies; p++ {
		for _, gone := range []int{0, n / 2, n - 20} {
			b := newBench(t)
			b.s.SetEviction(Eviction{Policy: p, Samples: 5})
			b.run("hset", "", "f", "v") // its place looks like a free one
			b.run("pexpire", "", "10000000")
			stay := 0
			for i := range n {
				if i%8 == 0 {
					b.run("set", fmt.Sprint("k", i), "v")
					stay++
				} else {
					b.run("set", fmt.Sprint("k", i), "v", "px", "10000000")
				}
			}
			for i := range gone {
				b.run("del", fmt.Sprint("k", i))
				if i%8 == 0 {
					stay--
				}
			}
			if !p.volatile() {
				stay = 0
			}
			for ops := b.evictOp(1 << 40); ops != nil; ops = b.evictOp(1 << 40) {
				for _, key := range victims(t, ops) {
					if e := b.s.lookup([]byte(key)).e; e == nil || p.volatile() && e.expire == 0 {
						t.Fatalf("%v: %q is chosen", p, key)
					}
				}
				b.applyOps(ops)
			}
			if got := b.s.Keys(); got != stay {
				t.Errorf("%v leaves %d keys, want %d", p, got, stay)
			}
			checkConsistent(t, b.s)
		}
	}
}

// Where many places hold a key each of them is drawn as often as any other, several at a time.
func TestDrawsAreEven(t *testing.T) {
	b := newBench(t)
	b.s.SetEviction(Eviction{Policy: AllKeysLRU, Samples: 5})
	const n, times = 2 * chunkSize, 100
	for i := range n {
		b.run("set", fmt.Sprint("k", i), "v")
	}
	for i := range n / 4 {
		b.run("del", fmt.Sprint("k", 3*i))
	}
	drawn := map[string]int{}
	env := b.env
	b.s.begin(&env)
	for k := 0; k < times*b.s.Keys(); {
		es := b.s.draw(nil, AheadMax)
		if k == 0 && len(es) < 2 {
			t.Fatal("keys are drawn one by one")
		}
		for _, e := range es {
			drawn[e.name()]++
		}
		k += len(es)
	}
	if len(drawn) != b.s.Keys() {
		t.Errorf("%d of %d keys are drawn", len(drawn), b.s.Keys())
	}
	for key, k := range drawn { // of a deviation of ten from a hundred
		if k < times-60 || k > times+60 || b.s.lookup([]byte(key)).e == nil {
			t.Errorf("%s is drawn %d times", key, k)
		}
	}
}

// The best candidates that a choice leaves are the next one's, and no worse ones come in their place.
func TestCandidatesStay(t *testing.T) {
	const old, samples, kept = 60, 64, 6
	b := newBench(t)
	b.s.SetEviction(Eviction{Policy: AllKeysLRU, Samples: samples})
	for i := range old {
		b.run("set", fmt.Sprint("old", i), "v")
	}
	b.later(60)
	for i := range 240 {
		b.run("set", fmt.Sprint("new", i), "v")
	}
	next := func() string {
		ops := b.evictOp(1)
		b.applyOps(ops)
		return victims(t, ops)[0]
	}
	next() // has seen every fifth key
	b.s.SetEviction(Eviction{Policy: AllKeysLRU, Samples: 1})
	for range kept {
		if key := next(); !strings.HasPrefix(key, "old") {
			t.Fatalf("%s is chosen", key)
		}
	}

	b.run("flushall")
	b.s.usage.pool = nil
	for i := range poolSize {
		b.run("set", fmt.Sprint("oldest", i), "v")
		b.s.usage.pool = append(b.s.usage.pool, fmt.Sprint("oldest", i))
	}
	b.later(600)
	for i := range 4 * chunkSize {
		b.run("set", fmt.Sprint("newest", i), "v")
	}
	b.s.SetEviction(Eviction{Policy: AllKeysLRU, Samples: 5})
	for range poolSize {
		if key := next(); !strings.HasPrefix(key, "oldest") {
			t.Fatalf("%s is chosen while there are older ones", key)
		}
	}
}

// Keys of a slot that is dropped stand where they stood as long as a snapshot wants them, and are no victims.
func TestEvictionPassesOverWhatASnapshotKeeps(t *testing.T) {
	b := newBench(t)
	b.s.SetEviction(Eviction{Policy: AllKeysLRU, Samples: 5})
	for i := range 2 * chunkSize {
		b.run("set", fmt.Sprint("{a}", i), "v")
		b.run("set", fmt.Sprint("{b}", i), "v")
	}
	b.s.BeginSnapshot(1)
	b.s.clearSlot(opOf("get", "{a}").Slot)
	for _, key := range victims(t, b.evictOp(1<<40)) {
		if !strings.HasPrefix(key, "{b}") {
			t.Fatalf("%s is chosen", key)
		}
	}
}

// As much is chosen as is asked for, and no key twice.
func TestEvictionIsEnough(t *testing.T) {
	for p := AllKeysLRU; p < policies; p++ {
		b := newBench(t)
		b.s.SetEviction(Eviction{Policy: p, Samples: 3})
		b.fill(300)
		before := b.s.Bytes()
		ops := b.evictOp(5000)
		keys := victims(t, ops)
		if slices.Sort(keys); len(slices.Compact(keys)) != len(keys) {
			t.Errorf("%v: a key is chosen twice", p)
		}
		b.applyOps(ops)
		if freed := before - b.s.Bytes(); freed < 4500 || freed > 5500 {
			t.Errorf("%v: %d bytes freed", p, freed)
		}
	}
}

func TestSoonestGoFirst(t *testing.T) {
	b := newBench(t)
	b.s.SetEviction(Eviction{Policy: VolatileTTL})
	for _, i := range []int{3, 1, 4, 5, 2} {
		b.run("set", fmt.Sprint("k", i), "v", "px", strconv.Itoa(1000*i))
	}
	if got := victims(t, b.evictOp(3*entryOverhead)); !slices.Equal(got, []string{"k1", "k2", "k3"}) {
		t.Error(got)
	}
}

// Those used last, or most, are hardly ever chosen.
func TestUsedKeysStay(t *testing.T) {
	for _, p := range []Policy{AllKeysLRU, AllKeysLFU, VolatileLRU, VolatileLFU} {
		b := newBench(t)
		b.s.SetEviction(Eviction{Policy: p, Samples: 10, LogFactor: 0})
		b.fill(200)
		b.later(60)
		for i := range 100 {
			b.run("get", fmt.Sprint("go:", i))
			b.run("get", fmt.Sprint("stay:", i))
		}
		used := 0
		all := victims(t, b.evictOp(80*entryOverhead))
		for _, key := range all {
			if n, _ := strconv.Atoi(key[slices.Index([]byte(key), ':')+1:]); n < 100 {
				used++
			}
		}
		if used > len(all)/10 {
			t.Errorf("%v: %d of %d victims were used", p, used, len(all))
		}
	}
}

// What was modified since the choice is not what was chosen.
func TestModifiedVictimsAreSpared(t *testing.T) {
	b := newBench(t)
	b.s.SetEviction(Eviction{Policy: VolatileRandom})
	b.steps(step{"set a v px 1000", "+OK|"}, step{"set b v px 1000", "+OK|"})
	ops := b.evictOp(1 << 20)
	b.run("persist", "a")
	b.applyOps(ops)
	b.steps(step{"exists a", ":1|"}, step{"exists b", ":0|"})
}

// Eviction counts as a modification, and is an event of its own.
func TestEvictionIsSeen(t *testing.T) {
	b := newBench(t)
	b.s.SetEviction(Eviction{Policy: AllKeysRandom})
	b.s.Listen(EventEvicted | EventGeneric)
	b.run("set", "k", "v")
	watch := Watch{b.s.WatchBucket([]byte("k")), b.s.watch.version}
	b.applyOps(b.evictOp(1))
	if events := b.s.TakeEvents(); len(events) != 1 || events[0] != (Event{EventEvicted, "evicted", "k"}) {
		t.Error(events)
	}
	if b.s.unchanged([]Watch{watch}, b.env.Now) {
		t.Error("a watch does not see it")
	}
}

// Replicas that are given the same evictions are the same, whatever was read where.
func TestReplicasEvictAlike(t *testing.T) {
	for p := AllKeysLRU; p < policies; p++ {
		leader, follower := newBench(t), newBench(t)
		leader.s.SetEviction(Eviction{Policy: p, Samples: 5, LogFactor: 1, DecayMinutes: 1})
		apply := func(ops []byte) {
			leader.applyOps(ops)
			follower.applyOps(ops)
		}
		for i := range 400 {
			op := opOf("set", fmt.Sprint("k", i%150), "v", "px", "900000")
			apply(AppendOp(nil, op.Slot, op.Args))
			leader.read(leader.env.Now, "get", fmt.Sprint("k", (i*i)%150))
			if i%5 == 4 {
				apply(leader.evictOp(1000))
			}
		}
		if leader.s.TakeCounts().Evicted == 0 || leader.s.Hash() != follower.s.Hash() {
			t.Errorf("%v: the replicas differ", p)
		}
	}
}

// A huge value, and all keys, are deleted without a look at what is in them.
func TestFreed(t *testing.T) {
	b := newBench(t)
	args := []string{"sadd", "big"}
	for i := range 65 {
		args = append(args, strconv.Itoa(i))
	}
	b.run(args...)
	b.run(append([]string{"sadd", "small"}, args[3:]...)...)
	b.steps(step{"unlink big", ":1|"}, step{"del small", ":1|"}, step{"set k v", "+OK|"}, step{"flushall", "+OK|"})
	if got := b.s.TakeCounts().Freed; got != 2 {
		t.Errorf("%d values freed", got)
	}
}

// No operation is longer than an entry may be, whatever the keys.
func TestEvictionIsBounded(t *testing.T) {
	b := newBench(t)
	b.s.SetEviction(Eviction{Policy: AllKeysRandom})
	long := make([]byte, 100<<10)
	for i := range 30 {
		b.run("set", string(long)+strconv.Itoa(i), "v")
	}
	if n := len(b.evictOp(1 << 40)); n < maxVictimBytes || n > maxVictimBytes+2*len(long) {
		t.Errorf("%d bytes", n)
	}
}

// A choice ends after so many samples, or victims; what is left over is for the next ones.
func TestChoiceIsBounded(t *testing.T) {
	b := newBench(t)
	for i := range 5000 {
		b.run("set", fmt.Sprint("k", i), "v", "px", "1000000")
	}
	for p := AllKeysLRU; p < policies; p++ {
		for _, samples := range []int{1, 64} {
			b.s.SetEviction(Eviction{Policy: p, Samples: samples})
			most := maxVictims
			if p != AllKeysRandom && p != VolatileRandom && p != VolatileTTL {
				most = min(most, maxSampled/samples)
			}
			if n := len(victims(t, b.evictOp(1<<40))); n < most/2 || n > most {
				t.Errorf("%v of %d: %d victims, at most %d", p, samples, n, most)
			}
		}
	}
	for range 4 {
		b.applyOps(b.evictOp(1 << 40))
	}
	if n := b.s.Keys(); n != 0 {
		t.Errorf("%d keys stay", n)
	}
}

// Two victims of one bucket both go, for the first one that is deleted is no reason to spare the second.
func TestVictimsOfOneBucketGo(t *testing.T) {
	b := newBench(t)
	keys := map[uint16]string{}
	for i := 0; ; i++ {
		key := fmt.Sprint("k", i)
		bucket := b.s.WatchBucket([]byte(key))
		if other, ok := keys[bucket]; ok {
			b.steps(step{"set " + key + " v", "+OK|"}, step{"set " + other + " v", "+OK|"})
			b.applyOps(AppendOp(nil, 0, argsOf("evict", strconv.FormatUint(b.s.watch.version, 10), key, other)))
			break
		}
		keys[bucket] = key
	}
	if n := b.s.Keys(); n != 0 {
		t.Errorf("%d keys stay", n)
	}
}

// A key that was used since it became a candidate is none any more.
func TestCandidatesAreReviewed(t *testing.T) {
	for _, p := range []Policy{AllKeysLRU, AllKeysLFU} {
		b := newBench(t)
		b.s.SetEviction(Eviction{Policy: p, Samples: 64, LogFactor: 0})
		b.run("set", "old", "v", "px", "1000000")
		b.later(60)
		b.fill(4)
		b.evictOp(1) // the sample has all keys, and the pool the others from now on
		b.s.usage.pool = append(b.s.usage.pool, "stay:0", "go:0", "gone")
		b.later(60)
		for range 10 {
			b.run("get", "stay:0")
			b.run("get", "go:0")
		}
		for _, key := range victims(t, b.evictOp(3*entryOverhead)) {
			if key == "stay:0" || key == "go:0" || key == "gone" {
				t.Errorf("%v: %s is chosen", p, key)
			}
		}
	}
}

// No time since a key was used is so long that it seems to be used just now.
func TestLongIdle(t *testing.T) {
	b := newBench(t)
	b.s.SetEviction(Eviction{Policy: AllKeysLRU, Samples: 1})
	b.run("set", "k", "v")
	_, payload, _ := strings.Cut(strings.TrimSuffix(b.run("dump", "k"), "\r\n"), "\r\n")
	for _, days := range []int64{1, 190, 194, 195, 231, 400} {
		idle := days * 24 * 60 * 60
		b.run("restore", "k", "0", payload, "replace", "idletime", strconv.FormatInt(idle, 10))
		want := fmt.Sprintf(":%d\r\n", min(idle, longestIdle))
		if got := b.read(b.env.Now, "object", "idletime", "k"); got != want {
			t.Errorf("%d days: idle for %q, want %q", days, got, want)
		}
	}
}

// A value that gets another name is not freed.
func TestRenameFreesNothing(t *testing.T) {
	b := newBench(t)
	args := []string{"sadd", "big"}
	for i := range 65 {
		args = append(args, strconv.Itoa(i))
	}
	b.run(args...)
	b.steps(step{"rename big {big}2", "+OK|"})
	if got := b.s.TakeCounts().Freed; got != 0 {
		t.Errorf("%d values freed", got)
	}
}

// BenchmarkEvict chooses victims among keys that no cache holds. ns/op is for one victim.
func BenchmarkEvict(bm *testing.B) {
	for _, p := range []Policy{AllKeysLRU, AllKeysLFU, AllKeysRandom, VolatileLRU, VolatileTTL} {
		b := newBench(bm)
		b.s.SetEviction(Eviction{Policy: p, Samples: 5, LogFactor: 10, DecayMinutes: 1})
		for i := range 1_000_000 {
			b.exec("set", "key:"+strconv.Itoa(i), "v", "px", "100000")
		}
		bm.Run(p.String(), func(bm *testing.B) {
			for n := 0; n < bm.N; {
				n += len(victims(bm, b.evictOp(1000*entryOverhead)))
			}
		})
	}
}
