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

// Bounds of what waits for answers of other nodes. What may wait for long has its own, so that it takes no room of
// what does not.
const (
	budgetOps   = 64 << 10
	budgetBytes = 64 << 20

	budgetWaits     = 16 << 10
	budgetWaitBytes = 16 << 20
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
	// Full tells whether what may need more memory is to be refused here. It must not block. nil: it never is.
	Full func() bool
	// Seed is any number that no earlier life of this node is likely to have had.
	Seed   uint64
	Logger *slog.Logger
}

// Tick is one TickInterval.
type Tick struct{}

// Forwarder is the way to the shards of other nodes, and the actor that goes it. Its fields belong to its turn,
// but for what Ask, Copies and Unblock use.
type Forwarder struct {
	cfg    Config
	pid    *actor.PID
	budget *mailbox.Budget
	waits  *mailbox.Budget // of what may wait for long
	last   atomic.Uint64   // the newest id

	tick  uint64
	table table
	held  holdings
	up    map[slotmap.NodeID]bool // nodes that a link leads to
	peers map[slotmap.NodeID]*actor.PID
	ops   keyspace.OpReader
	quiet uint64 // tick until which no line is logged

	asked, lost, served atomic.Uint64
}

// Stats are totals since New, except where said, in batches.
type Stats struct {
	Waiting     int64  // operations that wait for answers now
	Blocked     int64  // operations and WAITs that may wait for long, now
	Most        int64  // operations that ever waited at one time
	MostBlocked int64  // likewise, of those that may wait for long
	Asked       uint64 // sent to other nodes
	Lost        uint64 // of these, without an answer
	Served      uint64 // given to replicas here for other nodes
}

// Stats may be called on any goroutine.
func (f *Forwarder) Stats() Stats {
	waiting, _ := f.budget.InUse()
	blocked, _ := f.waits.InUse()
	most, _ := f.budget.HighWater()
	mostBlocked, _ := f.waits.HighWater()
	return Stats{
		Waiting: waiting, Blocked: blocked, Most: most, MostBlocked: mostBlocked,
		Asked: f.asked.Load(), Lost: f.lost.Load(), Served: f.served.Load(),
	}
}

// New makes the actor that is to be spawned under Name.
func New(cfg Config) *Forwarder {
	f := &Forwarder{
		cfg: cfg, pid: cfg.System.NewLocalPID(Name), table: newTable(), held: newHoldings(),
		budget: mailbox.NewBudget(budgetOps, budgetBytes), waits: mailbox.NewBudget(budgetWaits, budgetWaitBytes),
		up: map[slotmap.NodeID]bool{}, peers: map[slotmap.NodeID]*actor.PID{},
	}
	f.last.Store(cfg.Seed)
	return f
}

// ask is something on its way to the actor, to be sent to another node.
type ask struct {
	*pending
	id    uint64
	shard slotmap.ShardID
}

// Ask sends a batch to the replica of a shard on another node. Its sink is answered as that of a replica is, on
// another goroutine; Answer.Waiter is for Unblock. Ask reports false, and nothing was or will be sent, when as much
// waits for answers as may. Any goroutine.
func (f *Forwarder) Ask(to slotmap.NodeID, shard slotmap.ShardID, b *replica.Batch) bool {
	_, ok := f.send(shard, &pending{to: to, batch: b})
	return ok
}

// Copies sends a query of WAIT, and returns a name of it for Unblock. The query is answered once, on another
// goroutine, unless it is ended by Unblock before. It reports false as Ask does. Any goroutine.
func (f *Forwarder) Copies(to slotmap.NodeID, shard slotmap.ShardID, q *replica.WaitQuery) (id uint64, ok bool) {
	return f.send(shard, &pending{to: to, query: q})
}

func (f *Forwarder) send(shard slotmap.ShardID, p *pending) (id uint64, ok bool) {
	if !f.budgetOf(p).TryAcquire(p.cost()) {
		return 0, false
	}
	id = f.last.Add(1)
	f.cfg.System.Root.Send(f.pid, &ask{p, id, shard})
	return id, true
}

func (f *Forwarder) budgetOf(p *pending) *mailbox.Budget {
	if p.mayWait() {
		return f.waits
	}
	return f.budget
}

// Receive implements actor.Actor.
func (f *Forwarder) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *ask:
		f.ask(m)
	case *unblock:
		f.unblock(m)
	case *link.Inbound:
		f.inbound(m)
	case *heldAnswer:
		f.heldAnswer(m)
	case *heldCopied:
		f.heldCopied(m)
	case *link.Up:
		f.up[m.Node] = true
	case *link.Down:
		f.down(m.Node)
	case Tick:
		f.onTick()
	case *actor.Stopping:
		f.lose(func(*pending) bool { return true })
	}
}

func (f *Forwarder) inbound(in *link.Inbound) {
	switch m := in.Message.(type) {
	case *wire.Request:
		f.serve(in.From, m)
	case *wire.Reply:
		f.answered(in.From, m)
	case *wire.Copies:
		f.serveCopies(in.From, m)
	case *wire.Copied:
		f.copied(in.From, m)
	case *wire.Unblock:
		f.serveUnblock(in.From, m)
	case *wire.Waiting:
		f.compare(in.From, m.IDs)
	}
}

func (f *Forwarder) down(node slotmap.NodeID) {
	delete(f.up, node)
	delete(f.peers, node)
	f.lose(func(p *pending) bool { return p.to == node })
	f.forsakeAll(node)
}

func (f *Forwarder) onTick() {
	f.tick++
	f.lose(func(p *pending) bool { return p.overdue(f.tick) })
	if f.tick%renewTicks == 0 {
		f.renew()
		f.tend()
	}
}

// ask sends a message on, unless there is no link: nothing is sent in the hope of one.
func (f *Forwarder) ask(a *ask) {
	if !f.up[a.to] {
		f.fail(a.pending, replica.Down)
		return
	}
	f.asked.Add(1)
	a.born = f.tick
	f.table.open[a.id] = a.pending
	f.tell(a.to, a.message())
}

func (a *ask) message() wire.Message {
	if q := a.query; q != nil {
		return &wire.Copies{ID: a.id, Shard: a.shard, Index: q.Index, Need: uint32(q.Need), Timeout: uint64(q.Timeout.Milliseconds())}
	}
	b := a.batch
	return &wire.Request{ID: a.id, Shard: a.shard, Ops: b.Ops, Count: uint32(b.Count), Write: b.Write, Proto: uint8(b.Proto), Quiet: b.Quiet}
}

// tell sends the same actor on another node a message.
func (f *Forwarder) tell(node slotmap.NodeID, m wire.Message) {
	f.cfg.System.Root.Send(f.peer(node), m)
}

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
	p := f.table.find(m.ID, from)
	switch status := replica.Status(m.Status); {
	case p == nil:
	case status == replica.Waits:
		f.waitsThere(m.ID, p)
	case p.query != nil:
		f.take(m.ID)
		f.fail(p, status)
	default:
		f.take(m.ID)
		f.release(p)
		p.batch.Sink.Deliver(&replica.Answer{
			Batch: p.batch, Status: status, Replies: m.Replies, Ends: m.Ends, Index: m.Index, Leader: m.Leader,
			Cancelled: m.Cancelled,
		})
	}
}

func (f *Forwarder) take(id uint64) { delete(f.table.open, id) }

// copied takes the answer to a query of WAIT.
func (f *Forwarder) copied(from slotmap.NodeID, m *wire.Copied) {
	p := f.table.find(m.ID, from)
	if p == nil || p.query == nil {
		return
	}
	f.take(m.ID)
	f.release(p)
	p.query.Reply(int(m.Followers), m.Leads)
}

// lose ends the wait for answers that will not come.
func (f *Forwarder) lose(which func(*pending) bool) {
	for _, p := range f.table.takeAll(which) {
		f.lost.Add(1)
		f.fail(p, replica.Unknown)
	}
}

// fail answers what was not done, or nobody knows.
func (f *Forwarder) fail(p *pending, status replica.Status) {
	f.release(p)
	if p.query != nil {
		p.query.Reply(0, false)
		return
	}
	p.batch.Sink.Deliver(&replica.Answer{Batch: p.batch, Status: status})
}

func (f *Forwarder) release(p *pending) { f.budgetOf(p).Release(p.cost()) }
