package actors

import (
	"slices"
	"testing"

	"github.com/troupedb/troupe/gossip"
	"github.com/troupedb/troupe/slotmap"
)

// A node whose disk was lost again and again replaces all that it was before.
func TestANodeReplacesAllThatWereAtItsAddress(t *testing.T) {
	d := &director{
		cfg: &Config{}, self: gossip.Node{ID: slotmap.NodeID{9}, Peer: "10.0.0.9:1"},
		nodes: map[slotmap.NodeID]*peer{}, slots: &slotmap.Map{},
	}
	for id, alive := range map[byte]bool{1: false, 2: true, 3: false, 4: false} {
		d.nodes[slotmap.NodeID{id}] = &peer{Node: gossip.Node{ID: slotmap.NodeID{id}, Peer: "10.0.0.1:1"}, alive: alive}
	}
	d.nodes[slotmap.NodeID{5}] = &peer{Node: gossip.Node{ID: slotmap.NodeID{5}, Peer: "10.0.0.5:1"}}
	for _, n := range d.view().Nodes {
		var want []slotmap.NodeID
		if n.ID == (slotmap.NodeID{2}) {
			want = []slotmap.NodeID{{1}, {3}, {4}}
		}
		if !slices.Equal(n.Replaces, want) {
			t.Errorf("%v replaces %v", n.ID, n.Replaces)
		}
	}
}
