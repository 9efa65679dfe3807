package keyspace

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/troupedb/troupe/slotmap"
)

// mustWait carries out a command that has to wait, in an entry of its own.
func (b *bench) mustWait(line string) (id uint64) {
	b.t.Helper()
	b.env.Index++
	reply, id := b.wait(words(line)...)
	if id == 0 || reply != "" {
		b.t.Fatalf("%s does not wait: %q", line, reply)
	}
	return id
}

// ends are the waits that ended since it was called last, in order: "id:reply".
func (b *bench) ends() string {
	var all []string
	for _, end := range b.s.TakeServed() {
		all = append(all, fmt.Sprintf("%d:%s", end.ID, strings.ReplaceAll(string(end.Reply), "\r\n", "|")))
	}
	return strings.Join(all, " ")
}

func (b *bench) wantEnds(format string, args ...any) {
	b.t.Helper()
	if got, want := b.ends(), fmt.Sprintf(format, args...); got != want {
		b.t.Fatalf("ended %s\n want %s", got, want)
	}
}

// Those who wait are served by arrival, whatever else they wait for, right behind the command that has it.
func TestWaitersAreServedByArrival(t *testing.T) {
	b := newBench(t)
	first, second := b.mustWait("blpop {k}1 {k}2 0"), b.mustWait("brpop {k}2 0")
	third := b.mustWait("blmpop 0 1 {k}2 left count 5")
	b.steps(step{"rpush {k}3 x", ":1|"}, step{"exists {k}1 {k}2", ":0|"})
	b.wantEnds("")
	b.steps(step{"rpush {k}2 a b c d", ":4|"}, step{"exists {k}2", ":0|"})
	b.wantEnds("%d:*2|$4|{k}2|$1|a| %d:*2|$4|{k}2|$1|d| %d:*2|$4|{k}2|*2|$1|b|$1|c|", first, second, third)
	if keys, _ := b.s.BlockingKeys(); b.s.Waiters() != 0 || keys != 0 || b.s.waiters.size != 0 {
		t.Error("something is left of those who waited")
	}
}

// The same key twice is one place in the queue.
func TestWaiterOfTheSameKeyTwice(t *testing.T) {
	b := newBench(t)
	first, second := b.mustWait("blpop k k 0"), b.mustWait("blpop k 0")
	b.run("rpush", "k", "a", "b")
	b.wantEnds("%d:*2|$1|k|$1|a| %d:*2|$1|k|$1|b|", first, second)
}

// Whatever gives a key a value that a waiter can use serves it.
func TestWhatServesWaiters(t *testing.T) {
	for _, line := range []string{"rpush k a", "lpush k a", "lmove {k}s k left left", "rename {k}s k", "copy {k}s k", "renamenx {k}s k",
		"rpoplpush {k}s k", "brpoplpush {k}s k 0"} {
		b := newBench(t)
		b.run("rpush", "{k}s", "a")
		id := b.mustWait("blpop k 0")
		b.run(words(line)...)
		b.wantEnds("%d:*2|$1|k|$1|a|", id)
	}
	b := newBench(t)
	id := b.mustWait("bzpopmin k 0")
	list := b.mustWait("blpop k 0")
	b.run("rpush", "k", "x") // of another type, it is no use to the first
	b.wantEnds("%d:*2|$1|k|$1|x|", list)
	b.run("set", "k", "text")
	b.run("del", "k")
	b.wantEnds("")
	b.run("zadd", "k", "1", "m")
	b.wantEnds("%d:*3|$1|k|$1|m|$1|1|", id)
}

// What a transaction does in between shows to nobody.
func TestWaitersSeeWholeTransactions(t *testing.T) {
	b := newBench(t)
	id := b.mustWait("blpop k 0")
	tx := func(lines ...string) string {
		op := &Op{Slot: slotmap.Slot([]byte("k")), Tx: &Tx{}}
		for _, line := range lines {
			op.Tx.Cmds = append(op.Tx.Cmds, argsOf(words(line)...))
		}
		b.env.Index++
		return b.execOp(op)
	}
	tx("rpush k a", "del k", "set k v", "del k")
	b.wantEnds("")
	if got := tx("blpop k 0", "rpush k a b", "lpush k c", "blpop k 0", "blmove {k}2 k left left 0"); got !=
		crlf("*5|*-1|:2|:3|*2|$1|k|$1|c|$-1|") {
		t.Error(got)
	}
	b.wantEnds("%d:*2|$1|k|$1|a|", id)
}

// A chain of moves is one operation, also where it comes back to where it began.
func TestChainsOfWaiters(t *testing.T) {
	b := newBench(t)
	first, second := b.mustWait("blmove {k}1 {k}2 left left 0"), b.mustWait("blmove {k}2 {k}1 left left 0")
	third := b.mustWait("blpop {k}1 0")
	b.run("rpush", "{k}1", "a")
	b.wantEnds("%d:$1|a| %d:$1|a| %d:*2|$4|{k}1|$1|a|", first, second, third)

	again := b.mustWait("brpoplpush k k 0")
	b.run("rpush", "k", "a", "b")
	b.wantEnds("%d:$1|b|", again)
	b.steps(step{"lrange k 0 -1", "*2|$1|b|$1|a|"})

	b.run("set", "{k}s", "text")
	bad := b.mustWait("blmove {k}1 {k}s left left 0")
	next := b.mustWait("blpop {k}1 0")
	b.run("rpush", "{k}1", "x")
	b.wantEnds("%d:-%s| %d:*2|$4|{k}1|$1|x|", bad, errWrongType, next)
}

func TestUnblock(t *testing.T) {
	b := newBench(t)
	b.w.SetProto(3)
	first, second, third := b.mustWait("blpop k 0"), b.mustWait("bzmpop 0 1 k min"), b.mustWait("blpop k 0")
	before := b.s.watch.version
	if got := b.run("unblock", "timeout", fmt.Sprint(first), "77", "x", fmt.Sprint(first)); got != ":1\r\n" {
		t.Error(got)
	}
	b.run("unblock", "error", fmt.Sprint(second))
	b.wantEnds("%d:_| %d:-UNBLOCKED client unblocked via CLIENT UNBLOCK|", first, second)
	if b.s.watch.version != before {
		t.Error("the end of a wait is a change")
	}
	b.run("rpush", "k", "a")
	b.wantEnds("%d:*2|$1|k|$1|a|", third)
	b.mustWait("blpop k 0")
	b.s.EndWaits()
	b.steps(step{"rpush k a", ":1|"}, step{"llen k", ":1|"})
	b.wantEnds("")
}

// A wait is none of a transaction's business until it ends.
func TestWaitersAndWatch(t *testing.T) {
	b := newBench(t)
	version := b.s.watch.version
	b.mustWait("blpop k 0")
	if b.s.watch.version != version {
		t.Error("a wait is a change")
	}
	bucket := b.s.WatchBucket([]byte("{k}2"))
	b.mustWait("blmove {k}1 {k}2 left left 0")
	b.run("rpush", "{k}1", "x")
	if b.s.watch.modified(bucket) <= version {
		t.Error("what a waiter moved to is not modified")
	}
}

func TestWaitersAreBounded(t *testing.T) {
	b := newBench(t)
	long := strings.Repeat("k", 1<<20)
	refused := 0
	for range maxWaiting>>21 + 1 {
		if reply, id := b.wait("blpop", long, "0"); id == 0 && reply == "-"+errTooManyWaiters+"\r\n" {
			refused++
		}
	}
	if refused == 0 || b.s.waiters.size > maxWaiting {
		t.Errorf("%d refused, %d bytes wait", refused, b.s.waiters.size)
	}
	b.s.EndWaits()
	for range maxWaiters {
		b.env.Index++
		b.wait("blpop", "k", "0")
	}
	if reply, _ := b.wait("blpop", "k", "0"); reply != "-"+errTooManyWaiters+"\r\n" {
		t.Error(reply)
	}
}

func TestTimeouts(t *testing.T) {
	b := newBench(t)
	for text, want := range map[string]int64{
		"0": 0, "0.0": 0, "1": 1000, "0.001": 1, "0.0011": 2, "1e-9": 1, "-0.0001": 0, "2.5": 2500, "0x10": 16000,
		"1000000000": 1_000_000_000_000,
	} {
		_, id := b.wait("blpop", "k", text)
		if got, ok := b.s.Blocked(); !ok || got.ID != id || got.Timeout != want {
			t.Errorf("%s: %d ms, %v", text, got.Timeout, ok)
		}
	}
	for text, want := range map[string]string{
		"x": "not a float or out of range", "": "not a float or out of range", "nan": "not a float or out of range",
		"-1": "negative", "-inf": "negative", "-1e300": "negative", "inf": "out of range", "1e300": "out of range",
		"9223372036854775": "out of range",
	} {
		if reply, _ := b.wait("blpop", "k", text); reply != "-ERR timeout is "+want+"\r\n" {
			t.Errorf("%s: %q", text, reply)
		}
	}
}

// Who waits is in a snapshot, and goes on waiting where it is restored, though nobody there hears of it.
func TestSnapshotOfWaiters(t *testing.T) {
	b := newBench(t)
	ids := []uint64{b.mustWait("blpop {k}1 {k}2 0"), b.mustWait("blmove {k}2 {k}3 left left 0"), b.mustWait("bzpopmin {k}1 0")}
	n := b.s.BeginSnapshot(b.env.Index)
	b.run("unblock", "timeout", fmt.Sprint(ids[0])) // too late for the snapshot
	b.mustWait("blpop {k}1 0")
	late := restoreAll(t, takeAll(n, 1))
	if keys, _ := late.BlockingKeys(); late.Waiters() != 3 || keys != 2 {
		t.Fatalf("%d wait for %d keys", late.Waiters(), keys)
	}
	other := &bench{t: t, s: copyOf(t, b.s), env: b.env}
	sameState(t, other.s, b.s)
	for _, line := range []string{"rpush {k}2 a b", "zadd {k}1 1 m", "rpush {k}1 c"} {
		b.run(words(line)...)
		other.run(words(line)...)
		sameState(t, other.s, b.s)
	}
	if other.ends() != "" {
		t.Error("a replica answers for another")
	}
}

func TestHashSeesWaiters(t *testing.T) {
	b := newBench(t)
	seen := []uint64{b.s.Hash()}
	for _, line := range []string{"blpop k 0", "blpop k 1", "blpop {k}2 0"} {
		b.mustWait(line)
		if h := b.s.Hash(); slices.Contains(seen, h) {
			t.Errorf("%s is not seen", line)
		} else {
			seen = append(seen, h)
		}
	}
}

// Whoever waits for a key of a slot that goes to another shard is told so by an empty reply.
func TestWaitersOfSlotsThatGo(t *testing.T) {
	b := newBench(t)
	id := b.mustWait("blpop k 0")
	b.s.DropSlots(&b.env, slotmap.Range{First: 0, Last: slotmap.Count - 1})
	b.wantEnds("%d:", id)
}

// A command that wants to know when its key is gone is repeated then.
func TestWaitersOfKeysThatGo(t *testing.T) {
	for _, end := range []string{"del k", "flushall", "set k v", "rename {k}2 k", "expire k -1"} {
		b := newBench(t)
		b.run("hset", "k", "f", "v")
		b.run("set", "{k}2", "v")
		b.env.Index++
		w := &waiter{id: b.s.waiters.number(b.env.Index), slot: slotmap.Slot([]byte("k")), kind: kindStream, gone: true,
			keys: []string{"k"}, args: argsOf("type", "k"), proto: 2}
		b.s.waiters.add(w)
		b.run(words(end)...)
		if got := b.ends(); !strings.HasPrefix(got, strconv.FormatUint(w.id, 10)+":+") {
			t.Errorf("%s: %q", end, got)
		}
	}
}

// A wait that is repeated in vain goes on, in its place.
func TestWaiterKeepsItsPlace(t *testing.T) {
	b := newBench(t)
	first, second := b.mustWait("blpop k 0"), b.mustWait("blpop k 0")
	b.s.waiters.byID[first].gone, b.s.waiters.queues["k"].gone = true, 1 // as one that waits for deletion too
	b.s.waiters.wake("k")
	b.run("get", "k")
	b.wantEnds("")
	b.run("rpush", "k", "a", "b")
	b.wantEnds("%d:*2|$1|k|$1|a| %d:*2|$1|k|$1|b|", first, second)
}

// Who is served changes something by itself, which counts beside what served it.
func TestServedCountsAsAChange(t *testing.T) {
	b := newBench(t)
	b.mustWait("blpop k 0")
	b.s.TakeCounts()
	b.run("rpush", "k", "a")
	if got := b.s.TakeCounts().Changes; got != 2 {
		t.Errorf("%d changes", got)
	}
}
