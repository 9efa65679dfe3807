package session

import (
	"slices"

	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/gossip"
	"github.com/troupedb/troupe/slotmap"
)

// Routes is the node's picture of the cluster at one moment. It is immutable once published.
type Routes struct {
	Map     *slotmap.Map
	Handles map[slotmap.ShardID]*replica.Handle // the replicas on this node
	Nodes   map[slotmap.NodeID]gossip.Node      // with this one; those of no use to clients left out
	Down    map[slotmap.NodeID]bool             // nodes of Nodes that are not alive

	// Nodes and gateways that are alive by gossip and that no link leads to. A link breaks at once when its peer dies, gossip
	// takes seconds to tell.
	Unlinked map[slotmap.NodeID]bool

	Gateways map[slotmap.NodeID]gossip.Node // members without data that are alive; this node is here if it is one

	Self    gossip.Node
	Cluster slotmap.ClusterID
}

// Leader is the node that leads a shard as far as is known here: from the replica on this node, else
// from the map. It is not known where the node that led is down.
func (r *Routes) Leader(id slotmap.ShardID) (gossip.Node, bool) {
	if h := r.Handles[id]; leads(h) {
		return r.alive(r.Self.ID)
	} else if h != nil {
		return r.alive(h.Gauges.LeaderNode())
	}
	s, _ := r.Map.Shard(id)
	node, _ := s.LeaderNode()
	return r.alive(node)
}

func (r *Routes) alive(id slotmap.NodeID) (gossip.Node, bool) {
	n, ok := r.Nodes[id]
	return n, ok && n.Client != "" && !r.Down[id]
}

// Led lists the replicas on this node that lead their shards, by shard.
func (r *Routes) Led() []*replica.Handle {
	var led []*replica.Handle
	for _, h := range r.Handles {
		if leads(h) {
			led = append(led, h)
		}
	}
	slices.SortFunc(led, func(a, b *replica.Handle) int { return int(a.Shard) - int(b.Shard) })
	return led
}

func leads(h *replica.Handle) bool {
	return h != nil && replica.Role(h.Gauges.Role.Load()) == replica.RoleLeader
}

// ready reports whether a shard has a leader that serves, as far as is known here.
func (r *Routes) ready(id slotmap.ShardID) bool {
	if h := r.Handles[id]; h != nil && !h.Gauges.Ready.Load() {
		return false
	}
	_, ok := r.Leader(id)
	return ok
}

// Served reports whether every slot has an owner, and every owner a leader that serves.
func (r *Routes) Served() bool {
	return r.Map.Owned() == slotmap.Count && r.slotsReady() == slotmap.Count
}

// slotsReady counts the slots whose owner has a leader that serves.
func (r *Routes) slotsReady() (n int) {
	known := map[slotmap.ShardID]bool{}
	for _, run := range r.Map.Runs() {
		ok, seen := known[run.Shard]
		if !seen {
			ok = r.ready(run.Shard)
			known[run.Shard] = ok
		}
		if ok {
			n += run.Len()
		}
	}
	return n
}

// nodesByID lists all nodes in order of id.
func (r *Routes) nodesByID() []gossip.Node {
	out := make([]gossip.Node, 0, len(r.Nodes))
	for _, n := range r.Nodes {
		out = append(out, n)
	}
	slices.SortFunc(out, func(a, b gossip.Node) int { return a.ID.Compare(b.ID) })
	return out
}
