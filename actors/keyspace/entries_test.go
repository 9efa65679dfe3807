package keyspace

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/troupedb/troupe/slotmap"
)

// chunksHeld counts the chunks that take memory.
func (t *entries) chunksHeld() (n int) {
	for _, c := range t.all {
		if c != nil {
			n++
		}
	}
	return n
}

// Entries are made and given back in any order: none is in two places, none moves, and what is given back stays as it is
// until it is reclaimed.
func TestEntries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := &entries{}
		dicts := []*dict{newDict(in), newDict(in), newDict(in)}
		at := map[string]*entry{}
		next := 0
		for range rapid.IntRange(1, 10).Draw(t, "steps") {
			i := rapid.IntRange(0, len(dicts)-1).Draw(t, "dict")
			d := dicts[i]
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0, 1:
				for range rapid.IntRange(1, 3000).Draw(t, "add") {
					next++
					key := fmt.Sprint(next)
					at[key] = insertNew(d, key, uint32(mix(uint64(next))))
				}
			case 2:
				left := rapid.IntRange(0, 3000).Draw(t, "remove")
				d.each(func(e *entry) bool {
					in.giveBack(d.remove(e))
					left--
					return left > 0
				})
			case 3:
				in.giveBackAll(d)
				dicts[i] = newDict(in)
			}
			for range 5 { // not in the places of what was given back
				next++
				key := fmt.Sprint(next)
				at[key] = insertNew(dicts[0], key, uint32(mix(uint64(next))))
			}
			for _, r := range in.gone {
				e := in.at(r)
				if at[e.name()] != e {
					t.Fatalf("key %s is not what it was", e.name())
				}
				delete(at, e.name())
			}
			for _, d := range in.dropped {
				d.all(func(_ ref, e *entry) { delete(at, e.name()) })
			}
			in.reclaim()
			checkEntries(t, in, dicts)
			for key, e := range at {
				if e.name() != key {
					t.Fatalf("key %s became %s", key, e.name())
				}
			}
			if n := in.chunksHeld(); n > len(at)+2 {
				t.Fatalf("%d chunks for %d keys", n, len(at))
			}
		}
	})
}

// What is deleted leaves its room to what comes, whichever way it is deleted.
func TestDeletedKeysLeaveTheirRoom(t *testing.T) {
	const n = 20 * chunkSize
	for what, empty := range map[string]func(b *bench){
		"one by one": func(b *bench) {
			for i := range n {
				b.exec("del", key(i))
			}
		},
		"all at once": func(b *bench) { b.exec("flushall") },
		"expired": func(b *bench) {
			for i := range n {
				b.exec("pexpire", key(i), "5")
			}
			b.env.Now += 10
			b.s.Tick(&b.env, n)
		},
		"all at once, under a snapshot": func(b *bench) {
			snap := b.s.BeginSnapshot(1)
			b.exec("flushall")
			checkConsistent(t, b.s)
			for done := false; !done; {
				_, done = snap.Next(nil, 1<<20)
			}
		},
	} {
		b := newBench(t)
		for round := range 3 {
			for i := range n {
				b.exec("set", key(i), "value")
			}
			if held := b.s.entries.chunksHeld(); held < n/chunkSize || held > n/chunkSize+2 {
				t.Errorf("%s, round %d: %d keys in %d chunks", what, round, n, held)
			}
			empty(b)
			checkConsistent(t, b.s)
			if held := b.s.entries.chunksHeld(); held > 2 || b.s.Keys() > 0 {
				t.Errorf("%s, round %d: %d keys and %d chunks are left", what, round, b.s.Keys(), held)
			}
		}
	}
}

func key(i int) string { return fmt.Sprintf("key:%d", i) }

// A slot that goes to another shard leaves its room too, after the snapshot that was under way.
func TestDroppedSlotsLeaveTheirRoom(t *testing.T) {
	for _, finish := range []string{"done", "cancelled", "none"} {
		b := newBench(t)
		for i := range 5 * chunkSize {
			b.exec("set", fmt.Sprintf("{a}%d", i), "value")
		}
		b.exec("set", "other", "value")
		slot := opOf("get", "{a}").Slot
		var snap *Snapshotter
		if finish != "none" {
			snap = b.s.BeginSnapshot(1)
		}
		b.s.DropSlots(&b.env, slotmap.Range{First: slot, Last: slot})
		checkConsistent(t, b.s)
		if held, least := b.s.entries.chunksHeld(), map[bool]int{true: 5, false: 1}[snap != nil]; held < least {
			t.Errorf("%s: %d chunks are left while the snapshot wants them", finish, held)
		}
		switch finish {
		case "done":
			var block []byte
			for done, left := false, false; !done; {
				block, done = snap.Next(block[:0], 1<<10)
				if left = left || snap.at.slot > int(slot); left && b.s.entries.chunksHeld() > 3 {
					t.Fatalf("%d chunks are left when the snapshot has left the slot", b.s.entries.chunksHeld())
				}
			}
		case "cancelled":
			snap.Cancel()
		}
		checkConsistent(t, b.s)
		if held := b.s.entries.chunksHeld(); held > 3 || b.s.Keys() != 1 {
			t.Errorf("%s: %d keys, %d chunks", finish, b.s.Keys(), held)
		}
	}
}

// What looked at keys before they were all deleted holds on to none, nor do events of them.
func TestNothingHoldsOnToDeletedKeys(t *testing.T) {
	const n, size = 2000, 10_000
	for _, look := range [][]string{{"get", "none"}, {"scan", "0", "count", "100"}, {"randomkey"}, {"keys", "none"}, {"get", key(1)}} {
		for _, remove := range [][]string{{"flushall"}, append([]string{"del"}, keysTo(n)...)} {
			b := newBench(t)
			b.exec("flushall")
			before, _ := live()
			for i := range n {
				b.exec("rpush", key(i), strings.Repeat("x", size))
			}
			if full, _ := live(); full-before < n*size {
				t.Fatalf("%d bytes for %d keys", full-before, n)
			}
			b.exec(look...)
			b.exec(remove...)
			if left, _ := live(); left-before > n*size/20 {
				t.Errorf("%d bytes are left after %v and %s", left-before, look, remove[0])
			}
			runtime.KeepAlive(b)
		}
	}
	b := newBench(t)
	b.s.Listen(EventGeneric)
	before, _ := live()
	for i := range n {
		b.exec("set", key(i), strings.Repeat("x", maxBehind))
		b.exec("del", key(i))
	}
	if left, _ := live(); left-before > n*maxBehind/2 || len(b.s.events) != n {
		t.Errorf("%d bytes are held by %d events", left-before, len(b.s.events))
	}
}

func keysTo(n int) (all []string) {
	for i := range n {
		all = append(all, key(i))
	}
	return all
}

// An entry that is not in its dict is a bug, which is told, and not looked for without end.
func TestRemoveTwicePanics(t *testing.T) {
	d := newDict(&entries{})
	es := fill(d, 10)
	d.remove(es[3])
	defer func() {
		if p := recover(); p == nil || d.used != 9 {
			t.Errorf("%v, %d keys", p, d.used)
		}
	}()
	d.remove(es[3])
}

// A key that is deleted and made again in one transaction is told of by its old name and its new one.
func TestNamesOutliveTheirKeys(t *testing.T) {
	b := newBench(t)
	b.s.Listen(EventNew | EventGeneric | EventString)
	b.exec("set", "{k}1", "value")
	b.s.TakeEvents()
	b.execOp(&Op{Slot: opOf("get", "{k}").Slot, Tx: &Tx{Cmds: [][][]byte{
		argsOf("rename", "{k}1", "{k}2"), argsOf("del", "{k}2"), argsOf("set", "{k}3", "x"), argsOf("rename", "{k}3", "{k}4"),
	}}})
	events := b.s.TakeEvents()
	b.exec("mset", "{k}5", "x", "{k}6", "x") // in the places of those
	var got string
	for _, e := range events {
		got += fmt.Sprintf("%s %s, ", e.Name, e.Key)
	}
	want := "new {k}2, rename_from {k}1, rename_to {k}2, del {k}2, new {k}3, set {k}3, new {k}4, rename_from {k}3, rename_to {k}4, "
	if got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}
