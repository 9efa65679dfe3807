package keyspace

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/resp"
)

// once runs a transaction with a key in an entry of its own. Its slot is that of {k}.
func (b *bench) once(key string, cmds ...string) string {
	b.env.Index++
	b.s.Tick(&b.env, 10)
	tx := &Tx{Once: []byte(key)}
	for _, c := range cmds {
		tx.Cmds = append(tx.Cmds, argsOf(words(c)...))
	}
	return b.execOp(&Op{Slot: slotmap.Slot([]byte("{k}")), Tx: tx})
}

func (b *bench) wantOnce(want, key string, cmds ...string) {
	b.t.Helper()
	if got := b.once(key, cmds...); got != crlf(want) {
		b.t.Errorf("%s of %q: %q, want %q", key, cmds, got, crlf(want))
	}
}

func TestOnceIsAppliedOnce(t *testing.T) {
	b := newBench(t)
	b.wantOnce("*2|:1|$1|1|", "a", "incr {k}", "get {k}")
	b.wantOnce("*2|:1|$1|1|", "a", "incr {k}", "get {k}")
	b.wantOnce("-"+errOnceReused+"|", "a", "incr {k}", "get {k}2")
	b.wantOnce("*2|:2|$1|2|", "b", "incr {k}", "get {k}")
	b.steps(step{"get {k}", "$1|2|"})
	b.wantOnce("*1|-ERR value is not an integer or out of range|", "c", "incrby {k} x")
	b.wantOnce("*1|-ERR value is not an integer or out of range|", "c", "incrby {k} x")
	if n := b.s.Remembered(); n != 3 {
		t.Errorf("%d are remembered", n)
	}
}

// The key belongs to the slot, and its reply to no protocol version.
func TestOnceBySlotAndInRESP2(t *testing.T) {
	b := newBench(t)
	b.w.SetProto(3)
	b.run("hset", "{k}", "f", "v")
	b.wantOnce("*1|*2|$1|f|$1|v|", "a", "hgetall {k}")
	tx := &Tx{Once: []byte("b"), Cmds: [][][]byte{argsOf("hgetall", "{k}")}}
	for _, slot := range []uint16{slotmap.Slot([]byte("{k}")), slotmap.Slot([]byte("other"))} {
		b.execOp(&Op{Slot: slot, Tx: tx})
	}
	if n := b.s.Remembered(); n != 3 {
		t.Errorf("%d are remembered", n)
	}
}

func TestOnceNeverAsARead(t *testing.T) {
	b := newBench(t)
	b.env.Read = true
	b.wantOnce("-"+string(refuseRead)+"|", "a", "get {k}")
}

// A transaction that a watched key keeps from running was not done, and is no answer to anything.
func TestOnceWithAWatch(t *testing.T) {
	b := newBench(t)
	w := watchKey(b, "{k}")
	b.run("set", "{k}", "a")
	op := &Op{Slot: slotmap.Slot([]byte("{k}")), Tx: &Tx{Once: []byte("a"), Watches: []Watch{w}, Cmds: [][][]byte{argsOf("del", "{k}")}}}
	if got := b.execOp(op); got != "*-1\r\n" || b.s.Remembered() != 0 {
		t.Errorf("%q, %d remembered", got, b.s.Remembered())
	}
}

// A replica whose replies nobody hears remembers the same, and so does one that began with a snapshot.
func TestOnceOnEveryReplica(t *testing.T) {
	b, silent := newBench(t), newBench(t)
	silent.w.SetDiscard(true)
	var discard resp.Writer
	discard.SetDiscard(true)
	for i := range 3 {
		cmds := []string{"rpush {k} a b", "lrange {k} 0 -1"}
		b.once(fmt.Sprint(i), cmds...)
		tx := &Tx{Once: []byte(fmt.Sprint(i)), Cmds: [][][]byte{argsOf(words(cmds[0])...), argsOf(words(cmds[1])...)}}
		silent.env = b.env
		silent.s.Exec(&silent.env, &Op{Slot: slotmap.Slot([]byte("{k}")), Tx: tx}, &discard)
	}
	if b.s.Hash() != silent.s.Hash() {
		t.Error("who answers and who does not differ")
	}
	late := copyOf(t, silent.s)
	if late.Hash() != b.s.Hash() {
		t.Error("a snapshot loses something")
	}
	b.s = late
	b.wantOnce("*2|:2|*2|$1|a|$1|b|", "0", "rpush {k} a b", "lrange {k} 0 -1")
	b.s.DropSlots(&b.env, b.s.Slots()[0].Range)
	if n := b.s.Remembered(); n != 0 || b.s.once.bytes != 0 || len(b.s.once.byKey) != 0 {
		t.Errorf("%d are left of slots that went away", n)
	}
}

// What is remembered of any command is the same whatever the replicas saw of the use of keys, and evict by.
func TestOnceTellsNothingOfOneReplica(t *testing.T) {
	b, other := newBench(t), newBench(t)
	other.s.SetEviction(Eviction{Policy: AllKeysLFU, Samples: 5, LogFactor: 0, DecayMinutes: 1})
	benches := []*bench{b, other}
	for _, on := range benches {
		on.run("set", "{k}", "v")
		on.env.Now += 100_000
	}
	other.read(other.env.Now, "get", "{k}")
	for i, cmd := range reads() {
		var replies []string
		for _, on := range benches {
			replies = append(replies, on.once(fmt.Sprint(i), cmd))
		}
		if replies[0] != replies[1] || b.s.Hash() != other.s.Hash() {
			t.Fatalf("%s: %q", cmd, replies)
		}
	}
	b.wantOnce("*1|-"+string(refuseKept)+"|", "idle", "object idletime {k}")
	b.steps(step{"object idletime {k}", ":0|"})
}

// reads are all commands that read {k}, with as few arguments as they may have.
func reads() (lines []string) {
	add := func(name string, arity int) {
		args := strings.Repeat(" {k}", max(arity, -arity)-1-strings.Count(name, " "))
		lines = append(lines, name+args)
	}
	for _, name := range slices.Sorted(maps.Keys(handlers)) {
		name = strings.Replace(name, "|", " ", 1)
		if c := lookupArgs(argsOf(strings.Fields(name)...)); c.ReadOnly() {
			add(name, c.Arity)
		}
	}
	return append(lines, "debugkey object {k}", "debugkey digest-value {k}")
}

func TestOnceForgetsByTheShardsClock(t *testing.T) {
	b := newBench(t)
	b.once("a", "incr {k}")
	b.env.Now += onceKept
	b.wantOnce("*1|:1|", "a", "incr {k}")
	b.env.Now++
	b.wantOnce("*1|:2|", "a", "incr {k}")
}

func TestOnceLongReplies(t *testing.T) {
	b := newBench(t)
	long := strings.Repeat("x", maxOnceReply)
	b.run("set", "{k}", long)
	if got := b.once("a", "getdel {k}"); !strings.Contains(got, long) {
		t.Errorf("%d bytes", len(got))
	}
	b.wantOnce("-"+errOnceApplied+"|", "a", "getdel {k}")

	b.run("set", "{k}", strings.Repeat("x", maxOnceAnswer/2))
	b.wantOnce("-"+errOnceLarge+"|", "b", "getset {k} y", "getset {k} z", "append {k} "+long, "getdel {k}", "set {k} 1",
		"setrange {k} 33554432 x", "get {k}")
	b.wantOnce("-"+errOnceReused+"|", "b", "getset {k} y")
}

// What is full makes room by what is old, and refuses where nothing is.
func TestOnceIsBounded(t *testing.T) {
	b := newBench(t)
	table := &b.s.once
	for i := range maxOnce {
		table.add(&onceDone{onceKey: onceKey{slotmap.Slot([]byte("{k}")), fmt.Sprint("old", i)}, at: b.env.Now, reply: []byte("x")})
	}
	if table.bytes > maxOnceBytes {
		t.Fatalf("the bound in bytes is met first: %d", table.bytes)
	}
	b.wantOnce("-"+errOnceFull+"|", "a", "incr {k}")
	b.env.Now += onceSure
	b.wantOnce("*1|:1|", "a", "incr {k}")
	if n := b.s.Remembered(); n != maxOnce {
		t.Errorf("%d are remembered", n)
	}
	if size := maxOnceBytes - table.bytes; table.room(size, b.env.Now-1) || !table.room(size, b.env.Now) {
		t.Error("the bound in bytes")
	}
}
