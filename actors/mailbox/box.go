package mailbox

import (
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"
)

// box is the batch mailbox. Senders touch only what mu guards; the rest belongs to the running turn, and is
// handed from one run to the next through mu.
type box struct {
	config
	invoker    actor.MessageInvoker
	dispatcher actor.Dispatcher
	here       bool   // turns may be made on a sender's goroutine
	run        func() // process, bound once so that scheduling allocates nothing

	mu        sync.Mutex
	scheduled bool  // a run is queued at the dispatcher or goes on; guarded by mu
	suspended bool  // written by the running turn under mu
	patient   []any // messages that have brought no turn; guarded by mu

	system, consensus, client lane

	weight atomic.Int64 // of what waits in the consensus lane; raised under mu, if consensusBytes bounds it

	current any // the message in hand, for the escalation of a panic
	owed    int // delivered since the last Drained
}

func newBox(c config) *box {
	b := &box{config: c}
	b.run = b.process
	return b
}

func (b *box) RegisterHandlers(invoker actor.MessageInvoker, dispatcher actor.Dispatcher) {
	b.mu.Lock() // an actor has its name before it has this: others may post already
	defer b.mu.Unlock()
	b.invoker, b.dispatcher = invoker, dispatcher
	_, b.here = dispatcher.(interface{ RunsHere() })
}

func (b *box) Start() {}

// UserMessageCount counts what waits in the consensus and client lanes, patient messages left out.
func (b *box) UserMessageCount() int { return b.consensus.waiting() + b.client.waiting() }

func (b *box) PostSystemMessage(msg any) {
	b.mu.Lock()
	b.system.put(msg)
	b.postedLocked(true)
}

func (b *box) PostUserMessage(msg any) {
	if c, ok := bare(msg).(Consensus); ok {
		b.postConsensus(msg, c)
		return
	}
	b.mu.Lock()
	if b.limit > 0 && b.client.waiting() >= b.limit && !isLifecycle(msg) {
		b.mu.Unlock()
		b.onDrop(msg)
		return
	}
	b.client.put(msg)
	if _, ok := msg.(Here); ok && b.here && !b.scheduled && !b.suspended {
		b.scheduled = true
		b.mu.Unlock()
		b.process()
		return
	}
	b.postedLocked(false)
}

// postConsensus puts msg, which is m, or m in an envelope.
func (b *box) postConsensus(msg any, m Consensus) {
	p, ok := m.(Patient)
	b.mu.Lock()
	if ok && p.CanWait() {
		b.patient = append(b.patient, msg)
		b.mu.Unlock()
		return
	}
	if b.fullLocked(msg) {
		b.mu.Unlock()
		b.onLossy(msg)
		return
	}
	b.joinLocked()
	b.weigh(msg, 1)
	b.consensus.put(msg)
	b.postedLocked(false)
}

// joinLocked puts the patient messages into their lane: ahead of one that brings a turn, and when a turn takes what has
// arrived.
func (b *box) joinLocked() {
	if len(b.patient) == 0 {
		return
	}
	for _, msg := range b.patient {
		b.weigh(msg, 1)
		b.consensus.put(msg)
	}
	clear(b.patient)
	b.patient = b.patient[:0]
	if cap(b.patient) > retained {
		b.patient = nil
	}
}

// fullLocked says that a message of the consensus lane is one to drop.
func (b *box) fullLocked(msg any) bool {
	if b.consensusLimit == 0 || !isLossy(msg) {
		return false
	}
	return b.consensus.waiting() >= b.consensusLimit ||
		b.consensusBytes > 0 && b.weight.Load()+weightOf(msg) > b.consensusBytes
}

// weigh counts a message in, or out.
func (b *box) weigh(msg any, sign int64) {
	if b.consensusBytes > 0 {
		b.weight.Add(sign * weightOf(msg))
	}
}

// postedLocked releases mu, and sees to it that a run comes which delivers what was put.
func (b *box) postedLocked(system bool) {
	idle := b.dispatcher != nil && !b.scheduled && (system || !b.suspended)
	if idle {
		b.scheduled = true
	}
	b.mu.Unlock()
	if idle {
		b.dispatcher.Schedule(b.run)
	}
}

// process runs turns until nothing is left, and hands back to the dispatcher after Throughput of them.
func (b *box) process() {
	for turns := b.dispatcher.Throughput(); ; turns-- {
		b.turn()
		if !b.more() {
			return
		}
		if turns <= 1 {
			b.dispatcher.Schedule(b.run)
			return
		}
	}
}

// more says whether another turn would deliver anything; if not, the next post schedules a new run.
func (b *box) more() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.scheduled = b.system.waiting() > 0 ||
		!b.suspended && (b.owed > 0 || b.consensus.waiting() > 0 || b.client.waiting() > 0)
	return b.scheduled
}

// turn delivers one batch and its Drained, or as much of it as the actor survives.
func (b *box) turn() {
	defer b.escalate()
	b.takeClients()
	clients, yields := 0, b.yields
	for range turnFactor * b.batch {
		switch {
		case b.systemMessage():
		case b.suspended:
			return
		case b.consensusMessage():
		case clients < b.batch && b.clientMessage():
			clients++
		case clients < b.batch && yields && b.owed > 0:
			yields = false
			runtime.Gosched()
			b.takeClients()
		default:
			b.drain()
			return
		}
	}
	b.drain()
}

// consensusMessage delivers one message of the consensus lane, if there is any.
func (b *box) consensusMessage() bool {
	msg, ok := b.next(&b.consensus)
	if ok {
		b.weigh(msg, -1)
		b.deliver(msg)
	}
	return ok
}

// clientMessage delivers one of the client messages that the turn has taken, if there is any.
func (b *box) clientMessage() bool {
	msg, ok := b.client.pop()
	if ok {
		b.deliver(msg)
	}
	return ok
}

// drain ends the turn.
func (b *box) drain() {
	if b.suspended || b.owed == 0 {
		return
	}
	d := Drained{Messages: b.owed}
	b.owed = 0
	b.current = d
	b.invoker.InvokeUserMessage(d)
	b.current = nil
}

func (b *box) deliver(msg any) {
	b.owed++
	b.current = msg
	b.invoker.InvokeUserMessage(msg)
	b.current = nil
}

func (b *box) takeClients() {
	if b.client.head < len(b.client.out) || !b.client.arrived() {
		return
	}
	b.swap(&b.client)
}

// swap takes what has arrived in a lane.
func (b *box) swap(l *lane) {
	b.mu.Lock()
	b.joinLocked()
	l.swap()
	b.mu.Unlock()
	if b.high != nil {
		b.high.raise(int64(len(l.out)))
	}
}

// next gives the next message of a lane, taking what arrived when the slice in hand is empty.
func (b *box) next(l *lane) (any, bool) {
	if msg, ok := l.pop(); ok {
		return msg, true
	}
	if !l.arrived() {
		return nil, false
	}
	b.swap(l)
	return l.pop()
}

// systemMessage delivers one system message, if there is any.
func (b *box) systemMessage() bool {
	msg, ok := b.next(&b.system)
	if !ok {
		return false
	}
	switch msg.(type) {
	case *actor.SuspendMailbox:
		b.suspend(true)
	case *actor.ResumeMailbox:
		b.suspend(false)
	default:
		b.owed++
		b.current = msg
		b.invoker.InvokeSystemMessage(msg)
		b.current = nil
	}
	return true
}

func (b *box) suspend(on bool) {
	b.mu.Lock()
	b.suspended = on
	b.mu.Unlock()
}

// escalate is deferred by turn. The invoker answers with a SuspendMailbox to this mailbox.
func (b *box) escalate() {
	r := recover()
	if r == nil {
		return
	}
	msg := b.current
	b.current = nil
	if b.onPanic != nil {
		b.onPanic(r, msg, debug.Stack())
	}
	b.invoker.EscalateFailure(r, msg)
}
