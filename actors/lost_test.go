package actors

import (
	"log/slog"
	"slices"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/gossip"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

func nodeNo(i byte) slotmap.NodeID { return slotmap.NodeID{i} }

// picture is the director of node 1, which has seen nodes 2, 3 and 4 come one after the other at one address.
func picture(n *Node) *director {
	d := &director{self: gossip.Node{ID: nodeNo(1)}, nodes: map[slotmap.NodeID]*peer{}, slots: &slotmap.Map{}}
	n.remembered(d)
	return d
}

func testNode(t *testing.T) *Node {
	w := realWorld()
	w.FS, w.Ballast = vfs.NewMem(), 0
	n := &Node{cfg: Config{Data: "data", Logger: slog.New(slog.DiscardHandler), Fatal: func(err error) { t.Error(err) }}, world: w}
	if err := n.openStore(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.store.Close() })
	return n
}

// Who replaces a dead node is known after a restart as well, and where a disk was lost twice: else the place
// of the dead one in a shard would never be given to another.
func TestDeadMembersAreRememberedWithTheirSuccessors(t *testing.T) {
	n := testNode(t)
	d := picture(n)
	for i := byte(2); i <= 4; i++ {
		d.nodes[nodeNo(i)] = &peer{Node: gossip.Node{ID: nodeNo(i), Peer: "10.0.0.2:1", Boot: int64(i)}, alive: i == 4}
	}
	d.slots = slotmap.New(slotmap.Even(1), []slotmap.Shard{{ID: 1, Index: 9, Members: []slotmap.Member{
		{Replica: 1, Node: nodeNo(1)}, {Replica: 2, Node: nodeNo(2)}, {Replica: 3, Node: nodeNo(3)},
	}}})
	if err := n.store.SetMetaNow(metaLost, gossip.EncodeDirectory(d.lost())); err != nil {
		t.Fatal(err)
	}

	d = picture(n)
	d.nodes[nodeNo(4)] = &peer{Node: gossip.Node{ID: nodeNo(4), Peer: "10.0.0.2:1", Boot: 4}, alive: true}
	if before := d.predecessors(); !slices.Equal(before[nodeNo(4)], []slotmap.NodeID{nodeNo(2), nodeNo(3)}) {
		t.Errorf("predecessors: %v", before)
	}
}

// A dead node without a place is forgotten; while a shard's members are not known, nobody is.
func TestDeadNodesAreRememberedWhileTheyHaveAPlace(t *testing.T) {
	d := &director{self: gossip.Node{ID: nodeNo(1)}, nodes: map[slotmap.NodeID]*peer{nodeNo(2): {Node: gossip.Node{ID: nodeNo(2)}}}}
	member := func(node byte) []slotmap.Shard {
		return []slotmap.Shard{{ID: 1, Index: 3, Members: []slotmap.Member{{Replica: 1, Node: nodeNo(node)}}}}
	}
	for _, c := range []struct {
		name  string
		slots *slotmap.Map
		lost  int
	}{
		{"nothing known", &slotmap.Map{}, 1},
		{"members unknown", slotmap.New(slotmap.Even(1), nil), 1},
		{"a member", slotmap.New(slotmap.Even(1), member(2)), 1},
		{"no member", slotmap.New(slotmap.Even(1), member(1)), 0},
	} {
		d.slots = c.slots
		if got := len(d.lost()); got != c.lost {
			t.Errorf("%s: %d remembered", c.name, got)
		}
	}
}

// A node that came after a member's end learns who replaces it from those who knew it, and of nobody else.
func TestDeadMembersAreToldOf(t *testing.T) {
	shards := []slotmap.Shard{{ID: 1, Index: 9, Members: []slotmap.Member{{Replica: 1, Node: nodeNo(1)}, {Replica: 2, Node: nodeNo(2)}}}}
	newcomer := picture(testNode(t))
	newcomer.system, newcomer.logPID = actor.NewActorSystem(), actor.NewPID("", "")
	newcomer.gossip, newcomer.log = silent{}, slog.New(slog.DiscardHandler)
	newcomer.cluster, newcomer.slots = slotmap.ClusterID{1}, slotmap.New(slotmap.Even(1), shards)
	newcomer.nodes[nodeNo(5)] = &peer{Node: gossip.Node{ID: nodeNo(5), Peer: "10.0.0.2:1", Boot: 5}, alive: true}
	told := []gossip.Node{
		{ID: nodeNo(2), Cluster: slotmap.ClusterID{1}, Peer: "10.0.0.2:1", Boot: 2},
		{ID: nodeNo(3), Cluster: slotmap.ClusterID{1}, Peer: "10.0.0.2:1", Boot: 3}, // a member of nothing
		{ID: nodeNo(5), Cluster: slotmap.ClusterID{1}, Peer: "10.0.0.9:1", Boot: 1}, // known better
	}
	newcomer.inbound(&link.Inbound{From: nodeNo(4), Message: &wire.Absent{Directory: gossip.EncodeDirectory(told)}})
	newcomer.inbound(&link.Inbound{From: nodeNo(4), Message: &wire.Absent{Directory: []byte("nonsense")}})
	if before := newcomer.predecessors(); len(before) != 1 || !slices.Equal(before[nodeNo(5)], []slotmap.NodeID{nodeNo(2)}) {
		t.Errorf("predecessors: %v", before)
	}
	if p := newcomer.nodes[nodeNo(5)]; !p.alive || p.Peer != "10.0.0.2:1" {
		t.Errorf("%+v", p)
	}
}

// silent is a gossip of which only Known is asked.
type silent struct{ Gossip }

func (silent) Known() []gossip.Node { return nil }
