package replica

import (
	"sync/atomic"

	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/actors/timing"
	"github.com/troupedb/troupe/slotmap"
)

// Role is what a replica is in its group at the moment.
type Role uint32

const (
	RoleFollower Role = iota
	RoleCandidate
	RoleLeader
	RoleLearner
)

func (r Role) String() string {
	return [...]string{"follower", "candidate", "leader", "learner"}[r&3]
}

// Gauges are a replica's figures, written by its two actors and read by anyone. Each is exact when it
// is written; together they are no snapshot.
type Gauges struct {
	Replica      uint64
	Role         atomic.Uint32
	Leader       atomic.Uint64 // replica id, 0 when none is known
	Ready        atomic.Bool   // a leader is known, and as leader it has committed in its own term
	Term         atomic.Uint64 // that of no message that has left the replica is greater, but for pre-votes
	Last         atomic.Uint64
	Commit       atomic.Uint64
	Applied      atomic.Uint64
	Snapshot     atomic.Uint64 // index of the newest snapshot on disk
	Voters       atomic.Uint64
	Learners     atomic.Uint64
	Keys         atomic.Int64
	Expires      atomic.Int64
	Bytes        atomic.Int64
	Aside        atomic.Int64  // those of Bytes that are no keys, and are not evicted
	Leaving      atomic.Int64  // as leader: bytes of keys that are chosen to be evicted
	Blocking     atomic.Int64  // keys that operations wait for
	BlockingGone atomic.Int64  // those of them whose deletion ends a wait
	Changes      atomic.Uint64 // operations applied here that changed something
	Expired      atomic.Uint64 // keys whose time had come, since CONFIG RESETSTAT as those below
	Evicted      atomic.Uint64 // keys deleted for want of memory
	Freed        atomic.Uint64 // values of many elements that were deleted
	Snapshotting atomic.Bool   // the applier has more of a snapshot to give
	Dry          atomic.Bool   // as leader: the node holds too much, and nothing here could be evicted
	Hits         atomic.Uint64 // keys found to read
	Misses       atomic.Uint64 // and not found
	leaderID     atomic.Pointer[slotmap.NodeID]
	Elections    atomic.Uint64 // elections won here
	Proposals    atomic.Uint64 // entries proposed here
	Ops          atomic.Uint64 // operations in them
	Rounds       atomic.Uint64 // ReadIndex rounds of reads here: confirmed by other nodes, or opened with raft
	Reads        atomic.Uint64 // operations read by them
	Dropped      atomic.Uint64 // messages of other nodes, for want of room in the mailbox
	Refused      [len(statusNames)]atomic.Uint64

	CommitTime timing.Histogram // of the entries proposed here, from the proposal until they were known to be committed
	ApplyTime  timing.Histogram // from then until what was committed together was applied; on followers too

	Queue, ApplyQueue mailbox.HighWater // of the mailboxes of the replica, and of its applier
}

// View is a copy of the gauges.
type View struct {
	Replica, Leader, Term, Last, Commit, Applied, Snapshot, Voters, Learners uint64
	Role                                                                     Role
	Ready                                                                    bool
	Keys, Expires, Bytes                                                     int64
	LeaderNode                                                               slotmap.NodeID
}

// View reads all gauges.
func (g *Gauges) View() View {
	v := View{
		Replica: g.Replica, Leader: g.Leader.Load(), Term: g.Term.Load(), Last: g.Last.Load(),
		Commit: g.Commit.Load(), Applied: g.Applied.Load(), Snapshot: g.Snapshot.Load(),
		Voters: g.Voters.Load(), Learners: g.Learners.Load(),
		Role: Role(g.Role.Load()), Ready: g.Ready.Load(),
		Keys: g.Keys.Load(), Expires: g.Expires.Load(), Bytes: g.Bytes.Load(),
	}
	v.LeaderNode = g.LeaderNode()
	return v
}

// ended shows a replica that is nothing in its group any more.
func (g *Gauges) ended() {
	g.Role.Store(uint32(RoleFollower))
	g.Ready.Store(false)
	g.Leader.Store(0)
	g.leaderID.Store(nil)
}

// LeaderNode is the node of the leader that this replica knows, zero when it knows none.
func (g *Gauges) LeaderNode() slotmap.NodeID {
	if p := g.leaderID.Load(); p != nil {
		return *p
	}
	return slotmap.NodeID{}
}
