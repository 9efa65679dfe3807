package actors

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupedb/troupe/actors/confirm"
	"github.com/troupedb/troupe/actors/forward"
	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/actors/raftlog"
	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/actors/session"
	"github.com/troupedb/troupe/gossip"
	"github.com/troupedb/troupe/slotmap"
)

// director is the actor that owns this node's picture of the cluster and the set of replicas that live
// here.
type director struct {
	cfg     *Config
	world   *World
	log     *slog.Logger
	system  *actor.ActorSystem
	store   *raftlog.Log
	logPID  *actor.PID
	forward *actor.PID
	broker  *actor.PID
	survey  *actor.PID
	confirm *actor.PID
	clients *session.Server
	links   Links
	gossip  Gossip
	self    gossip.Node
	routes  *atomic.Pointer[session.Routes]
	time    *timekeeper

	cluster  slotmap.ClusterID
	slots    *slotmap.Map
	nodes    map[slotmap.NodeID]*peer
	linked   map[slotmap.NodeID]bool // nodes that a link leads to
	replicas map[slotmap.ShardID]*hosted
	facts    map[slotmap.ShardID]*replica.Facts

	loaded  map[slotmap.ShardID]raftlog.State // what the log held at start, until it is hosted
	ticks   uint64
	dirty   bool // the routes are out of date
	beside  int  // nodes on this machine, as Neighbours was told
	founder bool // this node started the cluster in this run: another cluster that knows us outranks it
	served  bool
	leaving *leaving
	planned map[slotmap.ShardID]uint64 // tick of the last step for a shard
}

// peer is a node of the cluster as far as this one knows.
type peer struct {
	gossip.Node
	alive bool
}

// hosted is a replica on this node.
type hosted struct {
	id      uint64
	handle  *replica.Handle // nil while the log creates it
	arrived *link.Received  // a snapshot that came before the replica was there
}

// shardName is the name of a shard's replica, the same on every node.
func shardName(id slotmap.ShardID) string { return "shard/" + strconv.FormatUint(uint64(id), 10) }

// shardOf is the inverse of shardName.
func shardOf(name string) (slotmap.ShardID, bool) {
	n, err := strconv.ParseUint(strings.TrimPrefix(name, "shard/"), 10, 32)
	return slotmap.ShardID(n), err == nil && n > 0 && strings.HasPrefix(name, "shard/")
}

// Receive implements actor.Actor.
func (d *director) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case tick:
		d.onTick()
	case mailbox.Drained:
		d.publish()
	case *replica.Changed:
		d.changed(m)
	case *replica.Facts:
		d.facts[m.Shard] = m
	case *gossiped:
		d.gossiped(m.event)
	case *link.Up:
		d.linked[m.Node], d.dirty = true, true
		d.toPeerUsers(m)
	case *link.Down:
		delete(d.linked, m.Node)
		d.dirty = true
		d.toReplicas(&replica.PeerDown{Node: m.Node}) // before who is told that what he forwarded is lost asks them
		d.toPeerUsers(m)
	case *link.Unroutable:
		d.unroutable(m)
	case *link.Received:
		d.received(m)
	case *raftlog.Created:
		d.created(m)
	case *replica.Gone:
		d.gone(m)
	default:
		d.rare(ctx, m)
	}
}

func (d *director) rare(ctx actor.Context, m any) {
	switch m := m.(type) {
	case *actor.Started:
		d.startLoaded()
	case *founding:
		d.found(m)
	case *joined:
		d.adopt(m.cluster)
	case *enrolled:
		d.enrolled(m.cluster)
	case *leave:
		d.leave(m)
	case *link.Inbound:
		d.inbound(m)
	}
}

func (d *director) onTick() {
	d.ticks++
	d.toReplicas(replica.Tick{})
	d.system.Root.Send(d.confirm, confirm.Tick{})
	if d.ticks%placementTicks == 0 {
		d.place()
	}
	if d.ticks%spaceTicks == 0 {
		d.system.Root.Send(d.logPID, raftlog.CheckSpace{})
		d.tellSpace()
		d.tellRecovered()
	}
	if d.ticks%forwardTicks == 0 {
		d.system.Root.Send(d.forward, forward.Tick{})
	}
	if d.ticks%clockTicks == 0 {
		d.judgeClock()
		d.tellClock()
	}
	if d.ticks%absentTicks == 0 {
		d.tellAbsent()
	}
	d.checkServed()
	d.checkLeft()
}

// Periods, in ticks of replica.TickInterval.
const (
	placementTicks = 10
	spaceTicks     = 25
	clockTicks     = 25
	forwardTicks   = uint64(forward.TickInterval / replica.TickInterval)
	absentTicks    = 250 // between two words about dead members
	stepTicks      = 15  // at least between two steps of placement for one shard
	leaveTicks     = 150 // at most, for a graceful end
	leaveQuiet     = 10  // without a leadership, before it
	handOverTicks  = 25  // between two tries to hand over
)

// startLoaded starts the replicas that the log holds.
func (d *director) startLoaded() {
	if d.cluster.IsZero() {
		return
	}
	d.connectAll()
	for _, shard := range slices.Sorted(maps.Keys(d.loaded)) {
		d.host(shard, d.loaded[shard])
	}
	d.loaded = nil
}

// spawn starts the replica of a shard from what the log has of it.
func (d *director) spawn(shard slotmap.ShardID) {
	st, err := d.store.Load(shard)
	if err != nil {
		d.cfg.Fatal(fmt.Errorf("shard %d: %w", shard, err))
		return
	}
	d.host(shard, st)
}

// host starts a replica; a tombstone alone is none.
func (d *director) host(shard slotmap.ShardID, st raftlog.State) {
	if st.Replica == 0 || st.Replica <= st.Tombstone {
		return
	}
	h := d.replicas[shard]
	if h == nil {
		h = &hosted{}
		d.replicas[shard] = h
	}
	h.id = st.Replica
	h.handle = replica.Spawn(d.replicaConfig(shard, st), shardName(shard), d.strategy(fmt.Sprintf("shard %d", shard)))
	if h.arrived != nil {
		d.received(h.arrived)
		h.arrived = nil
	}
	d.dirty = true
}

// strategy ends the node when an actor that must not be restarted panics.
func (d *director) strategy(who string) actor.SupervisorStrategy {
	return mailbox.StopNode(func(reason any) { d.cfg.Fatal(fmt.Errorf("%s stopped: %v", who, reason)) })
}

// unroutable takes a message for an actor that is not here. A raft message of a group that has added a
// replica on this node creates that replica, empty: its leader will bring it up to date.
func (d *director) unroutable(m *link.Unroutable) {
	shard, to, ok := addressed(m)
	if !ok || d.cluster.IsZero() || d.leaving != nil {
		return
	}
	d.create(shard, to)
}

// create makes an empty replica unless there is one, or its id was buried.
func (d *director) create(shard slotmap.ShardID, id uint64) {
	if d.replicas[shard] != nil {
		return
	}
	st, err := d.store.Load(shard)
	if err != nil {
		d.cfg.Fatal(fmt.Errorf("shard %d: %w", shard, err))
		return
	}
	if id <= st.Tombstone || st.Replica != 0 {
		return
	}
	d.replicas[shard] = &hosted{id: id}
	d.system.Root.Send(d.logPID, &raftlog.Create{Shard: shard, Replica: id, Reply: d.pid()})
}

func (d *director) created(m *raftlog.Created) {
	h := d.replicas[m.Shard]
	switch {
	case h == nil || h.handle != nil:
	case m.Err != nil:
		d.log.Warn("replica not created", "shard", m.Shard, "replica", m.Replica, "err", m.Err)
		delete(d.replicas, m.Shard)
	default:
		d.spawn(m.Shard)
	}
}

// received passes a snapshot file to its replica, which it may be the first to speak of.
func (d *director) received(m *link.Received) {
	h := d.replicas[m.Header.Shard]
	if h == nil {
		if d.create(m.Header.Shard, m.Header.To); d.replicas[m.Header.Shard] != nil {
			d.replicas[m.Header.Shard].arrived = m
			return
		}
	}
	if h == nil || h.handle == nil || h.id != m.Header.To {
		d.dropFile(m.Path)
		return
	}
	d.system.Root.Send(h.handle.PID, &replica.SnapshotArrived{From: m.From, Header: m.Header, Path: m.Path})
}

// gone forgets a replica whose id is buried; the shard may come back here under a new id.
func (d *director) gone(m *replica.Gone) {
	h := d.replicas[m.Shard]
	if h == nil || h.id != m.Replica {
		return
	}
	if h.handle != nil {
		d.system.Root.Stop(h.handle.PID)
	}
	delete(d.replicas, m.Shard)
	delete(d.facts, m.Shard)
	d.dirty = true
}

// changed takes what a shard's log says of its group: it outranks gossip, and where this node leads the
// shard it is told to everyone.
func (d *director) changed(m *replica.Changed) {
	if !m.Leads {
		// The leader last known stays listed during an election: clients need some address for each slot.
		m.Shard.Term, m.Shard.Leader = 0, 0
		delete(d.facts, m.Shard.ID)
	}
	next, ok := d.slots.Apply(slotmap.Delta{Shard: m.Shard, Runs: m.Runs})
	d.dirty = true
	if ok {
		d.slots = next
		d.judgeClock()
	}
	if m.Leads && d.gossip != nil {
		d.gossip.Publish(d.slots.Delta(m.Shard.ID))
	}
}

// toPeerUsers tells those who speak with the same actor on other nodes of a link.
func (d *director) toPeerUsers(m any) {
	for _, pid := range []*actor.PID{d.forward, d.broker, d.survey, d.confirm} {
		d.system.Root.Send(pid, m)
	}
}

// toReplicas sends every replica here a message, in order of shard, so that what follows can be repeated.
func (d *director) toReplicas(m any) {
	for _, shard := range slices.Sorted(maps.Keys(d.replicas)) {
		d.toReplica(shard, m)
	}
}

// directorName is the director's on every node.
const directorName = "node"

func (d *director) pid() *actor.PID { return d.system.NewLocalPID(directorName) }

// checkServed reports once that the whole cluster is served as seen from here.
func (d *director) checkServed() {
	if d.served || !d.routes.Load().Served() {
		return
	}
	d.served = true
	d.cfg.Ready()
}

// leaving is a graceful end under way.
type leaving struct {
	since uint64
	free  uint64        // tick of the earliest end, while nothing is led here
	done  chan struct{} // nil: closed
}

// leave hands over what is led here, and has the others told to hand nothing back.
func (d *director) leave(m *leave) {
	d.leaving = &leaving{since: d.ticks, free: d.ticks + leaveQuiet, done: m.done}
	d.self.Leaving = true
	d.tellSelf()
	d.toReplicas(replica.HandOver{})
}

// checkLeft ends a graceful stop when nothing has been led here for a while that another could lead, or time is
// out. What comes back, from a node that has not heard yet or because another could not take it, is handed over
// again.
func (d *director) checkLeft() {
	l := d.leaving
	if l == nil {
		return
	}
	leads := d.leads()
	if len(leads) > 0 {
		l.free = d.ticks + leaveQuiet
		if (d.ticks-l.since)%handOverTicks == 0 {
			d.toReplicas(replica.HandOver{})
		}
	}
	if l.done == nil || d.ticks < min(l.free, l.since+leaveTicks) {
		return
	}
	if len(leads) > 0 {
		d.log.Warn("stops while it leads", "shards", leads)
	} else {
		d.log.Info("leads nothing any more")
	}
	close(l.done)
	l.done = nil
}

// leads lists the shards led here that another could lead.
func (d *director) leads() (shards []slotmap.ShardID) {
	for _, shard := range slices.Sorted(maps.Keys(d.replicas)) {
		if h := d.replicas[shard].handle; h != nil {
			if v := h.Gauges.View(); v.Role == replica.RoleLeader && v.Voters > 1 {
				shards = append(shards, shard)
			}
		}
	}
	return shards
}
