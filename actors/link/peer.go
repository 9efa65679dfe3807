package link

import (
	"sync"
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

// peer is what every goroutine may touch of one remote node. It is the Process behind all PIDs of that node;
// the state of the connection belongs to the sender actor at pid.
type peer struct {
	links  *Links
	node   slotmap.NodeID
	pid    *actor.PID
	gone   chan struct{} // closed when the sender has stopped
	budget *mailbox.Budget
	closed atomic.Bool
	hint   atomic.Pointer[string] // where the peer says that it can be dialled

	// The newest connections from the peer. An older one must not deliver beside it.
	inbound, files atomic.Pointer[conn]
	// What the sender lets others see: its connection, nil while there is none, and the size of its buffer.
	outbound atomic.Pointer[conn]
	buffer   atomic.Int64

	bulk struct {
		sync.Once
		pid  *actor.PID
		gone chan struct{}
	}
}

// minCost is what a message counts for in MaxQueued beside its bytes, so that it bounds their number too.
const minCost = 128

// restart is right for both actors of a peer, however often: all they have is a connection, and what a message
// holds that was in hand is lost like any other.
var restart = actor.WithGuardian(actor.RestartingSupervisorStrategy())

func newPeer(l *Links, node slotmap.NodeID) (*peer, error) {
	p := &peer{links: l, node: node, gone: make(chan struct{})}
	p.budget = mailbox.NewBudget(l.limits.queued/minCost, l.limits.queued)
	p.bulk.gone = make(chan struct{})
	props := actor.PropsFromProducer(func() actor.Actor { return newSender(p) },
		actor.WithMailbox(mailbox.New(mailbox.WithYield(), mailbox.WithPanicHook(l.actorPanicked))), actor.WithDispatcher(mailbox.Workers()), restart)
	pid, err := l.cfg.System.Root.SpawnNamed(props, "link/"+node.String())
	p.pid = pid
	return p, err
}

// post sends the sender actor a message of the package's own. After poison nobody wants it.
func (p *peer) post(message any) {
	if !p.closed.Load() {
		p.links.cfg.System.Root.Send(p.pid, message)
	}
}

// where is the peer's address, "" if not known. Gossip knows best, even against what the peer said.
func (p *peer) where() string {
	if address, ok := p.links.cfg.Resolve(p.node); ok {
		return address
	}
	if hint := p.hint.Load(); hint != nil {
		return *hint
	}
	return ""
}

// outgoing is a message on its way through the mailbox; urgent is one of the front lane. Both are pooled.
type outgoing struct {
	target  string
	message wire.Message
	cost    int64
}

type urgent struct{ outgoing }

func (*urgent) ConsensusLane() {}

var (
	outgoings = sync.Pool{New: func() any { return new(outgoing) }}
	urgents   = sync.Pool{New: func() any { return new(urgent) }}
)

// SendUserMessage is what Send on a remote PID comes down to.
func (p *peer) SendUserMessage(pid *actor.PID, message any) {
	_, message, _ = actor.UnwrapEnvelope(message)
	m, ok := message.(wire.Message)
	if !ok || len(pid.Id) > wire.MaxTarget {
		p.unsendable(pid.Id, message)
		return
	}
	p.enqueue(outgoing{pid.Id, m, cost(m)})
}

func (p *peer) enqueue(o outgoing) {
	if p.closed.Load() {
		p.links.counters.away.Add(1)
		return
	}
	if p.crowdsOut(o.message) || !p.budget.TryAcquire(1, o.cost) {
		p.links.counters.overflow.Add(1)
		return
	}
	root := p.links.cfg.System.Root
	if _, ok := o.message.(mailbox.Consensus); ok {
		u := urgents.Get().(*urgent)
		u.outgoing = o
		root.Send(p.pid, u)
		return
	}
	u := outgoings.Get().(*outgoing)
	*u = o
	root.Send(p.pid, u)
}

// crowdsOut tells of a message that clients publish as they like, and that may be lost, that it would take the room
// of the consensus.
func (p *peer) crowdsOut(message wire.Message) bool {
	if _, ok := message.(*wire.Publish); !ok {
		return false
	}
	_, used := p.budget.InUse()
	return used > p.links.limits.queued/4
}

func (p *peer) unsendable(target string, message any) {
	p.links.counters.unsendable.Add(1)
	p.links.complain.once("unsendable", "message cannot be sent to another node", "target", target, "type", typeName(message))
}

// SendSystemMessage drops what protoactor says of itself. A remote actor can't be watched: Down tells as much.
func (p *peer) SendSystemMessage(*actor.PID, any) {}

// Stop does nothing: no node stops an actor of another.
func (p *peer) Stop(*actor.PID) {}

// bulkPID returns the actor that sends files, made on first use.
func (p *peer) bulkPID() *actor.PID {
	p.bulk.Do(func() { p.bulk.pid = spawnBulk(p) })
	return p.bulk.pid
}

// poison lets the sender write out what was sent before, and stops it and the bulk actor.
func (p *peer) poison() {
	p.closed.Store(true)
	root := p.links.cfg.System.Root
	root.Poison(p.pid)
	// Whoever comes later gets nothing, and none is made by wait.
	p.bulk.Do(func() { close(p.bulk.gone) })
	if p.bulk.pid != nil {
		root.Stop(p.bulk.pid)
	}
}

func (p *peer) wait() {
	<-p.gone
	<-p.bulk.gone
}

// cost estimates the bytes of memory and of wire that a message takes, without encoding it.
func cost(m wire.Message) int64 {
	switch m := m.(type) {
	case *wire.Raft:
		return raftCost(m)
	case *wire.Request:
		return minCost + int64(len(m.Ops))
	case *wire.Reply:
		return minCost + int64(len(m.Replies)) + 4*int64(len(m.Ends))
	case *wire.Publish:
		return minCost + int64(len(m.Channel)+len(m.Payload))
	case *wire.Confirm:
		return minCost + 24*int64(len(m.Leads))
	case *wire.Confirmed:
		return minCost + 4*int64(len(m.Not))
	case *wire.Waiting:
		return minCost + 9*int64(len(m.IDs))
	case *wire.Snapshot:
		return minCost + int64(len(m.Meta))
	case *wire.Chunk:
		return minCost + int64(len(m.Data))
	}
	return minCost
}

func raftCost(m *wire.Raft) int64 {
	const perEntry = 64
	sum := minCost + int64(len(m.Message.GetContext())) + int64(len(m.Message.GetSnapshot().GetData()))
	for _, e := range m.Message.GetEntries() {
		sum += perEntry + int64(len(e.GetData()))
	}
	return sum
}
