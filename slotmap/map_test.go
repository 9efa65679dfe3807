package slotmap

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Generators draw from few values, so that ties and overlaps are common.

func drawRun(t *rapid.T) Run {
	edges := []uint16{0, 1, 2, 5, 6, 100, 8191, 8192, 16382, 16383}
	a := rapid.SampledFrom(edges).Draw(t, "first")
	b := rapid.SampledFrom(edges).Draw(t, "last")
	return Run{
		Range: Range{min(a, b), max(a, b)},
		Shard: ShardID(rapid.IntRange(1, 4).Draw(t, "shard")),
		Epoch: uint64(rapid.IntRange(1, 3).Draw(t, "epoch")),
	}
}

func drawMember(t *rapid.T) Member {
	return Member{
		Replica: uint64(rapid.IntRange(0, 5).Draw(t, "replica")),
		Node:    NodeID{byte(rapid.IntRange(0, 2).Draw(t, "node"))},
		Learner: rapid.Bool().Draw(t, "learner"),
	}
}

func drawShard(t *rapid.T) Shard {
	return Shard{
		ID:      ShardID(rapid.IntRange(0, 5).Draw(t, "id")),
		Index:   uint64(rapid.IntRange(0, 2).Draw(t, "index")),
		Members: rapid.SliceOfN(rapid.Custom(drawMember), 0, 4).Draw(t, "members"),
		Term:    uint64(rapid.IntRange(0, 2).Draw(t, "term")),
		Leader:  uint64(rapid.IntRange(0, 3).Draw(t, "leader")),
	}
}

var (
	someRuns   = rapid.SliceOfN(rapid.Custom(drawRun), 0, 6)
	someShards = rapid.SliceOfN(rapid.Custom(drawShard), 0, 6)
)

func drawMap(t *rapid.T) *Map {
	if rapid.IntRange(0, 19).Draw(t, "nil") == 0 {
		return nil
	}
	return New(someRuns.Draw(t, "runs"), someShards.Draw(t, "shards"))
}

var someMap = rapid.Custom(drawMap)

func merged(a, b *Map) *Map {
	m, _ := a.Merge(b)
	return m
}

func sameMap(t *rapid.T, what string, a, b *Map) {
	t.Helper()
	if !a.Equal(b) || a.Digest() != b.Digest() {
		t.Fatalf("%s:\n%v %v\n%v %v", what, a.Runs(), a.Shards(), b.Runs(), b.Shards())
	}
}

func TestMergeLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := someMap.Draw(t, "a"), someMap.Draw(t, "b"), someMap.Draw(t, "c")
		sameMap(t, "commutative", merged(a, b), merged(b, a))
		sameMap(t, "associative", merged(merged(a, b), c), merged(a, merged(b, c)))
		sameMap(t, "idempotent", merged(a, a), a)
		sameMap(t, "absorbing", merged(merged(a, b), b), merged(a, b))
		sameMap(t, "empty is neutral", merged(a, nil), a)
		sameMap(t, "empty is neutral", merged(nil, a), a)
	})
}

// TestMergeChanged: the report is right, and no change means the same map.
func TestMergeChanged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := someMap.Draw(t, "a"), someMap.Draw(t, "b")
		m, changed := a.Merge(b)
		if changed == m.Equal(a) {
			t.Fatalf("changed %v, equal %v", changed, m.Equal(a))
		}
		if !changed && m != a {
			t.Fatal("a new map without a change")
		}
	})
}

// TestMergeModel compares with the rules applied slot by slot, naively.
func TestMergeModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ra, rb := someRuns.Draw(t, "a"), someRuns.Draw(t, "b")
		m := merged(New(ra, nil), New(rb, nil))
		all := append(slices.Clone(ra), rb...)
		for _, slot := range []uint16{0, 1, 2, 3, 5, 6, 7, 99, 100, 101, 8190, 8191, 8192, 8193, 16381, 16382, 16383} {
			var want Run
			for _, r := range all {
				if r.Contains(slot) && r.beats(want) {
					want = r
				}
			}
			shard, epoch := m.Owner(slot)
			if shard != want.Shard || epoch != want.Epoch {
				t.Fatalf("slot %d: %d since %d, want %d since %d", slot, shard, epoch, want.Shard, want.Epoch)
			}
		}
	})
}

func TestDigestTellsMapsApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := someMap.Draw(t, "a"), someMap.Draw(t, "b")
		if a.Equal(b) != (a.Digest() == b.Digest()) {
			t.Fatalf("equal %v, digests %x %x", a.Equal(b), a.Digest(), b.Digest())
		}
	})
}

// TestCanonical checks the promised form of whatever was put in.
func TestCanonical(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := merged(someMap.Draw(t, "a"), someMap.Draw(t, "b"))
		checkCanonical(t, m)
	})
}

func checkCanonical(t *rapid.T, m *Map) {
	if !ordered(m.Runs()) || !slices.Equal(coalesce(m.Runs()), m.Runs()) {
		t.Fatalf("runs %v", m.Runs())
	}
	for _, r := range m.Runs() {
		if _, ok := m.Shard(r.Shard); !ok {
			t.Fatalf("no shard for %v", r)
		}
	}
	var last ShardID
	for _, s := range m.Shards() {
		if s.ID <= last {
			t.Fatalf("shard %d after %d", s.ID, last)
		}
		last = s.ID
		if c := canonicalShard(s); !c.equal(&s) {
			t.Fatalf("shard %v, canonical %v", s, c)
		}
	}
}

func TestRunsOfCoversOwners(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := someMap.Draw(t, "map")
		owned := 0
		for _, s := range m.Shards() {
			for _, r := range m.RunsOf(s.ID) {
				owned += r.Len()
				for _, slot := range []uint16{r.First, r.Last} {
					if id, epoch := m.Owner(slot); id != s.ID || epoch != r.Epoch {
						t.Fatalf("slot %d: %d since %d, but %v", slot, id, epoch, r)
					}
				}
			}
		}
		if owned != m.Owned() {
			t.Fatalf("%d slots in runs, %d owned", owned, m.Owned())
		}
	})
}

func TestEmptyMap(t *testing.T) {
	var zero Map
	for _, m := range []*Map{nil, &zero, New(nil, nil)} {
		if id, epoch := m.Owner(5); id != 0 || epoch != 0 {
			t.Errorf("owner %d since %d", id, epoch)
		}
		if _, ok := m.Shard(1); ok || len(m.Shards())+len(m.Runs())+len(m.RunsOf(1))+m.Owned() != 0 {
			t.Error("the empty map holds something")
		}
		if m.Digest() != zero.Digest() || !m.Equal(nil) {
			t.Error("empty maps differ")
		}
		if out, changed := m.Merge(nil); changed || out != m {
			t.Error("merging nothing changed something")
		}
		if out, changed := m.Apply(Delta{}); changed || out != m {
			t.Error("applying nothing changed something")
		}
	}
	if id, _ := New(Even(1), nil).Owner(Count); id != 0 {
		t.Error("a slot out of range has an owner")
	}
}

func TestNewDropsInvalid(t *testing.T) {
	m := New([]Run{
		{Range{0, 9}, 0, 1},          // of no shard
		{Range{0, 9}, 1, 0},          // of no epoch
		{Range{9, 0}, 1, 1},          // backwards
		{Range{16000, Count}, 1, 1},  // out of range
		{Range{60000, 65535}, 1, 1},  // out of range
		{Range{20, 29}, 2, 1},        // good
		{Range{Count - 1, 20}, 1, 1}, // backwards
		{Range{65535, 65535}, 9, 1},  // out of range
		{Range{30, 39}, 2, 1},        // good, continues
		{Range{41, 41}, 2, 1},        // good, with a gap
		{Range{42, 42}, 2, 2},        // good, of another epoch
		{Range{30, 30}, 1, 1},        // overlaps, loses by shard id
		{Range{42, Count - 1}, 1, 2}, // overlaps, loses slot 42
	}, []Shard{{ID: 0, Term: 5}})
	want := []Run{{Range{20, 39}, 2, 1}, {Range{41, 41}, 2, 1}, {Range{42, 42}, 2, 2}, {Range{43, Count - 1}, 1, 2}}
	if !slices.Equal(m.Runs(), want) {
		t.Errorf("runs %v, want %v", m.Runs(), want)
	}
	if len(m.Shards()) != 2 {
		t.Errorf("shards %v", m.Shards())
	}
}

// TestNewCopies: changing what was passed in must not change the map.
func TestNewCopies(t *testing.T) {
	runs := []Run{{Range{0, 9}, 1, 1}}
	shards := []Shard{{ID: 1, Members: []Member{{Replica: 1, Node: NodeID{1}}}}}
	m := New(runs, shards)
	d, _ := m.Apply(Delta{Shard: shards[0], Runs: runs})
	before := m.Digest()
	runs[0].Epoch, shards[0].Members[0].Replica = 7, 7
	if id, epoch := m.Owner(0); id != 1 || epoch != 1 || m.Shards()[0].Members[0].Replica != 1 {
		t.Error("the map changed")
	}
	if New(m.Runs(), m.Shards()).Digest() != before || d.Digest() != before {
		t.Error("the digest changed")
	}
}

func TestShardMerge(t *testing.T) {
	one := []Member{{Replica: 1, Node: NodeID{1}}}
	two := []Member{{Replica: 1, Node: NodeID{1}}, {Replica: 2, Node: NodeID{2}}}
	learner := []Member{{Replica: 1, Node: NodeID{1}, Learner: true}}
	for _, c := range []struct {
		name    string
		a, b, w Shard
	}{
		{"higher index wins, even with fewer members", Shard{ID: 1, Index: 5, Members: two}, Shard{ID: 1, Index: 6, Members: one}, Shard{ID: 1, Index: 6, Members: one}},
		{"equal index: more members", Shard{ID: 1, Index: 5, Members: one}, Shard{ID: 1, Index: 5, Members: two}, Shard{ID: 1, Index: 5, Members: two}},
		{"equal index: the voter", Shard{ID: 1, Index: 5, Members: learner}, Shard{ID: 1, Index: 5, Members: one}, Shard{ID: 1, Index: 5, Members: one}},
		{"higher term wins, even without leader", Shard{ID: 1, Term: 3, Leader: 2}, Shard{ID: 1, Term: 4}, Shard{ID: 1, Term: 4}},
		{"known leader beats none", Shard{ID: 1, Term: 4, Leader: 2}, Shard{ID: 1, Term: 4}, Shard{ID: 1, Term: 4, Leader: 2}},
		{"registers are independent", Shard{ID: 1, Index: 9, Members: two, Term: 1, Leader: 1}, Shard{ID: 1, Index: 3, Members: one, Term: 2, Leader: 2},
			Shard{ID: 1, Index: 9, Members: two, Term: 2, Leader: 2}},
	} {
		for _, got := range []Shard{c.a.merge(&c.b), c.b.merge(&c.a)} {
			if !got.equal(&c.w) {
				t.Errorf("%s: %+v", c.name, got)
			}
		}
	}
}

func TestShardQueries(t *testing.T) {
	s := Shard{ID: 1, Members: []Member{{Replica: 3, Node: NodeID{3}}, {Replica: 4, Node: NodeID{4}, Learner: true}}, Leader: 3}
	if m, ok := s.Member(4); !ok || m.Node != (NodeID{4}) {
		t.Errorf("member %v %v", m, ok)
	}
	if n, ok := s.LeaderNode(); !ok || n != (NodeID{3}) || s.Voters() != 1 {
		t.Errorf("leader %s %v, %d voters", n, ok, s.Voters())
	}
	for _, leader := range []uint64{0, 9} {
		s.Leader = leader
		if _, ok := s.LeaderNode(); ok {
			t.Errorf("replica %d has a node", leader)
		}
	}
}

func TestEven(t *testing.T) {
	for n := 1; n <= 64; n++ {
		checkEven(t, n)
	}
	checkEven(t, Count)
	if len(Even(0)) != 1 || len(Even(-1)) != 1 || len(Even(Count+1)) != Count {
		t.Error("counts out of range are not clipped")
	}
}

func checkEven(t *testing.T, n int) {
	var owners [Count]int
	smallest, largest := Count, 0
	for _, r := range Even(n) {
		smallest, largest = min(smallest, r.Len()), max(largest, r.Len())
		for slot := r.First; slot <= r.Last; slot++ {
			owners[slot]++
		}
		if r.Shard < 1 || int(r.Shard) > n || r.Epoch != 1 {
			t.Errorf("%d shards: run %v", n, r)
		}
	}
	for slot, k := range owners {
		if k != 1 {
			t.Fatalf("%d shards: slot %d is in %d runs", n, slot, k)
		}
	}
	if largest-smallest > 1 || len(New(Even(n), nil).Runs()) != n {
		t.Errorf("%d shards: runs of %d to %d slots", n, smallest, largest)
	}
}

// TestShardBound: over the bound the lowest ids stay, in any order of merging.
func TestShardBound(t *testing.T) {
	some := func(first, step int) *Map {
		shards := make([]Shard, 3000)
		for i := range shards {
			shards[i] = Shard{ID: ShardID(first + i*step), Term: uint64(first), Leader: 1}
		}
		return New(nil, shards)
	}
	a, b, c := some(1, 3), some(2, 2), some(3, 1)
	x, y := merged(merged(a, b), c), merged(merged(c, a), b)
	if len(x.Shards()) != MaxShards || !x.Equal(y) || !merged(x, b).Equal(x) {
		t.Errorf("%d and %d shards", len(x.Shards()), len(y.Shards()))
	}
	members := make([]Member, MaxMembers+5)
	for i := range members {
		members[i].Replica = uint64(i + 1)
	}
	if got := New(nil, []Shard{{ID: 1, Members: members}}).Shards()[0]; len(got.Members) != MaxMembers {
		t.Errorf("%d members", len(got.Members))
	}
}

func BenchmarkOwner(b *testing.B) {
	m := New(Even(64), nil)
	var slot uint16
	for b.Loop() {
		m.Owner(slot % Count)
		slot += 977
	}
}

func BenchmarkApplyLeader(b *testing.B) {
	m := New(Even(64), nil)
	d := Delta{Shard: Shard{ID: 7, Term: 1, Leader: 2}}
	for b.Loop() {
		m.Apply(d)
	}
}
