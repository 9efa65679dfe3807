package keyspace

import (
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// scanning is a type with its scan: put adds a member, del takes one out, and each
// member takes width values of a scan's answer.
var scanning = []struct {
	scan  string
	put   func(member string) []string
	del   string
	width int
}{
	{"hscan", func(m string) []string { return []string{"hset", "k", m, "v"} }, "hdel", 2},
	{"sscan", func(m string) []string { return []string{"sadd", "k", m} }, "srem", 1},
	{"zscan", func(m string) []string { return []string{"zadd", "k", strconv.Itoa(len(m)), m} }, "zrem", 2},
}

// Members that are there during a whole round are visited, and those that are
// never there are not; other members come and go meanwhile, and the round goes on
// on another replica.
func TestScansVisitWhatStays(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		typ := rapid.SampledFrom(scanning).Draw(rt, "type")
		b := newBench(t)
		stay := rapid.IntRange(0, 300).Draw(rt, "stay")
		for i := range stay {
			b.exec(typ.put("stays" + strconv.Itoa(i))...)
		}
		met := map[string]bool{}
		for cursor, round := "0", 0; round == 0 || cursor != "0"; round++ {
			got := texts(t, b.run(typ.scan, "k", cursor, "count", strconv.Itoa(rapid.IntRange(1, 50).Draw(rt, "count"))))
			cursor = got[0]
			if len(got) > typ.width {
				for member := range slices.Chunk(got[1:], typ.width) {
					met[member[0]] = true
				}
			}
			for range rapid.IntRange(0, 60).Draw(rt, "changes") {
				m := "comes" + strconv.Itoa(rapid.IntRange(0, 400).Draw(rt, "member"))
				if rapid.Bool().Draw(rt, "add") {
					b.exec(typ.put(m)...)
				} else {
					b.exec(typ.del, "k", m)
				}
			}
			if rapid.Bool().Draw(rt, "move") {
				b.s = copyOf(t, b.s)
			}
		}
		for i := range stay {
			if !met["stays"+strconv.Itoa(i)] {
				rt.Fatalf("%s: member %d was there and not met", typ.scan, i)
			}
		}
		if met["never"] {
			rt.Fatal("a member that was never there")
		}
	})
}

// A round over a collection that rests visits each member once, a few at a time.
func TestScansVisitEachOnce(t *testing.T) {
	for _, typ := range scanning {
		b := newBench(t)
		const n = 3000
		for i := range n {
			b.exec(typ.put("m" + strconv.Itoa(i))...)
		}
		met := map[string]int{}
		for cursor, round := "0", 0; round == 0 || cursor != "0"; round++ {
			got := texts(t, b.run(typ.scan, "k", cursor, "count", "20"))
			if cursor = got[0]; len(got) > 1+typ.width*25 {
				t.Fatalf("%s: %d values at once", typ.scan, len(got))
			}
			for member := range slices.Chunk(got[1:], typ.width) {
				met[member[0]]++
			}
		}
		if len(met) != n {
			t.Errorf("%s: %d members met", typ.scan, len(met))
		}
		for m, times := range met {
			if times != 1 {
				t.Errorf("%s: %s met %d times", typ.scan, m, times)
			}
		}
	}
}

func TestScanOptionsOfCollections(t *testing.T) {
	newBench(t).steps(
		step{"hset k a 1 b 2", ":2|"},
		step{"hscan k 0 match a*", "*2|$1|0|*2|$1|a|$1|1|"},
		step{"hscan k 0 count 1", "*2|$1|0|*4|$1|a|$1|1|$1|b|$1|2|"}, // small: at once
		step{"hscan k 0 type hash", "-ERR syntax error|"},
		step{"hscan k x", "-ERR invalid cursor|"},
		step{"hscan none 7", "*2|$1|0|*0|"},
		step{"sscan k 0", "-" + errWrongType + "|"},
		step{"zscan k 0 bad", "-" + errWrongType + "|"},
	)
}

// What keyspace notifications tell is collected for who listens.
func TestEvents(t *testing.T) {
	b := newBench(t)
	b.run("hset", "k", "f", "v")
	if events := b.s.TakeEvents(); events != nil {
		t.Errorf("%v and nobody listens", events)
	}
	b.s.Listen(EventHash | EventSet | EventSortedSet | EventGeneric)
	for _, c := range []struct{ cmd, want string }{
		{"hset k f w", "hset k"},
		{"hsetnx k f w", ""},
		{"hincrby k n 1", "hincrby k"},
		{"hincrbyfloat k n 1", "hincrbyfloat k"},
		{"hdel k x", ""},
		{"hdel k f n", "hdel k, del k"},
		{"sadd s a b", "sadd s"},
		{"sadd s a", ""},
		{"smove s s a", ""},
		{"sadd {s}2 c", "sadd {s}2"},
		{"smove s {s}2 a", "srem s, sadd {s}2"},
		{"smove s {s}2 b", "srem s, del s, sadd {s}2"},
		{"spop {s}2", "spop {s}2"},
		{"sinterstore {s}3 {s}2", "sinterstore {s}3"},
		{"sdiffstore {s}3 {s}2 {s}2", "del {s}3"},
		{"srem {s}2 a b c", "srem {s}2, del {s}2"},
		{"zadd z 1 a 2 b 3 c", "zadd z"},
		{"zadd z 1 a", ""},
		{"zadd z incr 1 a", "zincr z"},
		{"zincrby z 1 a", "zincr z"},
		{"zrem z a", "zrem z"},
		{"zpopmin z", "zpopmin z"},
		{"zremrangebyscore z 9 9", ""},
		{"zremrangebyrank z 0 -1", "zremrangebyrank z, del z"},
	} {
		b.run(words(c.cmd)...)
		got := ""
		for i, e := range b.s.TakeEvents() {
			if i > 0 {
				got += ", "
			}
			got += e.Name + " " + e.Key
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.cmd, got, c.want)
		}
	}
}

// A collection of a million members is cloned, dropped and preserved for a
// snapshot without a copy.
func TestHugeCollectionsAreNotCopied(t *testing.T) {
	if testing.Short() {
		t.Skip()
	}
	for name, fill := range collections {
		b := newBench(t)
		fill(b, "{k}1", 100_000)
		size := b.s.Bytes()
		allocated := func(f func()) int64 {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			f()
			runtime.ReadMemStats(&after)
			return int64(after.TotalAlloc - before.TotalAlloc)
		}
		b.run("copy", "{k}1", "{k}2")
		fill(b, "{k}2", 1)
		for what, f := range map[string]func(){
			"copy":     func() { b.run("copy", "{k}1", "{k}2", "replace") },
			"rename":   func() { b.run("rename", "{k}2", "{k}3") },
			"snapshot": func() { b.s.BeginSnapshot(1); fill(b, "{k}1", 1); b.s.snap.Cancel() },
			"delete":   func() { b.run("del", "{k}3") },
		} {
			if n := allocated(f); n > size/2 { // a snapshot has a table of 512 KiB
				t.Errorf("%s of a %s of %d bytes allocates %d", what, name, size, n)
			}
		}
	}
}

// The estimate of memory is near what the heap holds, for collections of any size.
func TestBytesOfCollectionsIsNearTheTruth(t *testing.T) {
	for name, fill := range collections {
		for _, n := range []int{10, 1000, 100_000} {
			b := newBench(t)
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			for i := range 200_000 / n {
				fill(b, fmt.Sprint("key", i), n)
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			real := float64(after.HeapAlloc) - float64(before.HeapAlloc)
			t.Logf("%s of %d: %.1f bytes an element, estimated %.1f", name, n, real/200_000, float64(b.s.Bytes())/200_000)
			if ratio := real / float64(b.s.Bytes()); ratio < 0.75 || ratio > 1.3 {
				t.Errorf("%s of %d: the heap grew by %.0f bytes, the estimate by %d", name, n, real, b.s.Bytes())
			}
			runtime.KeepAlive(b)
		}
	}
}
