package gossip

import (
	"fmt"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/troupedb/troupe/slotmap"
)

func nodeAt(id byte, addr string, boot int64) Node {
	return Node{ID: slotmap.NodeID{id}, Cluster: clusterX, Gossip: addr, Boot: boot}
}

func wantEvents(t *testing.T, what string, got []Event, want ...Event) {
	t.Helper()
	if len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

func TestDirectoryEvents(t *testing.T) {
	d := newDirectory(slotmap.NodeID{99}, clusterX)
	a := nodeAt(1, "10.0.0.1:1", 5)
	wantEvents(t, "first sight", d.put(a), NodeUp{a})
	wantEvents(t, "again", d.put(a))
	a.Digest = 7
	wantEvents(t, "digest only", d.put(a))
	a.Name = "new"
	wantEvents(t, "name", d.put(a), NodeChanged{a})
	wantEvents(t, "death", d.drop(a.ID, false), NodeDown{a, false})
	wantEvents(t, "death again", d.drop(a.ID, false))
	if got := d.remembered(); len(got) != 1 {
		t.Errorf("a dead node is not remembered: %v", got)
	}
	wantEvents(t, "back", d.put(a), NodeUp{a})
	wantEvents(t, "leave", d.drop(a.ID, true), NodeDown{a, true})
	if got := d.remembered(); len(got) != 0 {
		t.Errorf("a node that left is remembered: %v", got)
	}
	wantEvents(t, "ourselves", d.put(nodeAt(99, "10.0.0.9:1", 1)))
}

// TestDirectoryReplaces: of two ids at an address the later one counts,
// whichever was heard of first, and for as long as it is alive.
func TestDirectoryReplaces(t *testing.T) {
	old, young := nodeAt(9, "10.0.0.1:1", 5), nodeAt(1, "10.0.0.1:1", 6)
	d := newDirectory(slotmap.NodeID{99}, clusterX)
	d.put(old)
	wantEvents(t, "replaced", d.put(young), NodeDown{Node: old}, NodeUp{young})
	wantEvents(t, "death of the old id", d.drop(old.ID, false))
	if got := d.remembered(); len(got) != 1 || got[0].ID != young.ID {
		t.Errorf("remembered %v", got)
	}
	d = newDirectory(slotmap.NodeID{99}, clusterX)
	d.put(young)
	wantEvents(t, "stale news", d.put(old))
	if n, ok := d.at("10.0.0.1:1"); !ok || n.ID != young.ID {
		t.Errorf("at the address: %v", n)
	}
}

func TestDirectoryHidesOtherClusters(t *testing.T) {
	d := newDirectory(slotmap.NodeID{99}, slotmap.ClusterID{})
	x, y := nodeAt(1, "10.0.0.1:1", 1), nodeAt(2, "10.0.0.2:1", 1)
	y.Cluster = clusterY
	empty := nodeAt(3, "10.0.0.3:1", 1)
	empty.Cluster = slotmap.ClusterID{}
	wantEvents(t, "an empty node", d.put(empty), NodeUp{empty})
	wantEvents(t, "the first cluster", d.put(x), NodeUp{x})
	wantEvents(t, "another cluster", d.put(y))
	wantEvents(t, "the end of the first", d.drop(x.ID, false), NodeDown{Node: x})
	wantEvents(t, "the other, then", d.put(y), NodeUp{y})
	wantEvents(t, "choice", d.setCluster(clusterX), NodeDown{Node: y})
	if got := d.remembered(); len(got) != 2 {
		t.Errorf("remembered %v", got)
	}
	turned := empty
	turned.Cluster = clusterY
	wantEvents(t, "a turn", d.put(turned), NodeDown{Node: empty})
}

// TestDirectoryModel: what events tell adds up to what is shown, at most one
// node an address and none of a second cluster.
func TestDirectoryModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := newDirectory(slotmap.NodeID{99}, rapid.SampledFrom([]slotmap.ClusterID{{}, clusterX}).Draw(t, "own cluster"))
		told := map[slotmap.NodeID]Node{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			id := byte(rapid.IntRange(1, 6).Draw(t, "id"))
			var events []Event
			if rapid.Bool().Draw(t, "put") {
				addr := fmt.Sprintf("10.0.0.%d:1", rapid.IntRange(1, 3).Draw(t, "addr"))
				n := nodeAt(id, addr, int64(rapid.IntRange(1, 3).Draw(t, "boot")))
				n.Cluster = rapid.SampledFrom([]slotmap.ClusterID{{}, clusterX, clusterY}).Draw(t, "cluster")
				events = d.put(n)
			} else {
				events = d.drop(slotmap.NodeID{id}, rapid.Bool().Draw(t, "left"))
			}
			follow(t, told, events)
			checkShown(t, d, told)
		}
	})
}

func follow(t *rapid.T, told map[slotmap.NodeID]Node, events []Event) {
	for _, e := range events {
		switch e := e.(type) {
		case NodeUp:
			if _, ok := told[e.Node.ID]; ok {
				t.Fatalf("up twice: %v", e.Node.ID)
			}
			told[e.Node.ID] = e.Node
		case NodeChanged:
			if _, ok := told[e.Node.ID]; !ok {
				t.Fatalf("changed but never up: %v", e.Node.ID)
			}
			told[e.Node.ID] = e.Node
		case NodeDown:
			if _, ok := told[e.Node.ID]; !ok {
				t.Fatalf("down but never up: %v", e.Node.ID)
			}
			delete(told, e.Node.ID)
		}
	}
}

func checkShown(t *rapid.T, d *directory, told map[slotmap.NodeID]Node) {
	if len(told) != len(d.shown) {
		t.Fatalf("told of %d nodes, %d shown", len(told), len(d.shown))
	}
	addrs := map[string]bool{}
	side := d.cluster
	for id, n := range d.shown {
		if side.IsZero() {
			side = n.Cluster
		}
		if told[id] != n || addrs[n.Gossip] || !n.Cluster.IsZero() && n.Cluster != side {
			t.Fatalf("shown %+v, told %+v", n, told[id])
		}
		addrs[n.Gossip] = true
	}
}

func TestDirectoryIsBounded(t *testing.T) {
	d := newDirectory(slotmap.NodeID{99}, clusterX)
	for i := range 2 * maxNodes {
		n := Node{ID: slotmap.NodeID{1, byte(i), byte(i >> 8)}, Gossip: fmt.Sprintf("10.0.%d.%d:1", i>>8, i&255)}
		if d.full(n.ID) {
			t.Fatalf("full at %d though nodes die", i)
		}
		d.alive[n.ID] = n // as put does; refreshing each time would make this slow
		d.remember(n)
		delete(d.alive, n.ID)
	}
	if len(d.known) > maxNodes {
		t.Errorf("%d nodes remembered", len(d.known))
	}
	for i := range maxNodes {
		d.alive[slotmap.NodeID{2, byte(i), byte(i >> 8)}] = Node{}
	}
	if !d.full(slotmap.NodeID{3}) || d.full(slotmap.NodeID{2, 1}) {
		t.Error("the bound on live nodes does not hold")
	}
}
