// Package replica is one shard's replica on one node: Raft consensus, carried by actors.
//
// Two actors make a replica. The replica actor ("shard/4") owns the raft state of its group: it is
// fed from its mailbox only, and everything raft wants done is a message to another actor's mailbox.
// The applier actor ("apply/shard/4/7", 7 being the replica's id) owns the replicated state machine (package keyspace).
//
//	session  -> replica   *Batch            client operations, admitted by Handle.Budget
//	                      or *Unblock       the end of operations that wait, see blocked.go
//	link     -> replica   *link.Inbound     raft messages of the group's other replicas
//	                      or *wire.Removed, see removal.go, or *wire.Promise, see lease.go
//	raftlog  -> replica   *raftlog.Appended the append is on disk: its attached responses may leave
//	node     -> replica   Tick, PeerDown, Change, Transfer, HandOver, SnapshotArrived, Destroy
//	replica  -> raftlog   *raftlog.Append   entries, hard state, snapshot, in raft's order
//	replica  -> links     *wire.Raft        to the same-named actor of another node
//	replica  -> confirm   *confirm.Ask      does this leader lead still? for its reads, and those of its followers
//	confirm  -> replica   *confirm.Verdict
//	replica  -> applier   *apply, *read     committed entries; reads whose index is known
//	applier  -> replica   *evict            keys to be deleted for want of memory, see evict.go
//	applier  -> session   *Answer           through Batch.Sink
//
// The turn. The mailbox delivers all that is queued, then one mailbox.Drained. Consensus messages are
// stepped as they come; client operations only queue. At Drained the replica proposes all queued
// writes as one entry, handles raft's Ready until there is none, and has one ReadIndex round made for all queued reads:
// by package confirm for all shards of the node, see confirm.go, or by raft. One round of raft is under way at a time,
// and so is one entry until the next tick; what comes meanwhile shares the next:
//
//	case mailbox.Drained:
//		r.proposeQueued()
//		r.openReadRound() // raft's
//		for r.node.HasReady() {
//			r.handleReady(r.node.Ready()) // a commit or a confirmed round lets the next go
//		}
//		r.poseQueued() // package confirm's
//
// No proposal is followed by anything but Ready in the same turn, so the index of an entry is known
// as soon as it has one, and the fate of a proposal is told by (index, term); see fate.go.
//
// Followers learn what is committed by the next append or heartbeat, or when they ask: see told.go.
//
// A request for votes waits for the candidate's own vote to be on disk, though raft would let it go: see
// sendReady.
//
// Failure contract. A refused batch (Moved, Down, TryAgain, Misconf, OOM, Unblocked, NoReplicas) was not and will not be
// applied. Done was applied. Unknown may have been. An error of raft, the log or a snapshot file that
// contradicts the durable state ends the node through Config.Fatal: nothing here is ever restarted
// with an empty state.
package replica
