package keyspace

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
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
		b.s.begin(&b.env)
		b.s.clearSlot(slot)
		b.s.entries.reclaim()
		checkConsistent(t, b.s)
		if held, least := b.s.entries.chunksHeld(), map[bool]int{true: 5, false: 1}[snap != nil]; held < least {
			t.Errorf("%s: %d chunks are left while the snapshot wants them", finish, held)
		}
		switch finish {
		case "done":
			blocks := 0
			for done := false; !done; blocks++ {
				_, done = snap.Next(nil, 1<<20)
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

// A key that is deleted and made again in one transaction is told of by its old name and its new one.
func TestNamesOutliveTheirKeys(t *testing.T) {
	b := newBench(t)
	b.s.Listen(EventNew | EventGeneric | EventString)
	b.exec("set", "{k}1", "value")
	b.s.TakeEvents()
	b.execOp(&Op{Slot: opOf("get", "{k}").Slot, Tx: &Tx{Cmds: [][][]byte{
		argsOf("rename", "{k}1", "{k}2"), argsOf("del", "{k}2"), argsOf("set", "{k}3", "x"), argsOf("rename", "{k}3", "{k}4"),
	}}})
	var got string
	for _, e := range b.s.TakeEvents() {
		got += fmt.Sprintf("%s %s, ", e.Name, e.Key)
	}
	b.exec("mset", "{k}5", "x", "{k}6", "x") // in the places of those
	want := "new {k}2, rename_from {k}1, rename_to {k}2, del {k}2, new {k}3, set {k}3, new {k}4, rename_from {k}3, rename_to {k}4, "
	if got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}
