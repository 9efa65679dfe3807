package actors

import (
	"maps"
	"sync/atomic"
	"testing"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupedb/troupe/actors/session"
	"github.com/troupedb/troupe/gossip"
	"github.com/troupedb/troupe/slotmap"
)

// The routes tell of links to nodes and to gateways, as far as these are alive, and not of one to this node.
func TestRoutesTellOfLinks(t *testing.T) {
	system := actor.NewActorSystem()
	d := &director{
		cfg: &Config{}, system: system, broker: system.NewLocalPID("nobody"), routes: &atomic.Pointer[session.Routes]{}, slots: &slotmap.Map{},
		self: gossip.Node{ID: nodeNo(1)}, linked: map[slotmap.NodeID]bool{nodeNo(2): true, nodeNo(5): true}, dirty: true,
		nodes: map[slotmap.NodeID]*peer{
			nodeNo(1): {alive: true},
			nodeNo(2): {alive: true},
			nodeNo(3): {alive: true},
			nodeNo(4): {},
			nodeNo(5): {alive: true, Node: gossip.Node{Gateway: true}},
			nodeNo(6): {alive: true, Node: gossip.Node{Gateway: true}},
			nodeNo(7): {Node: gossip.Node{Gateway: true}},
		},
	}
	for id, p := range d.nodes {
		p.ID, p.Peer = id, id.String()
	}
	d.publish()
	r := d.routes.Load()
	if want := map[slotmap.NodeID]bool{nodeNo(3): true, nodeNo(6): true}; !maps.Equal(r.Unlinked, want) {
		t.Errorf("unlinked: %v", r.Unlinked)
	}
	if want := map[slotmap.NodeID]bool{nodeNo(4): true}; !maps.Equal(r.Down, want) {
		t.Errorf("down: %v", r.Down)
	}
	if len(r.Nodes) != 4 || len(r.Gateways) != 2 {
		t.Errorf("nodes: %v, gateways: %v", r.Nodes, r.Gateways)
	}
}
