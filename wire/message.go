package wire

import (
	"github.com/troupedb/troupe/slotmap"
	"go.etcd.io/raft/v3/raftpb"
)

// Kind numbers the messages on the wire.
type Kind uint8

// Only append to this list.
const (
	KindRaft Kind = iota + 1
	KindRemoved
	KindSnapshot
	KindChunk
	KindRequest
	KindReply
	KindPing
	KindPong
	KindPublish
	KindUnblock
	KindWaiting
	KindCopies
	KindCopied
	KindPromise
	KindAbsent
	KindSurvey
	KindSurveyed
	KindConfirm
	KindConfirmed
)

// Message is what a frame carries. AppendMsgpack appends the body: one array.
type Message interface {
	Kind() Kind
	AppendMsgpack(dst []byte) []byte
}

// Raft is a message of a shard's consensus. Responses, which only local
// storage actors exchange, are not carried.
type Raft struct {
	Shard   slotmap.ShardID
	Message *raftpb.Message
}

// Removed tells a replica that the configuration committed at Index does not
// have its id any more, which it may never learn from a log it is cut off from.
type Removed struct {
	Shard   slotmap.ShardID
	Replica uint64
	Index   uint64
}

// Promise answers a leader's heartbeat: for a time that began when it was heard, a voter elects nobody else.
type Promise struct {
	Shard   slotmap.ShardID
	Replica uint64 // of the sender
	Term    uint64
	Round   uint64 // number of the heartbeat
}

// Confirm asks a node whether leaders lead still, as far as its replicas know.
type Confirm struct {
	ID    uint64 // chosen by the sender, for Confirmed
	Leads []Lead
}

// Lead is the term in which a shard is led, and the replica of the receiver that votes there.
type Lead struct {
	Shard   slotmap.ShardID
	Replica uint64
	Term    uint64
}

// Confirmed answers the Confirm of the same ID: the voters have these terms, but for those counted in Not.
type Confirmed struct {
	ID  uint64
	Not []uint32 // places in Confirm.Leads, ascending
}

// Absent tells of dead nodes that have a place in a shard still: a node that came after their end knows of them only
// by this. The directory is opaque to the link.
type Absent struct{ Directory []byte }

// Snapshot heads the stream of a snapshot's file on the bulk connection.
type Snapshot struct {
	Shard    slotmap.ShardID
	From, To uint64          // replica ids
	Size     int64           // of the file, in bytes
	Sum      uint64          // xxhash64 of the file
	Message  *raftpb.Message // the MsgSnap to step once the file is safe
	Meta     []byte          // opaque to the link
}

// Chunk is the next piece of the file that a Snapshot announced.
type Chunk struct{ Data []byte }

// Request carries operations of a client to the node that leads their shard.
type Request struct {
	ID    uint64 // chosen by the sender, for the Reply
	Shard slotmap.ShardID
	Ops   []byte
	Count uint32 // operations in Ops
	Write bool
	Proto uint8 // RESP version of the replies
	Quiet bool  // what they do does not count as use of keys
}

// Reply answers the Request of the same ID.
type Reply struct {
	ID      uint64
	Status  uint8
	Replies []byte
	Ends    []uint32       // where each operation's reply ends in Replies; ascending
	Index   uint64         // log index of the write or read
	Leader  slotmap.NodeID // where to go instead, if the status says so

	Cancelled bool // the operation waited, and found nothing before its wait was ended
}

// Unblock ends the wait of a Request of the sender, or of its Copies. It does no harm to one that is answered.
type Unblock struct {
	ID    uint64
	Error bool // it ends with an error in place of a null
}

// Waiting lists all that the sender has asked of the receiver that may wait for long, and has no last answer to. What
// the receiver keeps for the sender beside these is for nobody; what it does not keep it will not answer.
type Waiting struct{ IDs []uint64 }

// Copies asks the node that leads a shard how many followers hold its log on disk up to Index, as soon as Need of them
// do or the time is over.
type Copies struct {
	ID      uint64 // chosen by the sender, for Copied
	Shard   slotmap.ShardID
	Index   uint64
	Need    uint32
	Timeout uint64 // ms, 0: none
}

// Copied answers the Copies of the same ID.
type Copied struct {
	ID        uint64
	Followers uint32
	Leads     bool // the sender leads the shard, and counted
}

// Survey asks a node how its replicas stand.
type Survey struct{ ID uint64 } // chosen by the sender, for Surveyed

// Surveyed answers the Survey of the same ID.
type Surveyed struct {
	ID       uint64
	Replicas []Standing

	// Of the sender, since it started: syncs of its log, and what its clients sent in one go, reads alone and with writes.
	Syncs, Reads, Writes Times
}

// Times are durations that were counted.
type Times struct {
	Sum   uint64   // ns
	Below []uint64 // how many were no longer than each of some bounds, which both ends know; the last counts all
}

// Standing is how one replica stands, as its own node sees it.
type Standing struct {
	Shard                                 slotmap.ShardID
	Replica                               uint64
	Role                                  uint8
	Term, Last, Commit, Applied, Snapshot uint64
	Keys, Bytes                           int64
	Written, Read                         uint64 // operations since the node started
}

// Ping asks the other end of a link for a Pong of the same ID.
type Ping struct{ ID uint64 }

// Pong answers a Ping.
type Pong struct{ ID uint64 }

// Publish is a message to subscribers on another node.
type Publish struct {
	Shard   bool // to a shard channel
	Channel string
	Payload []byte
}

func (*Raft) Kind() Kind      { return KindRaft }
func (*Removed) Kind() Kind   { return KindRemoved }
func (*Snapshot) Kind() Kind  { return KindSnapshot }
func (*Chunk) Kind() Kind     { return KindChunk }
func (*Request) Kind() Kind   { return KindRequest }
func (*Reply) Kind() Kind     { return KindReply }
func (*Ping) Kind() Kind      { return KindPing }
func (*Pong) Kind() Kind      { return KindPong }
func (*Publish) Kind() Kind   { return KindPublish }
func (*Unblock) Kind() Kind   { return KindUnblock }
func (*Waiting) Kind() Kind   { return KindWaiting }
func (*Copies) Kind() Kind    { return KindCopies }
func (*Copied) Kind() Kind    { return KindCopied }
func (*Promise) Kind() Kind   { return KindPromise }
func (*Absent) Kind() Kind    { return KindAbsent }
func (*Survey) Kind() Kind    { return KindSurvey }
func (*Surveyed) Kind() Kind  { return KindSurveyed }
func (*Confirm) Kind() Kind   { return KindConfirm }
func (*Confirmed) Kind() Kind { return KindConfirmed }

// ConsensusLane marks the messages that must not queue behind client work.
func (*Raft) ConsensusLane()      {}
func (*Removed) ConsensusLane()   {}
func (*Promise) ConsensusLane()   {}
func (*Confirm) ConsensusLane()   {}
func (*Confirmed) ConsensusLane() {}
func (*Ping) ConsensusLane()      {}
func (*Pong) ConsensusLane()      {}
