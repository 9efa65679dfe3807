package pubsub

import (
	"slices"
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/actors/plant"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
	"github.com/troupedb/troupe/wire/resp"
)

// Name is the actor's name, the same on every node.
const Name = "pubsub"

// How many messages of peers may be queued, and how many bytes of theirs.
const (
	maxInbound      = 64 << 10
	maxInboundBytes = 64 << 20
)

// Mailbox bounds what peers may have queued for the actor.
var Mailbox = mailbox.WithConsensusBytes(maxInbound, maxInboundBytes, func(any) {})

// Config is what a Broker works with. The functions do not block.
type Config struct {
	System *actor.ActorSystem
	// Serves tells whether a replica of the shard of a slot is on this node.
	Serves func(slot uint16) bool
	// Members lists the nodes with a replica of the shard of a slot.
	Members func(slot uint16) []slotmap.NodeID
}

// Broker is the actor. Its fields belong to its turn, but for the figures.
type Broker struct {
	cfg   Config
	table table
	peers []peer // that a link leads to, by id

	channels, patterns, shards, clients atomic.Int64
}

type peer struct {
	node slotmap.NodeID
	pid  *actor.PID
}

// New makes the actor that is to be spawned under Name.
func New(cfg Config) *Broker { return &Broker{cfg: cfg, table: newTable()} }

// Stats are figures of the moment.
type Stats struct {
	Channels, Patterns, ShardChannels int64 // with subscribers
	Clients                           int64 // that are subscribed to something
}

// Stats may be called on any goroutine.
func (b *Broker) Stats() Stats {
	return Stats{b.channels.Load(), b.patterns.Load(), b.shards.Load(), b.clients.Load()}
}

// Receive implements actor.Actor.
func (b *Broker) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *Publish:
		b.publish(m)
	case *Events:
		b.events(m)
	case *Change:
		b.change(m)
	case *Forget:
		b.forget(m)
	case *Query:
		b.query(m)
	case *link.Inbound:
		if p, ok := m.Message.(*wire.Publish); ok {
			b.here(p.Shard, p.Channel, p.Payload)
		}
	case *link.Up:
		b.up(m.Node)
	case *link.Down:
		b.peers = slices.DeleteFunc(b.peers, func(p peer) bool { return p.node == m.Node })
	case Rerouted:
		b.rerouted()
	case mailbox.Drained:
		b.show()
	}
}

func (b *Broker) up(node slotmap.NodeID) {
	at, known := slices.BinarySearchFunc(b.peers, node, func(p peer, n slotmap.NodeID) int { return p.node.Compare(n) })
	if !known {
		b.peers = slices.Insert(b.peers, at, peer{node, actor.NewPID(node.String(), Name)})
	}
}

// publish sends a message to the subscribers here and to the other nodes that may have some.
func (b *Broker) publish(m *Publish) {
	out := &wire.Publish{Shard: m.Shard, Channel: m.Channel, Payload: m.Payload}
	var members []slotmap.NodeID
	if m.Shard {
		members = b.cfg.Members(slotmap.Slot([]byte(m.Channel)))
	}
	for _, p := range b.peers {
		if !m.Shard || slices.Contains(members, p.node) {
			b.cfg.System.Root.Send(p.pid, out)
		}
	}
	if plant.RepeatedMessage.On() {
		b.here(m.Shard, m.Channel, m.Payload)
	}
	m.Done(b.here(m.Shard, m.Channel, m.Payload))
}

// here delivers a message to the subscribers on this node, and returns how many it went to.
func (b *Broker) here(shard bool, channel string, payload []byte) int {
	if shard {
		return b.deliver(Shard, channel, "smessage", channel, string(payload))
	}
	n := b.deliver(Channel, channel, "message", channel, string(payload))
	for _, pattern := range slices.Clone(b.table.names[Pattern].list) {
		if keyspace.Match([]byte(pattern), []byte(channel)) {
			n += b.deliver(Pattern, pattern, "pmessage", pattern, channel, string(payload))
		}
	}
	return n
}

// deliver sends a push to the subscribers of a name. Those that can take no more are forgotten.
func (b *Broker) deliver(kind Kind, name string, parts ...string) (n int) {
	to := b.table.subscribers(kind, name)
	if len(to) == 0 {
		return 0
	}
	frame := push(parts...)
	var gone []Subscriber
	for _, c := range to {
		if c.Deliver(frame) {
			n++
		} else {
			gone = append(gone, c)
		}
	}
	for _, c := range gone {
		b.table.forget(c)
	}
	return n
}

// events publishes what was done to keys.
func (b *Broker) events(m *Events) {
	for _, e := range m.List {
		if m.ByKey {
			b.here(false, "__keyspace@0__:"+e.Key, []byte(e.Name))
		}
		if m.ByEvent {
			b.here(false, "__keyevent@0__:"+e.Name, []byte(e.Key))
		}
	}
	m.Done()
}

func (b *Broker) change(m *Change) {
	if !m.Leave && !b.table.room(m.Client, m.Kind, m.Names) {
		m.Done(nil)
		return
	}
	names, all := m.Names, m.Leave && len(m.Names) == 0
	if all {
		names = b.table.namesOf(m.Client, m.Kind)
	}
	changed := make([]Changed, 0, max(len(names), 1))
	for _, name := range names {
		if m.Leave {
			b.table.leave(m.Client, m.Kind, name)
		} else {
			b.table.join(m.Client, m.Kind, name)
		}
		changed = append(changed, Changed{Name: name, Count: b.counted(m.Client, m.Kind)})
	}
	if len(names) == 0 {
		changed = append(changed, Changed{None: true, Count: b.counted(m.Client, m.Kind)})
	}
	b.count(m.Client, m.Kind)
	m.Done(changed)
}

// count tells a client what it is subscribed to by now.
func (b *Broker) count(c Subscriber, kind Kind) {
	c.Count(kind, b.table.count(c, kind), b.table.bytesOf(c))
}

// counted is the count that a confirmation shows.
func (b *Broker) counted(c Subscriber, kind Kind) int {
	if kind == Shard {
		return b.table.count(c, Shard)
	}
	return b.table.count(c, Channel) + b.table.count(c, Pattern)
}

func (b *Broker) forget(m *Forget) {
	b.table.forget(m.Client)
	for kind := range kinds {
		b.count(m.Client, kind)
	}
	if m.Done != nil {
		m.Done()
	}
}

func (b *Broker) query(m *Query) {
	if m.Names == nil {
		var found []string
		for _, name := range b.table.names[m.Kind].list {
			if m.Pattern == nil || keyspace.Match(m.Pattern, []byte(name)) {
				found = append(found, name)
			}
		}
		m.Done(found, nil)
		return
	}
	counts := make([]int, len(m.Names))
	for i, name := range m.Names {
		counts[i] = len(b.table.subscribers(m.Kind, name))
	}
	m.Done(m.Names, counts)
}

// rerouted ends the subscriptions to channels of shards that have no replica here any more.
func (b *Broker) rerouted() {
	for _, name := range slices.Clone(b.table.names[Shard].list) {
		if b.cfg.Serves(slotmap.Slot([]byte(name))) {
			continue
		}
		for _, c := range slices.Clone(b.table.subscribers(Shard, name)) {
			b.table.leave(c, Shard, name)
			b.count(c, Shard)
			var w resp.Writer
			w.Reset(nil, 3)
			writeChanged(&w, words[Shard][1], Changed{Name: name, Count: b.counted(c, Shard)})
			c.Deliver(w.Bytes())
		}
	}
}

// show publishes the figures.
func (b *Broker) show() {
	b.channels.Store(int64(b.table.names[Channel].len()))
	b.patterns.Store(int64(b.table.names[Pattern].len()))
	b.shards.Store(int64(b.table.names[Shard].len()))
	b.clients.Store(int64(len(b.table.clients)))
}
