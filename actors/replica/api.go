package replica

import (
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/slotmap"
)

// Status is the fate of a batch. Its values travel between nodes: only append to this list.
type Status uint8

const (
	// Done: every operation was evaluated; Replies holds the answers.
	Done Status = iota
	// Moved: not done; Answer.Leader leads the shard.
	Moved
	// Down: not done; no leader became known within a second.
	Down
	// TryAgain: not done; a bound was reached.
	TryAgain
	// Unknown: the write may have been applied or may yet be.
	Unknown
	// Misconf: not done; too little disk space here, or on too many of the other replicas.
	Misconf
	// OOM: not done; the node's memory limit is reached. Whoever gives batches to a replica looks for that before, and
	// counts it here: a replica has no answer like that.
	OOM
	// Waits: the operation found nothing and waits. The batch is answered once more.
	Waits
	// Unblocked: not done; the operation waited until this replica led no more.
	Unblocked
	// NoReplicas: not done; fewer other replicas than Config.LeastCopies asks for are there to take a write.
	NoReplicas
)

// String names the status as metrics and logs show it.
func (s Status) String() string {
	if int(s) >= len(statusNames) {
		return "invalid"
	}
	return statusNames[s]
}

var statusNames = [...]string{"done", "moved", "down", "tryagain", "unknown", "misconf", "oom", "waits", "unblocked",
	"noreplicas"}

// Batch is what one session asks of one shard in one go. It is immutable once sent, but for Into, whose memory is that of
// whoever has the batch.
type Batch struct {
	Ops      []byte // concatenated operations in keyspace's encoding; one that may wait is alone
	Count    int    // number of operations in Ops
	Write    bool   // some operation writes: the whole batch goes through the log
	Follower bool   // a READONLY connection: a follower may serve it, after a ReadIndex of its own
	Quiet    bool   // what it does does not count as use of keys
	Waits    bool   // its only operation may wait
	Proto    int    // RESP version of the replies
	Sink     Sink
	Tag      any     // the sender's own
	Into     *Answer // nil, or memory for the answer, lent by the sender: it comes back as the answer, or not at all
}

// Cost is what a batch takes from a Budget. The sender acquires it, the replica releases it.
func (b *Batch) Cost() (count, bytes int64) { return int64(b.Count), int64(len(b.Ops)) }

// Sink takes the answer of a batch. Deliver is called once per batch, and once before with Waits if it
// waits, in the turn of the replica or of its applier, and must not block.
type Sink interface {
	Deliver(*Answer)
}

// Answer tells what became of a batch. The receiver owns it.
type Answer struct {
	Batch   *Batch
	Status  Status
	Replies []byte         // RESP, the replies of all operations one after the other
	Ends    []uint32       // where in Replies the reply of each operation ends
	Index   uint64         // log index of the write, or the index a read was evaluated at
	Leader  slotmap.NodeID // with Moved: the node to go to
	Elapsed time.Duration  // time spent evaluating the batch

	Waiter    uint64 // with Waits: names the operation for Unblock
	Cancelled bool   // with Done: an Unblock ended the wait, or its time was over
}

// Handle is how others reach the replica of a shard on this node.
type Handle struct {
	Shard  slotmap.ShardID
	PID    *actor.PID
	Budget *mailbox.Budget
	Gauges *Gauges
}

// WaitQuery asks a leader how many followers hold the log durably up to Index, as soon as Need of
// them do or the timeout passes (0: no timeout but the replica's own bound of one hour). The answer
// comes through Reply in the replica's turn, which must not block; ok is false where this replica does
// not lead.
type WaitQuery struct {
	Index   uint64
	Need    int
	Timeout time.Duration
	Reply   func(followers int, ok bool)

	ended atomic.Bool
}

// End tells the replica that nobody waits for the reply any more. Any goroutine.
func (q *WaitQuery) End() { q.ended.Store(true) }
