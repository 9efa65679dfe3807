package actors

import (
	"fmt"
	"maps"
	"slices"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/cockroachdb/errors/oserror"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/actors/plant"
	"github.com/troupedb/troupe/actors/pubsub"
	"github.com/troupedb/troupe/actors/raftlog"
	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/actors/session"
	"github.com/troupedb/troupe/gossip"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

// found starts a new cluster on this node: the slots are spread over the shards, and every shard begins with one
// voter here. The log keeps the order of what it is sent, so that all that is to be made is on disk before any of
// it is, and the membership after all of it: a start that a crash cuts short is taken up again.
func (d *director) found(f *founding) {
	d.founder = true
	d.setMeta(metaFounding, f.appendMsgpack(nil), nil)
	runs := map[slotmap.ShardID][]slotmap.Run{}
	for _, run := range slotmap.Even(f.shards) {
		runs[run.Shard] = append(runs[run.Shard], run)
	}
	for id := slotmap.ShardID(1); int(id) <= f.shards; id++ {
		if _, made := d.loaded[id]; made {
			continue
		}
		c, err := replica.NewGroup(d.world.FS, snapshotDir(d.cfg.Data), f.cluster, d.self.ID, id, runs[id], randomKey(), d.world.Wall())
		if err != nil {
			d.cfg.Fatal(fmt.Errorf("cannot start a cluster: %w", err))
			return
		}
		d.system.Root.Send(d.logPID, c)
	}
	d.log.Info("starts a new cluster", "cluster", f.cluster, "shards", f.shards)
	d.enrol(f.cluster)
}

// adopt makes this node, which has no data, one of a cluster.
func (d *director) adopt(cluster slotmap.ClusterID) {
	d.log.Info("joins a cluster", "cluster", cluster)
	d.enrol(cluster)
}

// enrol makes the membership durable. Nobody is told before: others would tell it to a node that knows nothing
// of it any more.
func (d *director) enrol(cluster slotmap.ClusterID) {
	d.setMeta(metaCluster, cluster[:], func() { d.system.Root.Send(d.pid(), &enrolled{cluster}) })
}

// enrolled tells everyone, and starts what the log holds.
func (d *director) enrolled(cluster slotmap.ClusterID) {
	d.cluster, d.self.Cluster = cluster, cluster
	d.tellSelf()
	d.connectAll()
	d.loaded = nil
	for _, id := range d.store.Shards() {
		d.spawn(id)
	}
}

// setMeta has the log keep a value. done, if any, is called on the log's goroutine once it is durable.
func (d *director) setMeta(key string, value []byte, done func()) {
	d.system.Root.Send(d.logPID, &raftlog.SetMeta{Key: key, Value: value, Done: done})
}

func (d *director) connectAll() {
	for _, p := range d.nodesByID() {
		d.connect(p.Node)
	}
}

// nodesByID lists the nodes in an order that is the same every time.
func (d *director) nodesByID() []*peer {
	return slices.SortedFunc(maps.Values(d.nodes), func(a, b *peer) int { return a.ID.Compare(b.ID) })
}

// tellSelf gossips what this node says of itself, and has placement here know it too.
func (d *director) tellSelf() {
	d.gossip.SetSelf(d.self)
	if p := d.nodes[d.self.ID]; p != nil {
		p.Node = d.self
	}
	d.dirty = true
}

func (d *director) gossiped(ev gossip.Event) {
	switch ev := ev.(type) {
	case gossip.NodeUp:
		d.nodeSeen(ev.Node)
	case gossip.NodeChanged:
		d.nodeSeen(ev.Node)
	case gossip.NodeDown:
		d.nodeLost(ev.Node, ev.Left)
	case gossip.DeltaReceived:
		d.merge(d.slots.Apply(ev.Delta))
	case gossip.MapReceived:
		if plant.StaleGossip.On() {
			d.merge(ev.Map, true)
			return
		}
		d.merge(d.slots.Merge(ev.Map))
	case gossip.Foreign:
		d.foreign(ev)
	}
}

func (d *director) merge(next *slotmap.Map, changed bool) {
	if changed {
		d.slots, d.dirty = next, true
	}
}

func (d *director) nodeSeen(n gossip.Node) {
	p := d.nodes[n.ID]
	if p == nil {
		p = &peer{}
		d.nodes[n.ID] = p
	}
	if !p.alive && n.ID != d.self.ID {
		d.log.Info("sees node", "node", n.ID, "client", n.Client)
	}
	p.Node, p.alive = n, true
	d.connect(n)
	d.judgeClock()
	d.dirty = true
	d.remember()
}

// connect opens the link to a node of the cluster before it is needed: a vote should not wait for a dial.
func (d *director) connect(n gossip.Node) {
	if n.ID != d.self.ID && !d.cluster.IsZero() && n.Cluster == d.cluster {
		d.links.Connect(n.ID)
	}
}

func (d *director) nodeLost(n gossip.Node, left bool) {
	if p := d.nodes[n.ID]; p != nil && p.alive {
		p.alive = false
		d.dirty = true
		what := "lost node"
		if left {
			what = "node left"
		}
		d.log.Info(what, "node", n.ID, "client", n.Client)
		d.remember()
	}
}

// foreign handles the news of another cluster. One that knows this node's address, told to a node that has
// just started a cluster of its own, means that this node's disk was lost: it must not serve a second
// cluster.
func (d *director) foreign(ev gossip.Foreign) {
	if ev.KnowsUs && d.founder && !d.served {
		d.cfg.Fatal(fmt.Errorf("cluster %v at %s knows this node's address, but this data directory is of a new cluster: remove the directory and start again with --join %s",
			ev.Cluster, ev.Addr, ev.Addr))
		return
	}
	d.log.Warn("another cluster is in reach; it is ignored", "cluster", ev.Cluster, "addr", ev.Addr)
}

// remember keeps the addresses of the cluster's nodes on disk, so that a restart finds them, and those of dead
// nodes that have a place in a shard still, so that it knows who replaces them.
func (d *director) remember() {
	if d.cluster.IsZero() {
		return
	}
	d.setMeta(metaPeers, gossip.EncodeDirectory(d.gossip.Known()), nil)
	d.setMeta(metaLost, gossip.EncodeDirectory(d.lost()), nil)
}

// lost are the dead nodes that may be a member of some shard.
func (d *director) lost() (out []gossip.Node) {
	for _, p := range d.nodesByID() {
		if !p.alive && p.ID != d.self.ID && !d.placeless(p.ID) {
			out = append(out, p.Node)
		}
	}
	return out
}

// tellAbsent tells the others of the dead that have a place in a shard still. Who came after they died may lead their
// shard, and must know then who replaces them.
func (d *director) tellAbsent() {
	lost := d.lost()
	if len(lost) == 0 || d.cluster.IsZero() {
		return
	}
	m := &wire.Absent{Directory: gossip.EncodeDirectory(lost)}
	for _, p := range d.nodesByID() {
		if p.alive && p.ID != d.self.ID {
			d.system.Root.Send(actor.NewPID(p.ID.String(), directorName), m)
		}
	}
}

func (d *director) inbound(in *link.Inbound) {
	m, ok := in.Message.(*wire.Absent)
	if !ok {
		return
	}
	nodes, err := gossip.DecodeDirectory(m.Directory)
	if err != nil {
		d.log.Warn("what a node tells of dead ones is unreadable", "node", in.From, "err", err)
		return
	}
	d.hearAbsent(nodes)
}

// hearAbsent takes over the members of shards of whom nothing is known here. Like all that others tell, it costs copies
// if it is wrong, and no data.
func (d *director) hearAbsent(nodes []gossip.Node) {
	news := false
	for _, n := range nodes {
		if d.nodes[n.ID] == nil && n.Cluster == d.cluster && d.placed(n.ID) {
			d.nodes[n.ID], news = &peer{Node: n}, true
		}
	}
	if news {
		d.dirty = true
		d.remember()
	}
}

// placed reports whether a node is known to be a member of a shard.
func (d *director) placed(id slotmap.NodeID) bool {
	return slices.ContainsFunc(d.slots.Shards(), func(sh slotmap.Shard) bool {
		return slices.ContainsFunc(sh.Members, func(m slotmap.Member) bool { return m.Node == id })
	})
}

// placeless reports whether a node is known to be no member of any shard.
func (d *director) placeless(id slotmap.NodeID) bool {
	for _, sh := range d.slots.Shards() {
		if len(sh.Members) == 0 {
			return false
		}
	}
	return !d.placed(id) && d.slots.Owned() == slotmap.Count
}

// tellSpace gossips whether this node's disk is below its mark.
func (d *director) tellSpace() {
	low := d.store.Space().Low
	if low == d.self.LowSpace {
		return
	}
	d.self.LowSpace = low
	d.tellSelf()
	if low {
		d.log.Error("disk nearly full: writes are refused", "free", d.store.Space().Free, "min-free", d.cfg.MinFree)
	} else {
		d.log.Info("disk has room again: writes are taken")
	}
}

// tellRecovered gossips, once, that what this node had on disk when it started is loaded: until then a
// leadership that came here would have its clients wait.
func (d *director) tellRecovered() {
	if !d.self.Recovering {
		return
	}
	for _, h := range d.replicas {
		if h.handle == nil || !loaded(h.handle.Gauges.View()) {
			return
		}
	}
	d.self.Recovering = false
	d.tellSelf()
}

// loadedWithin is how many committed entries a replica may still have to apply and count as loaded.
const loadedWithin = 256

func loaded(v replica.View) bool { return v.Leader != 0 && v.Applied+loadedWithin >= v.Commit }

// publish makes the sessions' routes from the director's picture.
func (d *director) publish() {
	if !d.dirty {
		return
	}
	d.dirty = false
	r := &session.Routes{
		Map: d.slots, Cluster: d.cluster, Self: d.self,
		Handles: make(map[slotmap.ShardID]*replica.Handle, len(d.replicas)),
		Nodes:   make(map[slotmap.NodeID]gossip.Node, len(d.nodes)),
		Down:    map[slotmap.NodeID]bool{}, Unlinked: map[slotmap.NodeID]bool{}, Gateways: map[slotmap.NodeID]gossip.Node{},
	}
	for id, h := range d.replicas {
		if h.handle != nil {
			r.Handles[id] = h.handle
		}
	}
	replaced := d.replaced()
	for id, p := range d.nodes {
		switch _, gone := replaced[id]; {
		case gone:
		case !p.Gateway:
			r.Nodes[id] = p.Node
			if !p.alive {
				r.Down[id] = true
			}
		case p.alive:
			r.Gateways[id] = p.Node
		}
		if p.alive && !d.linked[id] && id != d.self.ID {
			r.Unlinked[id] = true
		}
	}
	if d.self.Gateway {
		r.Gateways[d.self.ID] = d.self
	} else {
		r.Nodes[d.self.ID] = d.self
	}
	d.routes.Store(r)
	d.system.Root.Send(d.broker, pubsub.Rerouted{})
	d.tellNeighbours()
}

// replaced maps dead nodes to the node that came up at their address.
func (d *director) replaced() map[slotmap.NodeID]slotmap.NodeID {
	at := map[string]slotmap.NodeID{d.self.Peer: d.self.ID}
	for _, p := range d.nodesByID() {
		if p.alive {
			at[p.Peer] = p.ID
		}
	}
	out := map[slotmap.NodeID]slotmap.NodeID{}
	for id, p := range d.nodes {
		if by, ok := at[p.Peer]; ok && !p.alive && by != id {
			out[id] = by
		}
	}
	return out
}

// addressed tells which replica a message was for, if it is one that may create a replica.
func addressed(m *link.Unroutable) (slotmap.ShardID, uint64, bool) {
	msg, ok := m.Message.(*wire.Raft)
	shard, named := shardOf(m.Target)
	if !ok || !named || msg.Shard != shard {
		return 0, 0, false
	}
	switch msg.Message.GetType() {
	case raftpb.MsgApp, raftpb.MsgHeartbeat:
		return shard, msg.Message.GetTo(), true
	}
	return 0, 0, false
}

func (d *director) dropFile(path string) {
	if err := d.world.FS.Remove(path); err != nil && !oserror.IsNotExist(err) {
		d.log.Warn("received file stays", "file", path, "err", err)
	}
}
