package slotmap

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"github.com/troupedb/troupe/wire/pack"
	"github.com/vmihailenco/msgpack/v5"
	"pgregory.net/rapid"
)

func TestMapRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := someMap.Draw(t, "map")
		b := m.AppendMsgpack(nil)
		back, err := DecodeMap(b)
		if err != nil {
			t.Fatal(err)
		}
		sameMap(t, "round trip", m, back)
		checkCanonical(t, back)
		var theirs []any
		if err := msgpack.Unmarshal(b, &theirs); err != nil || len(theirs) != 3 {
			t.Fatalf("library: %v, %v", theirs, err)
		}
		cut := rapid.IntRange(0, len(b)-1).Draw(t, "cut")
		if _, err := DecodeMap(b[:cut]); err == nil {
			t.Fatalf("a prefix of %d of %d bytes was accepted", cut, len(b))
		}
	})
}

// TestDeltasConverge: the deltas of all shards, cut to any size and applied in
// any order, some of them twice, say what the map says.
func TestDeltasConverge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := someMap.Draw(t, "map")
		var parts []Delta
		for _, s := range m.Shards() {
			parts = append(parts, m.Delta(s.ID).Split(rapid.IntRange(1, 200).Draw(t, "max"))...)
		}
		if len(parts) > 0 {
			parts = append(parts, rapid.SliceOf(rapid.SampledFrom(parts)).Draw(t, "twice")...)
			parts = rapid.Permutation(parts).Draw(t, "order")
		}
		var got *Map
		for _, d := range parts {
			back, err := DecodeDelta(d.AppendMsgpack(nil))
			if err != nil {
				t.Fatal(err)
			}
			got, _ = got.Apply(back)
		}
		sameMap(t, "converged", m, got)
	})
}

// TestApplyIsMerge compares Apply with Merge of a map that says the same.
func TestApplyIsMerge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := someMap.Draw(t, "map")
		d := Delta{Shard: drawShard(t), Runs: someRuns.Draw(t, "runs")}
		if d.Shard.ID == 0 {
			d.Shard.ID = 3
		}
		runs := append([]Run(nil), d.Runs...)
		for i := range runs {
			runs[i].Shard = d.Shard.ID
		}
		got, changed := m.Apply(d)
		want, wantChanged := m.Merge(New(runs, []Shard{d.Shard}))
		sameMap(t, "applied", got, want)
		if changed != wantChanged {
			t.Fatalf("changed %v, want %v", changed, wantChanged)
		}
	})
}

func TestSplitKeepsToSize(t *testing.T) {
	const maxBytes = 1300
	members := make([]Member, MaxMembers)
	for i := range members {
		members[i] = Member{Replica: math.MaxUint64 - uint64(i), Node: NodeID{byte(i)}}
	}
	d := Delta{Shard: Shard{ID: math.MaxUint32, Index: math.MaxUint64, Members: members, Term: math.MaxUint64, Leader: math.MaxUint64}}
	for slot := 0; slot < Count; slot += 2 {
		d.Runs = append(d.Runs, Run{Range: Range{uint16(slot), uint16(slot)}, Epoch: math.MaxUint64 - uint64(slot)})
	}
	parts := d.Split(maxBytes)
	for i, p := range parts {
		if n := len(p.AppendMsgpack(nil)); n > maxBytes {
			t.Errorf("part %d takes %d bytes", i, n)
		}
		if i > 0 && len(p.Shard.Members) > 0 {
			t.Errorf("part %d repeats the members", i)
		}
	}
	whole, _ := (*Map)(nil).Apply(d)
	var pieced *Map
	for _, p := range parts {
		pieced, _ = pieced.Apply(p)
	}
	if !whole.Equal(pieced) || len(parts) < 2 {
		t.Errorf("%d parts say something else", len(parts))
	}
	if n := len(Delta{Shard: d.Shard}.AppendMsgpack(nil)); n >= 1150 {
		t.Errorf("the largest shard takes %d bytes", n)
	}
}

// TestLargestMap: the worst map within the bounds can be sent and read.
func TestLargestMap(t *testing.T) {
	runs := make([]Run, Count)
	for i := range runs {
		runs[i] = Run{Range{uint16(i), uint16(i)}, ShardID(i%MaxShards + 1), math.MaxUint64 - uint64(i)}
	}
	m := New(runs, nil)
	back, err := DecodeMap(m.AppendMsgpack(nil))
	if err != nil || !back.Equal(m) || len(m.Runs()) != Count || len(m.Shards()) != MaxShards {
		t.Errorf("%d runs, %d shards, %v", len(m.Runs()), len(m.Shards()), err)
	}
}

// encoding builds a map or delta by hand, to break it at one place.
type encoding []byte

func enc() encoding                      { return nil }
func (e encoding) arr(n int) encoding    { return pack.AppendArray(e, n) }
func (e encoding) str(s string) encoding { return pack.AppendString(e, s) }
func (e encoding) bin(n int) encoding    { return pack.AppendBytes(e, make([]byte, n)) }
func (e encoding) yes() encoding         { return pack.AppendBool(e, true) }
func (e encoding) raw(s string) encoding { return append(e, s...) }
func (e encoding) u(vs ...uint64) encoding {
	for _, v := range vs {
		e = pack.AppendUint(e, v)
	}
	return e
}

func TestDecodeMapRefuses(t *testing.T) {
	noRuns := enc().arr(3).u(1).arr(0)
	oneShard := func(id uint64) encoding { return noRuns.arr(1).arr(5).u(id, 1) }
	for _, c := range []struct {
		name string
		b    encoding
		want error
	}{
		{"nothing", enc(), pack.ErrShort},
		{"not an array", enc().str("map"), pack.ErrType},
		{"other format", enc().arr(3).u(2).arr(0).arr(0), ErrInvalid},
		{"other length", enc().arr(2).u(1).arr(0), ErrInvalid},
		{"trailing", enc().arr(3).u(1).arr(0).arr(0).u(0), pack.ErrTrailing},
		{"runs not a multiple", enc().arr(3).u(1).arr(3).u(0, 1, 1).arr(0), ErrInvalid},
		{"too many runs", enc().arr(3).u(1).raw("\xdd\x00\x01\x00\x04").raw(string(make([]byte, 65540))), pack.ErrLimit},
		{"runs claimed only", enc().arr(3).u(1).raw("\xdd\x00\x01\x00\x00"), pack.ErrShort},
		{"slot out of range", enc().arr(3).u(1).arr(4).u(0, Count, 1, 1).arr(0), pack.ErrLimit},
		{"run backwards", enc().arr(3).u(1).arr(4).u(5, 4, 1, 1).arr(0), ErrInvalid},
		{"run of no shard", enc().arr(3).u(1).arr(4).u(5, 6, 0, 1).arr(0), ErrInvalid},
		{"run of no epoch", enc().arr(3).u(1).arr(4).u(5, 6, 1, 0).arr(0), ErrInvalid},
		{"shard of a run too large", enc().arr(3).u(1).arr(4).u(5, 6, 1<<32, 1).arr(0), pack.ErrLimit},
		{"runs overlap", enc().arr(3).u(1).arr(8).u(5, 6, 1, 1, 6, 7, 1, 1).arr(0), ErrInvalid},
		{"too many shards", noRuns.raw("\xdc\x10\x01").raw(string(make([]byte, 5000))), pack.ErrLimit},
		{"shard 0", oneShard(0).arr(0).u(0, 0), ErrInvalid},
		{"shard too large", oneShard(1<<32).arr(0).u(0, 0), pack.ErrLimit},
		{"shard too short", noRuns.arr(1).arr(4).u(1, 1).arr(0).u(0, 0), ErrInvalid},
		{"shard twice", noRuns.arr(2).arr(5).u(1, 0).arr(0).u(0, 0).arr(5).u(1, 0).arr(0).u(0, 0), ErrInvalid},
		{"member 0", oneShard(1).arr(3).u(0).bin(20).yes().u(0, 0), ErrInvalid},
		{"member twice", oneShard(1).arr(6).u(1).bin(20).yes().u(1).bin(20).yes().u(0, 0), ErrInvalid},
		{"node id too short", oneShard(1).arr(3).u(1).bin(19).yes().u(0, 0), ErrInvalid},
		{"node id too long", oneShard(1).arr(3).u(1).bin(21).yes().u(0, 0), pack.ErrLimit},
		{"members not a multiple", oneShard(1).arr(2).u(1).bin(20).u(0, 0), ErrInvalid},
		{"too many members", oneShard(1).raw("\xdc\x00\x63").raw(string(make([]byte, 200))), pack.ErrLimit},
	} {
		if m, err := DecodeMap(c.b); !errors.Is(err, c.want) || m != nil {
			t.Errorf("%s: %v, %v", c.name, m, err)
		}
	}
}

func TestDecodeDeltaRefuses(t *testing.T) {
	shard := enc().arr(3).u(1).arr(5).u(1, 0).arr(0).u(0, 0)
	for _, c := range []struct {
		name string
		b    encoding
		want error
	}{
		{"nothing", enc(), pack.ErrShort},
		{"a map", (*Map)(nil).AppendMsgpack(nil), pack.ErrType},
		{"other format", enc().arr(3).u(9).arr(5).u(1, 0).arr(0).u(0, 0).arr(0), ErrInvalid},
		{"shard 0", enc().arr(3).u(1).arr(5).u(0, 0).arr(0).u(0, 0).arr(0), ErrInvalid},
		{"claims not a multiple", shard.arr(2).u(1, 2), ErrInvalid},
		{"claims out of order", shard.arr(6).u(9, 9, 1, 1, 1, 1), ErrInvalid},
		{"claim of no epoch", shard.arr(3).u(1, 2, 0), ErrInvalid},
		{"trailing", shard.arr(0).u(0), pack.ErrTrailing},
	} {
		if d, err := DecodeDelta(c.b); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, %v", c.name, d, err)
		}
	}
}

func FuzzDecodeMap(f *testing.F) {
	members := []Member{{1, NodeID{1}, false}, {2, NodeID{2}, true}}
	f.Add((*Map)(nil).AppendMsgpack(nil))
	f.Add(New(Even(6), []Shard{{ID: 1, Index: 7, Members: members, Term: 3, Leader: 1}}).AppendMsgpack(nil))
	f.Add([]byte("\x93\x01\xdd\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := DecodeMap(b)
		if err != nil {
			return
		}
		again := m.AppendMsgpack(nil)
		back, err := DecodeMap(again)
		if err != nil || !back.Equal(m) || back.Digest() != m.Digest() || !bytes.Equal(back.AppendMsgpack(nil), again) {
			t.Fatalf("not canonical: %v", err)
		}
		if len(m.Runs()) > Count || len(m.Shards()) > MaxShards {
			t.Fatalf("%d runs, %d shards", len(m.Runs()), len(m.Shards()))
		}
	})
}

func FuzzDecodeDelta(f *testing.F) {
	f.Add(New(Even(3), nil).Delta(2).AppendMsgpack(nil))
	f.Add(Delta{Shard: Shard{ID: 5, Index: 1, Members: []Member{{1, NodeID{9}, true}}, Term: 1, Leader: 1}}.AppendMsgpack(nil))
	f.Add([]byte("\x93\x01\x95\x01\x00\xdd\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := DecodeDelta(b)
		if err != nil {
			return
		}
		m, _ := (*Map)(nil).Apply(d)
		for _, p := range d.Split(100) {
			m2, err := DecodeDelta(p.AppendMsgpack(nil))
			if err != nil {
				t.Fatal(err)
			}
			if _, changed := m.Apply(m2); changed {
				t.Fatal("a part says more than the whole")
			}
		}
	})
}
