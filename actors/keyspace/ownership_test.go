package keyspace

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/troupedb/troupe/slotmap"
)

func run(first, last uint16, epoch uint64) slotmap.Run {
	return slotmap.Run{Range: slotmap.Range{First: first, Last: last}, Shard: 1, Epoch: epoch}
}

func TestSlotsTakenAndDropped(t *testing.T) {
	b := newBench(t)
	b.s.DropSlots(&b.env, slotmap.Range{First: 100, Last: 199})
	b.s.DropSlots(&b.env, slotmap.Range{First: 0, Last: 9})
	b.s.TakeSlots(&b.env, []slotmap.Run{run(150, 160, 5), run(155, 155, 6)})
	want := []slotmap.Run{run(10, 99, 1), run(150, 154, 5), run(155, 155, 6), run(156, 160, 5), run(200, slotmap.Count-1, 1)}
	if got := b.s.Slots(); !reflect.DeepEqual(got, want) {
		t.Errorf("%v\nwant %v", got, want)
	}
}

// A key whose slot was taken away behind its back is a stray.
func TestStrays(t *testing.T) {
	b := newBench(t)
	b.run("SET", "a", "1")
	b.run("MSET", "{b}1", "1", "{b}2", "2")
	if n := b.s.Strays(); n != 0 {
		t.Errorf("%d strays where every slot is owned", n)
	}
	slot := slotmap.Slot([]byte("b"))
	b.s.slots.set(without(b.s.Slots(), slotmap.Range{First: slot, Last: slot}))
	if n := b.s.Strays(); n != 2 {
		t.Errorf("%d strays, want 2", n)
	}
}

// The runs and the bits say the same as an array of epochs would.
func TestOwnershipModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := newBench(t)
		var model [slotmap.Count]uint64
		for i := range model {
			model[i] = 1
		}
		for epoch := uint64(2); epoch < 12; epoch++ {
			r := slotmap.Range{First: uint16(rapid.IntRange(0, slotmap.Count-1).Draw(rt, "first"))}
			r.Last = uint16(rapid.IntRange(int(r.First), slotmap.Count-1).Draw(rt, "last"))
			take := rapid.Bool().Draw(rt, "take")
			for s := int(r.First); s <= int(r.Last); s++ {
				model[s] = 0
				if take {
					model[s] = epoch
				}
			}
			if take {
				b.s.TakeSlots(&b.env, []slotmap.Run{run(r.First, r.Last, epoch)})
			} else {
				b.s.DropSlots(&b.env, r)
			}
		}
		var got [slotmap.Count]uint64
		for _, r := range b.s.Slots() {
			for s := int(r.First); s <= int(r.Last); s++ {
				got[s] = r.Epoch
			}
		}
		for s := range model {
			if got[s] != model[s] || b.s.slots.has(uint16(s)) != (model[s] != 0) {
				rt.Fatalf("slot %d: epoch %d, want %d", s, got[s], model[s])
			}
		}
	})
}

func TestConfigOfNonsense(t *testing.T) {
	cfg := testConfig()
	cfg.Slots = []slotmap.Run{run(5, 4, 1), run(0, 9, 1), run(9, 20, 1), run(30, slotmap.Count, 1)}
	s := New(cfg)
	if got := s.Slots(); !reflect.DeepEqual(got, []slotmap.Run{run(0, 9, 1)}) {
		t.Errorf("%v", got)
	}
}
