package gossip

import (
	"cmp"
	"slices"

	"github.com/troupedb/troupe/slotmap"
)

// maxNodes bounds the nodes that a hostile peer can make us remember.
const maxNodes = 1024

// directory is who there is. Pure state: its methods return the events that a
// change amounts to. memberlist knows more than we show: a node whose address
// another id took over, or one that turned to another cluster.
type directory struct {
	self    slotmap.NodeID
	cluster slotmap.ClusterID
	alive   map[slotmap.NodeID]Node // as memberlist has it, without this node
	shown   map[slotmap.NodeID]Node // subset that counts
	lodger  map[string]Node         // shown, by gossip address
	known   map[slotmap.NodeID]Node // shown once, and neither left nor replaced
}

func newDirectory(self slotmap.NodeID, cluster slotmap.ClusterID) *directory {
	return &directory{
		self:    self,
		cluster: cluster,
		alive:   make(map[slotmap.NodeID]Node),
		shown:   make(map[slotmap.NodeID]Node),
		known:   make(map[slotmap.NodeID]Node),
	}
}

// admits tells whether a node may be a member here: it is of our side or of
// none, or we have taken no side yet.
func (d *directory) admits(n Node) bool {
	if n.Cluster.IsZero() {
		return true
	}
	side := d.side()
	return n.Cluster == side || side.IsZero()
}

// side is our cluster, or while we have none, the one whose members we have.
// An empty node with members of two clusters would lead each to the other.
func (d *directory) side() slotmap.ClusterID {
	if !d.cluster.IsZero() {
		return d.cluster
	}
	for _, n := range d.alive {
		if !n.Cluster.IsZero() {
			return n.Cluster
		}
	}
	return slotmap.ClusterID{}
}

// full tells whether one more id would be too many.
func (d *directory) full(id slotmap.NodeID) bool {
	_, have := d.alive[id]
	return !have && len(d.alive) >= maxNodes
}

// put notes that n is alive and says this about itself.
func (d *directory) put(n Node) []Event {
	if n.ID == d.self {
		return nil
	}
	if !d.admits(n) {
		return d.drop(n.ID, false)
	}
	d.alive[n.ID] = n
	return d.refresh()
}

// drop notes that a node is dead, or left of its own will.
func (d *directory) drop(id slotmap.NodeID, left bool) []Event {
	delete(d.alive, id)
	events := d.refresh()
	if left {
		delete(d.known, id)
	}
	for i, e := range events {
		if down, ok := e.(NodeDown); ok && down.Node.ID == id {
			down.Left = left
			events[i] = down
		}
	}
	return events
}

// setCluster notes which cluster we belong to.
func (d *directory) setCluster(c slotmap.ClusterID) []Event {
	if d.cluster == c {
		return nil
	}
	d.cluster = c
	for id, n := range d.known {
		if !d.admits(n) {
			delete(d.known, id)
		}
	}
	return d.refresh()
}

// recall seeds what is remembered from before a restart.
func (d *directory) recall(nodes []Node) {
	for _, n := range nodes {
		if n.ID != d.self && d.admits(n) && n.Gossip != "" {
			d.remember(n)
		}
	}
}

// nodes returns those shown, by id.
func (d *directory) nodes() []Node { return sortedNodes(d.shown) }

// remembered returns every node worth looking for after a restart, by id.
func (d *directory) remembered() []Node { return sortedNodes(d.known) }

// at returns the node that lives at a gossip address.
func (d *directory) at(addr string) (Node, bool) {
	n, ok := d.lodger[addr]
	return n, ok
}

// refresh recomputes who is shown and returns the difference in id order.
func (d *directory) refresh() []Event {
	before := d.shown
	d.lodger = d.latest()
	d.shown = make(map[slotmap.NodeID]Node, len(d.lodger))
	for _, n := range d.lodger {
		d.shown[n.ID] = n
	}
	var events []Event
	for _, n := range sortedNodes(before) {
		if _, ok := d.shown[n.ID]; !ok {
			events = append(events, NodeDown{Node: n})
		}
	}
	for _, n := range sortedNodes(d.shown) {
		old, had := before[n.ID]
		switch {
		case !had:
			events = append(events, NodeUp{n})
		case !sameButDigest(old, n):
			events = append(events, NodeChanged{n})
		}
		d.remember(n)
	}
	return events
}

// latest returns, of the alive nodes that we admit, the latest per address.
func (d *directory) latest() map[string]Node {
	latest := make(map[string]Node, len(d.alive))
	for _, n := range d.alive {
		if !d.admits(n) {
			continue
		}
		if o, ok := latest[n.Gossip]; !ok || supersedes(n, o) {
			latest[n.Gossip] = n
		}
	}
	return latest
}

// remember keeps n for rejoining, instead of whoever had its address before.
func (d *directory) remember(n Node) {
	for id, o := range d.known {
		if id != n.ID && o.Gossip == n.Gossip {
			delete(d.known, id)
		}
	}
	if _, have := d.known[n.ID]; !have && len(d.known) >= maxNodes {
		d.forgetOneDead()
	}
	d.known[n.ID] = n
}

func (d *directory) forgetOneDead() {
	for id := range d.known {
		if _, alive := d.alive[id]; !alive {
			delete(d.known, id)
			return
		}
	}
}

// supersedes tells whether a is the later occupant of an address than b.
func supersedes(a, b Node) bool {
	return cmp.Or(cmp.Compare(a.Boot, b.Boot), a.ID.Compare(b.ID)) > 0
}

func sameButDigest(a, b Node) bool {
	a.Digest = b.Digest
	return a == b
}

func sortedNodes(m map[slotmap.NodeID]Node) []Node {
	out := make([]Node, 0, len(m))
	for _, n := range m {
		out = append(out, n)
	}
	slices.SortFunc(out, func(a, b Node) int { return a.ID.Compare(b.ID) })
	return out
}
