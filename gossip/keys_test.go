package gossip

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/troupedb/troupe/slotmap"
)

func TestSetKeys(t *testing.T) {
	a, b, c := key(1), key(2), key(3)
	ms := startCluster(t, 1, clusterX, a)
	ring := ms[0].ring
	for _, want := range [][][]byte{{a, b}, {b, a}, {c, b}, {c, b}, {a, b, c}, {b, c}, {c}} {
		if err := ms[0].SetKeys(want); err != nil {
			t.Fatal(err)
		}
		got := slices.Clone(ring.GetKeys())
		slices.SortFunc(got[1:], bytes.Compare)
		slices.SortFunc(want[1:], bytes.Compare)
		if !slices.EqualFunc(got, want, bytes.Equal) {
			t.Fatalf("keys %x, want %x", got, want)
		}
	}
	if err := ms[0].SetKeys(nil); !errors.Is(err, ErrPlain) {
		t.Errorf("no keys: %v", err)
	}
	if err := ms[0].SetKeys([][]byte{{1}}); err == nil {
		t.Error("a short key is taken")
	}
	plain := startCluster(t, 1, clusterX)
	if err := plain[0].SetKeys([][]byte{a}); !errors.Is(err, ErrPlain) {
		t.Errorf("without keys at first: %v", err)
	}
}

// TestRotation: members change their keys one after the other, and always hear
// each other. Who holds the old key alone is heard by nobody then.
func TestRotation(t *testing.T) {
	t.Parallel()
	a, b := key(1), key(2)
	ms := startCluster(t, 3, clusterX, a)
	for i, keys := range [][][]byte{{a, b}, {b, a}, {b}} {
		for j, m := range ms {
			if err := m.SetKeys(keys); err != nil {
				t.Fatal(err)
			}
			shard := slotmap.ShardID(10*i + j + 1)
			m.change(delta(shard, 1))
			agree(t, shard, 1, ms...)
		}
	}
	late := start(t, options{cluster: clusterX, join: []string{ms[0].Addr()}, keys: [][]byte{a}})
	eventually(t, "the late one has tried", func() bool { return late.net.listens(ms[0].Addr()) })
	late.change(delta(99, 1))
	ms[0].change(delta(98, 1))
	agree(t, 98, 1, ms...)
	if len(late.Nodes()) != 1 {
		t.Errorf("one with the old key sees %v", late.Nodes())
	}
	if s, ok := ms[0].current().Shard(99); ok {
		t.Errorf("one with the old key was heard: %v", s)
	}
}
