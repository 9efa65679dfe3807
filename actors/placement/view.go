package placement

import "github.com/troupedb/troupe/slotmap"

// View is what a node knows. Nodes and Map should be the same everywhere; Self and Led are this node's.
type View struct {
	Self     slotmap.NodeID
	Nodes    []NodeInfo // in any order; one who is missing counts as dead
	Map      *slotmap.Map
	Replicas int // the replication factor; an even one counts as the odd one below
	// Led has an entry for each shard that this node leads. The members in Map of such a shard must be those of its
	// committed configuration.
	Led map[slotmap.ShardID]Led
}

// NodeInfo is a node as gossip tells of it.
type NodeInfo struct {
	ID       slotmap.NodeID
	Zone     string
	Alive    bool
	LowSpace bool             // too little disk space for another replica
	Gateway  bool             // holds no shards
	Replaces []slotmap.NodeID // the dead nodes that were at its address before it, in any order

	Leaving    bool // about to stop: it is given nothing, and keeps its replicas
	WrongClock bool // its wall clock is not that of the others: it may hold shards, and lead none
}

// Led is what the leader of a shard knows of it.
type Led struct {
	Busy     bool                // a change or a transfer is under way, or the configuration is joint
	Progress map[uint64]Progress // by replica id, the leader's own included
}

// Progress is a replica as raft's leader sees it.
type Progress struct {
	CaughtUp       bool // holds all but the newest entries
	RecentlyActive bool // answered within the last election timeout
	Declined       bool // would not lead when it was asked to, lately
}

// ready tells whether a replica can be counted on.
func (l Led) ready(replica uint64) bool {
	p := l.Progress[replica]
	return p.CaughtUp && p.RecentlyActive
}

// willing tells whether a replica may be given the leadership.
func (l Led) willing(replica uint64) bool { return l.ready(replica) && !l.Progress[replica].Declined }

// Step is one of AddLearner, RemoveLearner, Promote and Transfer.
type Step interface{ Of() slotmap.ShardID }

// AddLearner adds a new replica, which does not vote yet.
type AddLearner struct {
	Shard slotmap.ShardID
	Node  slotmap.NodeID
}

// RemoveLearner removes a replica that does not vote and that the target has no use for.
type RemoveLearner struct {
	Shard   slotmap.ShardID
	Replica uint64
}

// Promote turns learners into voters and removes voters, in one joint change. Either list may be empty. The leader
// is among the removed only if no other voter stays.
type Promote struct {
	Shard    slotmap.ShardID
	Learners []uint64
	Remove   []uint64
}

// Transfer hands the leadership to another voter.
type Transfer struct {
	Shard   slotmap.ShardID
	Replica uint64
}

// Of names the shard of the step.
func (s AddLearner) Of() slotmap.ShardID { return s.Shard }

// Of names the shard of the step.
func (s RemoveLearner) Of() slotmap.ShardID { return s.Shard }

// Of names the shard of the step.
func (s Promote) Of() slotmap.ShardID { return s.Shard }

// Of names the shard of the step.
func (s Transfer) Of() slotmap.ShardID { return s.Shard }
