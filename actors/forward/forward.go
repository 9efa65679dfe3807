package forward

import (
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

// Name is the actor's name, the same on every node.
const Name = "forward"

// TickInterval is how often Tick is expected.
const TickInterval = 500 * time.Millisecond

// answerTicks is how long an answer is waited for: a replica gives one within seven seconds, of which it waits
// one for a leader and five for the fate of a proposal.
const answerTicks = uint64(8 * time.Second / TickInterval)

// Bounds of what waits for answers of other nodes.
const (
	budgetOps   = 64 << 10
	budgetBytes = 64 << 20
)

// Mailbox bounds what peers may have queued for the actor. All answers that are waited for have room; whoever
// asks hears nothing of a request that is dropped, and counts it as lost.
var Mailbox = mailbox.WithConsensusLimit(2*budgetOps, func(any) {})

// Config is what a Forwarder works with.
type Config struct {
	System *actor.ActorSystem
	// Local finds the replica of a shard on this node, nil if there is none, and then the node that leads the
	// shard, zero if not known. It must not block.
	Local func(slotmap.ShardID) (*replica.Handle, slotmap.NodeID)
	// Seed is any number that no earlier life of this node is likely to have had.
	Seed   uint64
	Logger *slog.Logger
}

// Tick is one TickInterval.
type Tick struct{}

// Forwarder is the way to the shards of other nodes, and the actor that goes it. Its fields belong to its turn,
// but for what Ask uses.
type Forwarder struct {
	cfg    Config
	pid    *actor.PID
	budget *mailbox.Budget

	tick  uint64
	table table
	up    map[slotmap.NodeID]bool // nodes that a link leads to
	peers map[slotmap.NodeID]*actor.PID
	ops   keyspace.OpReader
	quiet uint64 // tick until which no line is logged

	asked, lost, served atomic.Uint64
}

// Stats are totals since New, except where said, in batches.
type Stats struct {
	Waiting int64  // operations that wait for answers now
	Asked   uint64 // sent to other nodes
	Lost    uint64 // of these, without an answer
	Served  uint64 // given to replicas here for other nodes
}

// Stats may be called on any goroutine.
func (f *Forwarder) Stats() Stats {
	waiting, _ := f.budget.InUse()
	return Stats{Waiting: waiting, Asked: f.asked.Load(), Lost: f.lost.Load(), Served: f.served.Load()}
}

// New makes the actor that is to be spawned under Name.
func New(cfg Config) *Forwarder {
	return &Forwarder{
		cfg: cfg, pid: cfg.System.NewLocalPID(Name), budget: mailbox.NewBudget(budgetOps, budgetBytes),
		table: newTable(cfg.Seed), up: map[slotmap.NodeID]bool{}, peers: map[slotmap.NodeID]*actor.PID{},
	}
}

// ask is a batch on its way to the actor.
type ask struct {
	to    slotmap.NodeID
	shard slotmap.ShardID
	batch *replica.Batch
}

// Ask sends a batch to the replica of a shard on another node. Its sink is answered once, on another goroutine.
// Ask reports false, and nothing was or will be sent, when as much waits for answers as may. Any goroutine.
func (f *Forwarder) Ask(to slotmap.NodeID, shard slotmap.ShardID, b *replica.Batch) bool {
	if !f.budget.TryAcquire(b.Cost()) {
		return false
	}
	f.cfg.System.Root.Send(f.pid, &ask{to, shard, b})
	return true
}

// Receive implements actor.Actor.
func (f *Forwarder) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *ask:
		f.ask(m)
	case *link.Inbound:
		f.inbound(m)
	case *link.Up:
		f.up[m.Node] = true
	case *link.Down:
		delete(f.up, m.Node)
		delete(f.peers, m.Node)
		f.lose(func(p pending) bool { return p.to == m.Node })
	case Tick:
		f.tick++
		f.lose(func(p pending) bool { return p.born+answerTicks <= f.tick })
	case *actor.Stopping:
		f.lose(func(pending) bool { return true })
	}
}

func (f *Forwarder) inbound(in *link.Inbound) {
	switch m := in.Message.(type) {
	case *wire.Request:
		f.serve(in.From, m)
	case *wire.Reply:
		f.answered(in.From, m)
	}
}

// ask sends a batch on, unless there is no link: nothing is sent in the hope of one.
func (f *Forwarder) ask(a *ask) {
	if !f.up[a.to] {
		f.deliver(&replica.Answer{Batch: a.batch, Status: replica.Down})
		return
	}
	f.asked.Add(1)
	id := f.table.add(pending{to: a.to, batch: a.batch, born: f.tick})
	f.cfg.System.Root.Send(f.peer(a.to), &wire.Request{
		ID: id, Shard: a.shard, Ops: a.batch.Ops, Count: uint32(a.batch.Count), Write: a.batch.Write, Proto: uint8(a.batch.Proto),
	})
}

// peer is the same actor on another node.
func (f *Forwarder) peer(node slotmap.NodeID) *actor.PID {
	pid, ok := f.peers[node]
	if !ok {
		pid = actor.NewPID(node.String(), Name)
		f.peers[node] = pid
	}
	return pid
}

// answered takes an answer, unless nobody waits for it any more.
func (f *Forwarder) answered(from slotmap.NodeID, m *wire.Reply) {
	b, ok := f.table.take(m.ID, from)
	if !ok {
		return
	}
	f.deliver(&replica.Answer{
		Batch: b, Status: replica.Status(m.Status), Replies: m.Replies, Ends: m.Ends, Index: m.Index, Leader: m.Leader,
	})
}

// lose ends the wait for answers that will not come.
func (f *Forwarder) lose(which func(pending) bool) {
	for _, b := range f.table.takeAll(which) {
		f.lost.Add(1)
		f.deliver(&replica.Answer{Batch: b, Status: replica.Unknown})
	}
}

func (f *Forwarder) deliver(a *replica.Answer) {
	f.budget.Release(a.Batch.Cost())
	a.Batch.Sink.Deliver(a)
}
