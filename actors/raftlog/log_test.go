package raftlog

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
	"pgregory.net/rapid"

	"github.com/troupedb/troupe/slotmap"
)

func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		fs := vfs.NewMem()
		l := mustOpen(t, config(t, fs))
		m := &model{choose: func(n int) int { return rapid.IntRange(0, n-1).Draw(rt, "c") }}
		for range rapid.IntRange(1, 12).Draw(rt, "turns") {
			var msgs []any
			want := 0
			for range 1 + m.choose(6) {
				msg, _ := m.next()
				msgs = append(msgs, msg)
				if _, meta := msg.(*SetMeta); !meta {
					want++
				}
			}
			if got := len(turn(l, msgs...)); got != want {
				rt.Fatalf("%d replies, want %d", got, want)
			}
			if got, want := dumpLog(t, l), m.dump(); got != want {
				rt.Fatalf("got\n%s\nwant\n%s", got, want)
			}
			if m.choose(6) == 0 {
				mustClose(t, l)
				l = mustOpen(t, config(t, fs))
				if got, want := dumpLog(t, l), m.dump(); got != want {
					rt.Fatalf("after reopening: got\n%s\nwant\n%s", got, want)
				}
			}
		}
		mustClose(t, l)
	})
}

func ents(term, first uint64, data ...string) []*raftpb.Entry {
	var out []*raftpb.Entry
	for i, d := range data {
		out = append(out, &raftpb.Entry{Term: new(term), Index: new(first + uint64(i)), Data: []byte(d)})
	}
	return out
}

func hard(term, commit uint64) *raftpb.HardState {
	return &raftpb.HardState{Term: new(term), Vote: new(term % 3), Commit: new(commit)}
}

func snapAt(index, term uint64) SnapshotRef {
	return SnapshotRef{File: fmt.Sprint("s", index), Index: index, Term: term, ConfState: &raftpb.ConfState{Voters: []uint64{1}}}
}

// begin makes a log with shard 4, replica 7, entries 6..10 after a snapshot at 5.
func begin(t testing.TB, cfg Config) *Log {
	l := mustOpen(t, cfg)
	turn(l, &Create{Shard: 4, Replica: 7, Snapshot: snapAt(5, 1), Hard: hard(1, 5)},
		&Append{Shard: 4, Replica: 7, Entries: ents(2, 6, "a", "b", "c", "d", "e"), Hard: hard(2, 8), Sync: true})
	return l
}

func datas(es []*raftpb.Entry) string {
	var s []string
	for _, e := range es {
		s = append(s, fmt.Sprintf("%d:%d:%s", e.GetIndex(), e.GetTerm(), e.GetData()))
	}
	return strings.Join(s, " ")
}

func TestEntriesAndTerm(t *testing.T) {
	l := begin(t, config(t, vfs.NewMem()))
	defer mustClose(t, l)
	turn(l, &Compact{Shard: 4, Replica: 7, Snapshot: snapAt(8, 2), Through: 6, ThroughTerm: 2})
	for _, c := range []struct {
		lo, hi, max uint64
		want        string
		err         error
	}{
		{7, 11, 1 << 20, "7:2:b 8:2:c 9:2:d 10:2:e", nil},
		{7, 9, 1 << 20, "7:2:b 8:2:c", nil},
		{7, 11, 0, "7:2:b", nil}, // at least one
		{7, 11, 2 * (3 + entryOverhead), "7:2:b 8:2:c", nil},
		{9, 9, 10, "", nil},
		{6, 11, 100, "", raft.ErrCompacted},
		{1, 11, 100, "", raft.ErrCompacted},
		{11, 12, 100, "", raft.ErrUnavailable},
		{10, 99, 100, "10:2:e", nil},
	} {
		es, err := l.Entries(4, c.lo, c.hi, c.max)
		if datas(es) != c.want || !errors.Is(err, c.err) {
			t.Errorf("[%d,%d) %d: %q, %v", c.lo, c.hi, c.max, datas(es), err)
		}
	}
	for _, c := range []struct {
		index, term uint64
		err         error
	}{{10, 2, nil}, {7, 2, nil}, {6, 2, nil}, {5, 0, raft.ErrCompacted}, {11, 0, raft.ErrUnavailable}} {
		if term, err := l.Term(4, c.index); term != c.term || !errors.Is(err, c.err) {
			t.Errorf("term of %d: %d, %v", c.index, term, err)
		}
	}
	for _, c := range []struct {
		lo, last uint64
		bytes    int64
		want     uint64
	}{{6, 10, 1, 9}, {6, 10, 3, 9}, {6, 10, 4, 8}, {6, 10, 12, 6}, {6, 10, 100, 6}, {2, 10, 100, 2}, {7, 10, 100, 7}, {6, 8, 3, 7}, {8, 8, 3, 8}} {
		if got := l.Back(4, c.lo, c.last, c.bytes); got != c.want {
			t.Errorf("%d bytes back from %d, to %d at most: %d, want %d", c.bytes, c.last, c.lo, got, c.want)
		}
	}
	if _, err := l.Entries(9, 1, 2, 10); !errors.Is(err, raft.ErrUnavailable) {
		t.Errorf("unknown shard: %v", err)
	}
}

func TestOverwrittenSuffix(t *testing.T) {
	l := begin(t, config(t, vfs.NewMem()))
	defer mustClose(t, l)
	turn(l, &Append{Shard: 4, Replica: 7, Entries: ents(3, 9, "x"), Hard: hard(3, 8)})
	st, err := l.Load(4)
	if err != nil || st.Last != 9 {
		t.Fatal(st, err)
	}
	es, _ := l.Entries(4, 6, 10, 1<<20)
	if got := datas(es); got != "6:2:a 7:2:b 8:2:c 9:3:x" {
		t.Fatal(got)
	}
}

func TestInstallReplacesEverything(t *testing.T) {
	fs := vfs.NewMem()
	l := begin(t, config(t, fs))
	snap := snapAt(50, 4)
	snap.Meta = []byte("members")
	turn(l, &Append{Shard: 4, Replica: 7, Snapshot: &snap, Hard: hard(4, 50), Entries: ents(4, 51, "y"), Sync: true})
	mustClose(t, l)
	l = mustOpen(t, config(t, fs))
	defer mustClose(t, l)
	st, err := l.Load(4)
	if err != nil || st.First != 51 || st.Last != 51 || st.Truncated != (Position{50, 4}) ||
		st.Snapshot.File != "s50" || string(st.Snapshot.Meta) != "members" || st.Hard.GetCommit() != 50 {
		t.Fatalf("%+v, %v", st, err)
	}
	if term, err := l.Term(4, 50); term != 4 || err != nil {
		t.Fatal(term, err)
	}
}

func TestReplies(t *testing.T) {
	l := begin(t, config(t, vfs.NewMem()))
	defer mustClose(t, l)
	stale := snapAt(3, 1)
	got := turn(l,
		&Append{Shard: 4, Replica: 7, Reply: somebody, Tag: "a"},
		&Append{Shard: 4, Replica: 7, Tag: "nobody waits"},
		&Compact{Shard: 4, Replica: 7, Snapshot: stale, Reply: somebody, Tag: "b"},
		&Create{Shard: 4, Replica: 9, Reply: somebody, Tag: "c"},
		&Bury{Shard: 4, Replica: 7, Reply: somebody, Tag: "d"},
		&Append{Shard: 4, Replica: 7, Reply: somebody, Tag: "late"},
		&Create{Shard: 4, Replica: 7, Reply: somebody, Tag: "e"},
		&Create{Shard: 4, Replica: 8, Reply: somebody, Tag: "f"},
		&Bury{Shard: 4, Replica: 3, Reply: somebody, Tag: "g"},
	)
	want := []any{
		Appended{4, 7, "a"}, Compacted{4, 7, "b", true}, Created{4, 9, "c", ErrExists}, Buried{4, 7, "d"},
		Created{4, 7, "e", ErrBuried}, Created{4, 8, "f", nil}, Buried{4, 3, "g"},
	}
	if len(got) != len(want) {
		t.Fatalf("%d replies: %+v", len(got), got)
	}
	for i, r := range got {
		if g, w := fmt.Sprintf("%+v", r.msg), fmt.Sprintf("&%+v", want[i]); g != w {
			t.Errorf("%d: %s, want %s", i, g, w)
		}
	}
	if st, err := l.Load(4); err != nil || st.Replica != 8 || st.Tombstone != 7 || st.Last != 0 {
		t.Fatalf("%+v %v", st, err)
	}
	if ids := l.Shards(); fmt.Sprint(ids) != "[4]" {
		t.Fatal(ids)
	}
}

func TestBugsOfCallersEndTheNode(t *testing.T) {
	old, bad := snapAt(2, 1), snapAt(60, 4)
	bad.File = "../x"
	for name, msg := range map[string]any{
		"gap":              &Append{Shard: 4, Replica: 7, Entries: ents(2, 12, "z")},
		"gap inside":       &Append{Shard: 4, Replica: 7, Entries: append(ents(2, 11, "z"), ents(2, 13, "z")...)},
		"before the log":   &Append{Shard: 4, Replica: 7, Entries: ents(2, 5, "z")},
		"commit too high":  &Append{Shard: 4, Replica: 7, Hard: hard(2, 11)},
		"unknown replica":  &Append{Shard: 4, Replica: 8},
		"unknown shard":    &Append{Shard: 5, Replica: 1},
		"old snapshot":     &Append{Shard: 4, Replica: 7, Snapshot: &old},
		"bad file":         &Append{Shard: 4, Replica: 7, Snapshot: &bad},
		"compacts too far": &Compact{Shard: 4, Replica: 7, Snapshot: snapAt(8, 2), Through: 9},
		"snapshot ahead":   &Compact{Shard: 4, Replica: 7, Snapshot: snapAt(11, 2), Through: 9},
		"shard 0":          &Create{Shard: 0, Replica: 1},
		"replica 0":        &Bury{Shard: 4},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config(t, vfs.NewMem())
			l := begin(t, cfg)
			var fatal []error
			l.cfg.Fatal = func(err error) { fatal = append(fatal, err) }
			got := turn(l, &Append{Shard: 4, Replica: 7, Reply: somebody}, msg)
			if len(fatal) != 1 || len(got) != 0 {
				t.Fatalf("fatal %v, replies %v", fatal, got)
			}
			if got := turn(l, &Append{Shard: 4, Replica: 7, Reply: somebody}); len(got) != 0 {
				t.Fatal("answers after a failure")
			}
		})
	}
}

func TestSyncRules(t *testing.T) {
	type step struct {
		msg   any
		syncs map[Mode]bool
		waits bool // for the commit of another
	}
	everywhere := map[Mode]bool{Always: true, Interval: true, Never: true}
	snap := snapAt(40, 3)
	steps := []step{
		{&Append{Shard: 4, Replica: 7, Entries: ents(2, 11, "p"), Sync: true}, map[Mode]bool{Always: true}, false},
		{&Append{Shard: 4, Replica: 7, Entries: ents(2, 12, "p")}, nil, false},
		{&Append{Shard: 4, Replica: 7, Hard: hard(2, 9)}, nil, true}, // commit alone
		{&Append{Shard: 4, Replica: 7, Hard: hard(3, 9)}, everywhere, false},
		{&Append{Shard: 4, Replica: 7, Hard: &raftpb.HardState{Term: new(uint64(3)), Vote: new(uint64(2)), Commit: new(uint64(9))}}, everywhere, false},
		{&Compact{Shard: 4, Replica: 7, Snapshot: snapAt(8, 2), Through: 8, ThroughTerm: 2}, everywhere, false},
		{&Append{Shard: 4, Replica: 7, Snapshot: &snap}, everywhere, false},
		{&SetMeta{Key: "k"}, everywhere, false},
		{&Create{Shard: 5, Replica: 1}, everywhere, false},
		{&Bury{Shard: 5, Replica: 1}, everywhere, false},
	}
	for _, mode := range []Mode{Always, Interval, Never} {
		cfg := config(t, vfs.NewMem())
		cfg.Fsync = mode
		l := begin(t, cfg)
		for i, s := range steps {
			before := l.Stats()
			turn(l, s.msg)
			after := l.Stats()
			if synced := after.Syncs > before.Syncs; synced != s.syncs[mode] {
				t.Errorf("%v, step %d: synced %v", mode, i, synced)
			}
			if n := after.Commits - before.Commits; n > 1 || (n == 0) != s.waits {
				t.Errorf("%v, step %d: %d commits", mode, i, n)
			}
		}
		mustClose(t, l)
	}
}

func TestMeta(t *testing.T) {
	fs := vfs.NewMem()
	l := mustOpen(t, config(t, fs))
	if err := l.SetMetaNow("node", []byte("id")); err != nil {
		t.Fatal(err)
	}
	called := false
	turn(l, &SetMeta{Key: "cluster", Value: []byte("c"), Done: func() {
		v, ok := l.Meta("cluster")
		called = ok && string(v) == "c"
	}})
	if !called {
		t.Fatal("Done was not called, or before the value was to be seen")
	}
	mustClose(t, l)
	l = mustOpen(t, config(t, fs))
	defer mustClose(t, l)
	if v, ok := l.Meta("node"); !ok || string(v) != "id" {
		t.Fatal(v, ok)
	}
	if _, ok := l.Meta("other"); ok {
		t.Fatal("a value out of nothing")
	}
	if ids := l.Shards(); len(ids) != 0 {
		t.Fatal(ids)
	}
}

func TestCodecs(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		u := func() uint64 { return rapid.Uint64().Draw(rt, "u") }
		r := record{u(), u(), u(), rapid.Bool().Draw(rt, "b"), u(), u(), u(), Position{u(), u()}, Position{u(), u()}, u()}
		got, err := decodeRecord(r.append(nil))
		if err != nil || got != r {
			rt.Fatalf("%+v %v", got, err)
		}
		ids := rapid.SliceOfN(rapid.Uint64(), 0, 9)
		s := SnapshotRef{File: "f", Index: u() | 1, Term: u() | 1, Meta: []byte("m"), ConfState: &raftpb.ConfState{
			Voters: ids.Draw(rt, "v"), Learners: ids.Draw(rt, "l"), VotersOutgoing: ids.Draw(rt, "o"), LearnersNext: ids.Draw(rt, "n"),
			AutoLeave: new(rapid.Bool().Draw(rt, "a")),
		}}
		back, err := decodeSnapshot(appendSnapshot(nil, &s))
		if err != nil || fmt.Sprint(back.ConfState.GetVoters(), back.ConfState.GetLearners(), back.ConfState.GetVotersOutgoing(),
			back.ConfState.GetLearnersNext(), back.ConfState.GetAutoLeave(), back.File, back.Index, back.Term, back.Meta) !=
			fmt.Sprint(s.ConfState.GetVoters(), s.ConfState.GetLearners(), s.ConfState.GetVotersOutgoing(),
				s.ConfState.GetLearnersNext(), s.ConfState.GetAutoLeave(), s.File, s.Index, s.Term, s.Meta) {
			rt.Fatalf("%+v %v", back, err)
		}
	})
}

func FuzzDecode(f *testing.F) {
	s := snapAt(3, 1)
	f.Add((&record{replica: 1, hasHard: true}).append(nil))
	f.Add(appendSnapshot(nil, &s))
	f.Add([]byte{0, 1, 'x'})
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := decodeRecord(b); err == nil {
			if again, err := decodeRecord(r.append(nil)); err != nil || again != r {
				t.Fatal(again, err)
			}
		}
		if s, err := decodeSnapshot(b); err == nil {
			if _, err := decodeSnapshot(appendSnapshot(nil, &s)); err != nil {
				t.Fatal(err)
			}
		}
		_, _, _, _ = parseEntry(b)
		_, _, _ = parseShardKey(b)
		if len(b) >= markSlot {
			parseMark(b)
		}
	})
}

func TestKeysSort(t *testing.T) {
	keys := [][]byte{metaKey("z"), recordKey(0), recordKey(1), snapshotKey(1), recordKey(2), recordKey(1<<32 - 1)}
	for i := 1; i < len(keys); i++ {
		if bytes.Compare(keys[i-1], keys[i]) >= 0 {
			t.Errorf("%q and %q", keys[i-1], keys[i])
		}
	}
	shard, kind, ok := parseShardKey(snapshotKey(77))
	if shard != slotmap.ShardID(77) || kind != kindSnapshot || !ok {
		t.Fatal(shard, kind, ok)
	}
}

func TestParseMode(t *testing.T) {
	for _, m := range []Mode{Always, Interval, Never} {
		if got, err := ParseMode(m.String()); err != nil || got != m {
			t.Error(m, got, err)
		}
	}
	if _, err := ParseMode("sometimes"); err == nil {
		t.Error("sometimes")
	}
}
