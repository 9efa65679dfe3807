package raftlog

import (
	"github.com/asynkron/protoactor-go/actor"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/slotmap"
)

// SnapshotRef names a snapshot file and what raft must know of it.
type SnapshotRef struct {
	File        string // base name
	Index, Term uint64
	ConfState   *raftpb.ConfState
	Meta        []byte // opaque here
}

// Position is an index and the term of its entry.
type Position struct{ Index, Term uint64 }

// State is what is durable of a shard on this node.
type State struct {
	Replica     uint64            // 0: none lives here
	Hard        *raftpb.HardState // nil: none was written
	Snapshot    SnapshotRef
	First, Last uint64   // entries present: First..Last, none when Last = First-1
	Truncated   Position // the entry before First
	Tombstone   uint64   // highest replica id that was removed; never used again
}

// Append stages entries, a hard state and a received snapshot, any of them. Entries that are present from the
// first new index on are replaced, with all that follow them. A snapshot replaces the whole log; entries in the
// same message come after it.
type Append struct {
	Shard    slotmap.ShardID
	Replica  uint64
	Hard     *raftpb.HardState // nil: unchanged
	Entries  []*raftpb.Entry
	Snapshot *SnapshotRef // nil: none. The file is complete and synced
	Sync     bool         // the reply promises durability
	Reply    *actor.PID   // nil: nobody waits
	Tag      any          // comes back in the reply
}

// Appended says that an Append is committed to the store, and durable if it asked for that. There is none for
// a replica that has been buried.
type Appended struct {
	Shard   slotmap.ShardID
	Replica uint64
	Tag     any
}

// Compact names a new local snapshot and drops the entries through the given index, which the snapshot covers.
// It is always durable when the reply comes.
type Compact struct {
	Shard       slotmap.ShardID
	Replica     uint64
	Snapshot    SnapshotRef
	Through     uint64
	ThroughTerm uint64
	Reply       *actor.PID
	Tag         any
}

// Compacted answers Compact. Stale: a newer snapshot was there, nothing was changed.
type Compacted struct {
	Shard   slotmap.ShardID
	Replica uint64
	Tag     any
	Stale   bool
}

// Create makes a replica. Without a snapshot it waits for one from its leader.
type Create struct {
	Shard    slotmap.ShardID
	Replica  uint64
	Snapshot SnapshotRef
	Hard     *raftpb.HardState
	Reply    *actor.PID
	Tag      any
}

// Created answers Create. Err is nil, ErrExists or ErrBuried.
type Created struct {
	Shard   slotmap.ShardID
	Replica uint64
	Tag     any
	Err     error
}

// Bury deletes all data of a replica that its group has removed, and keeps its id from ever being used again.
type Bury struct {
	Shard   slotmap.ShardID
	Replica uint64
	Reply   *actor.PID
	Tag     any
}

// Buried answers Bury.
type Buried struct {
	Shard   slotmap.ShardID
	Replica uint64
	Tag     any
}

// SetMeta stores a value of the node durably. Done, if not nil, is called on the actor's goroutine after the
// fsync and must not block.
type SetMeta struct {
	Key   string
	Value []byte
	Done  func()
}

// CheckSpace makes the actor look at the free disk space.
type CheckSpace struct{}

// syncTick makes the actor sync what ModeInterval has left unsynced.
type syncTick struct{}

// groupDue ends the delay of a sync.
type groupDue struct{}

// All messages share the front lane, for their order counts.

func (*Append) ConsensusLane()    {}
func (*Compact) ConsensusLane()   {}
func (*Create) ConsensusLane()    {}
func (*Bury) ConsensusLane()      {}
func (*SetMeta) ConsensusLane()   {}
func (CheckSpace) ConsensusLane() {}
func (syncTick) ConsensusLane()   {}
func (groupDue) ConsensusLane()   {}

// The replies too: a raft response hangs on them.

func (*Appended) ConsensusLane()  {}
func (*Compacted) ConsensusLane() {}
func (*Created) ConsensusLane()   {}
func (*Buried) ConsensusLane()    {}
