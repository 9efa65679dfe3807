package confirm

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/slotmap"
)

// Name is the actor's name, the same on every node.
const Name = "confirm"

// Mailbox is what the actor needs: a bound for what peers may have queued, as who gets no answer asks in another way,
// and time for the other leaders here to ask in the same message.
var Mailbox = []mailbox.Option{mailbox.WithConsensusBytes(1024, 16<<20, func(any) {}), mailbox.WithYield()}

// Tick is one tick of the node.
type Tick struct{}

// Voter is a replica with a vote in its group.
type Voter struct {
	Node    slotmap.NodeID
	Replica uint64
}

// Ask asks whether a leader leads still.
type Ask struct {
	Shard  slotmap.ShardID
	Term   uint64
	Round  uint64     // rises from each Ask of a replica to the next
	Others []Voter    // without the leader
	Need   int        // how many of them make a majority with the leader
	Reply  *actor.PID // of the leader, which takes the Verdict
}

// Verdict answers an Ask, and all of the same leader that came before it.
type Verdict struct {
	Term, Round uint64
	// Confirmed says that as many voters as are needed were in the term of the Ask after it was sent: no other leader
	// was elected before, if this one has not voted in a later term. False says nothing.
	Confirmed bool
}

// ConsensusLane lets a verdict pass client work.
func (*Verdict) ConsensusLane() {}
