package mailbox

import "github.com/asynkron/protoactor-go/actor"

// Drained is delivered as the last message of every turn. Messages counts those delivered before it, system
// messages included.
type Drained struct{ Messages int }

// Consensus marks the messages that travel in the front lane: heartbeats, votes, appends and their
// acknowledgements, which must never queue behind client work.
type Consensus interface{ ConsensusLane() }

// Lossy marks consensus messages that may be dropped when their lane is full, because their sender repeats
// them (raft messages from other nodes). Messages between actors of one node are never lossy.
type Lossy interface{ MayBeDropped() }

// Weighed is a lossy message that says how many bytes of memory it holds; it always says the same.
type Weighed interface {
	Lossy
	Weight() int64
}

// Patient is a consensus message that may say, always the same, that it can wait: then it brings no turn, and is
// delivered in the next one that takes what has arrived, before the client messages of that turn. It is for what an actor
// must know before it goes on, but need not do anything about. Whoever sends such messages must know of others that
// come, a clock's, or the last of them is never delivered. One that can wait is never dropped, be it Lossy or not.
type Patient interface {
	Consensus
	CanWait() bool
}

// Here marks a client message whose sender can spare the time: if the actor is idle, its turn is made on the sender's
// goroutine, which saves the switch to another. The sender must hold no lock that the actor takes. It has an effect
// with dispatchers that have a method RunsHere, such as Workers.
type Here interface{ RunHere() }

func isLossy(msg any) bool {
	_, ok := bare(msg).(Lossy)
	return ok
}

func weightOf(msg any) int64 {
	if m, ok := bare(msg).(Weighed); ok {
		return m.Weight()
	}
	return 0
}

func bare(msg any) any {
	if env, ok := msg.(*actor.MessageEnvelope); ok {
		return env.Message
	}
	return msg
}

// isLifecycle says that protoactor itself sent the message through the user lane, as it does PoisonPill.
func isLifecycle(msg any) bool {
	_, ok := msg.(actor.AutoReceiveMessage)
	return ok
}
