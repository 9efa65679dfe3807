package replica

import (
	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

// Messages to a replica beside Batch and WaitQuery. All travel in the mailbox's front lane.

// Tick is one TickInterval.
type Tick struct{}

// PeerDown says that the link to a node broke: evidence that it is gone.
type PeerDown struct{ Node slotmap.NodeID }

// SnapshotArrived says that the file of a snapshot is on this disk, synced, and that a SnapCheck has passed it.
type SnapshotArrived struct {
	From   slotmap.NodeID
	Header *wire.Snapshot
	Path   string
}

// Change asks a leader to change its group by one configuration change: Add new learners, Promote
// learners to voters and Remove replicas, jointly where it is more than one step. What does not fit the
// configuration of the moment is dropped; whoever asks looks again.
type Change struct {
	Add     []slotmap.NodeID
	Promote []uint64
	Remove  []uint64
}

// Transfer asks a leader to hand its leadership to another voter.
type Transfer struct{ To uint64 }

// HandOver asks a leader to hand its leadership to whichever voter is fit; the node is about to stop.
type HandOver struct{}

// Destroy ends the replica: its actors stop, its data are deleted, its id is buried.
type Destroy struct{ Reason string }

func (Tick) ConsensusLane()             {}
func (*PeerDown) ConsensusLane()        {}
func (*SnapshotArrived) ConsensusLane() {}
func (*Change) ConsensusLane()          {}
func (*Transfer) ConsensusLane()        {}
func (HandOver) ConsensusLane()         {}
func (*Destroy) ConsensusLane()         {}

// Messages from a replica to its node.

// Changed tells the node what the group's log says about the group.
type Changed struct {
	Shard slotmap.Shard
	Runs  []slotmap.Run // of the replicated state; empty while there is none
	Leads bool          // this replica leads and has committed in its term: the change is for everyone
}

// Facts are what a leader believes of its followers, for placement.
type Facts struct {
	Shard    slotmap.ShardID
	Leads    bool
	Joint    bool
	Progress []Progress
}

// Progress is one replica as its leader sees it.
type Progress struct {
	Replica      uint64
	CaughtUp     bool // holds everything but the newest entries
	RecentActive bool
	Declined     bool // it would not lead when it was asked to, lately
}

// Gone tells the node that a replica ended for good and its id is buried.
type Gone struct {
	Shard   slotmap.ShardID
	Replica uint64
}

// appendTag goes with an append to the log and comes back with its acknowledgement.
type appendTag struct {
	entries   []*raftpb.Entry
	installed *installed
	responses []*raftpb.Message
}
