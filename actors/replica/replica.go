package replica

import (
	"fmt"

	"github.com/asynkron/protoactor-go/actor"
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/actors/clock"
	"github.com/troupedb/troupe/actors/confirm"
	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/actors/raftlog"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

// replica is the actor that owns the raft state of one shard on one node.
type replica struct {
	cfg     *Config
	pid     *actor.PID // its own
	node    *raft.RawNode
	storage *storage
	applier *actor.PID
	gauges  *Gauges
	members Membership
	runs    []slotmap.Run // of the replicated state, for the ownership map

	tick     uint64
	role     raft.StateType
	leader   uint64            // replica id
	hard     *raftpb.HardState // of the last Ready that had one
	last     uint64            // last index of the log, unstable entries included
	handed   uint64            // last index handed to the applier
	applied  uint64
	applying int                       // bytes of the entries that were handed over and not acknowledged
	ownTerm  bool                      // as leader: an entry of this term is committed and handed to the applier
	heard    uint64                    // tick of the last message of the leader
	peers    map[uint64]slotmap.NodeID // nodes of replicas by what they sent, before the log tells
	campaign uint64                    // tick to campaign at, 0 for none
	canvass  canvass
	lost     slotmap.NodeID // of the leader whose link's loss began the election that goes on
	lostAt   uint64         // tick
	rejected struct {       // by these voters, in this term
		term uint64
		by   []uint64
	}

	writes      []*Batch // queued for the next entry
	parked      []parked // requests that wait for a leader
	reads       reads
	electors    []confirm.Voter // that have a vote beside this replica; none in a joint configuration
	trust       trust
	lease       lease
	promise     int64 // ms of the monotonic clock until which nobody else is elected, 0 for none
	fates       fates
	changedTerm uint64            // term of the newest configuration, or of the snapshot that it came with
	changedAt   uint64            // last index of the log when the newest configuration was applied
	unsettled   bool              // an entry is wanted, whatever it holds: see removal.go and replaceSnapshot
	proposed    []proposal        // proposed in this turn, index not known yet
	entry       []byte            // where entries are put together before they are proposed
	votes       []*raftpb.Message // requests for votes that wait for the append of this Ready
	ticked      bool              // a Tick came in this turn
	appending   int               // appends with entries that the log has not acknowledged
	blocked     uint64            // tick since when the log keeps writes waiting, 0 if it does not

	newCommit bool                       // the commit index rose with the Ready in hand
	held      map[uint64]*raftpb.Message // by follower, see told.go

	waiting   bool       // operations wait in the applier
	unblocks  []*Unblock // not proposed yet
	eviction  []byte     // not proposed yet, or nil
	disk      slowDisk
	deposedAt uint64 // tick of the end of its last leadership, until nobody waits for that term

	nextExpiry int64 // of the state machine, 0 for none
	time       clock.Shard
	waits      []waiting
	snaps      snapState
	arrived    *installed        // snapshot file at hand for the MsgSnap that is being stepped
	heardOf    map[uint64]uint64 // tick at which each other replica of the group was heard of
	refusals   uint64            // messages that contradicted the log
	gone       bool              // it has ended: nothing is done any more
	buried     bool              // its id has a durable tombstone
	endedAt    uint64            // tick
	quiet      bool              // its applier has stopped as well
}

// parked is a request that waits for who leads next, or for a handing over to end.
type parked struct {
	until uint64 // tick
	batch *Batch
}

// Spawn starts the two actors of a replica and returns how to reach it. The state must have been
// created or loaded; name is the actor's name on every node of the group.
func Spawn(cfg Config, name string, strategy actor.SupervisorStrategy) *Handle {
	cfg.budget = mailbox.NewBudget(BudgetOps, BudgetBytes)
	cfg.gauges = &Gauges{Replica: cfg.Replica}
	c := &cfg
	r := &replica{
		cfg: c, gauges: c.gauges,
		peers: map[uint64]slotmap.NodeID{}, heardOf: map[uint64]uint64{}, held: map[uint64]*raftpb.Message{},
	}
	a := &applier{cfg: c, gauges: c.gauges, replica: cfg.System.NewLocalPID(name)}
	opts := func(high *mailbox.HighWater) []actor.PropsOption {
		return append(c.props(high), actor.WithSupervisor(strategy), actor.WithGuardian(strategy))
	}
	r.applier = c.spawn(a, fmt.Sprintf("apply/%s/%d", name, cfg.Replica), opts(&c.gauges.ApplyQueue))
	return &Handle{Shard: cfg.Shard, PID: c.spawn(r, name, opts(&c.gauges.Queue)), Budget: c.budget, Gauges: c.gauges}
}

// spawn starts an actor under a name that must be free.
func (c *Config) spawn(a actor.Actor, name string, opts []actor.PropsOption) *actor.PID {
	pid, err := c.System.Root.SpawnNamed(actor.PropsFromProducer(func() actor.Actor { return a }, opts...), name)
	if err != nil {
		c.Fatal(fmt.Errorf("actor %s: %w", name, err))
	}
	return pid
}

// Receive implements actor.Actor.
func (r *replica) Receive(ctx actor.Context) {
	if r.gone {
		r.afterEnd(ctx)
		return
	}
	switch m := ctx.Message().(type) {
	case *actor.Started:
		r.pid = ctx.Self()
		r.start()
	case *Batch:
		r.accept(m)
	case mailbox.Drained:
		r.drained()
	case *link.Inbound:
		r.inbound(m)
	case *raftlog.Appended:
		r.appended(m)
	case *applied:
		r.appliedThrough(m)
	case *confirm.Verdict:
		r.verdict(m)
	case *restored:
		r.restored(m)
	case *behindClock:
		r.writes = append(r.writes, m.batches...)
	case Tick:
		r.onTick()
	case *WaitQuery:
		r.wait(m)
	case *Unblock:
		r.unblock(m)
	case *evict:
		r.evict(m)
	case *actor.Stopping:
		r.stopping()
	default:
		r.control(m)
	}
}

// control takes the rare messages.
func (r *replica) control(m any) {
	switch m := m.(type) {
	case *PeerDown:
		r.peerDown(m.Node)
	case *Change:
		r.change(m)
	case *Transfer:
		r.node.TransferLeader(m.To)
	case HandOver:
		r.handOver()
	case *SnapshotArrived:
		r.snapshotArrived(m)
	case *snapshotTaken:
		r.snapshotTaken(m)
	case *link.FileSent:
		r.fileSent(m)
	case *raftlog.Compacted:
		r.compacted(m)
	case *Destroy:
		r.destroy(m.Reason)
	}
}

func (r *replica) start() {
	st := &r.cfg.State
	r.storage = newStorage(r.cfg.Shard, r.cfg.Log, *st, r.cfg.backlog)
	node, err := raft.NewRawNode(r.cfg.raft(r.storage))
	if err != nil {
		r.cfg.Fatal(err)
		return
	}
	r.node = node
	r.hard = node.BasicStatus().HardState
	r.gauges.Term.Store(r.term())
	r.reads.nextID = r.cfg.Rand.Uint64() >> 1 // it only rises
	r.last, r.handed, r.applied = r.storage.last, st.Snapshot.Index, st.Snapshot.Index
	r.members = Membership{Next: 1, Conf: &raftpb.ConfState{}}
	if st.Snapshot.File != "" {
		meta, err := decodeSnapMeta(st.Snapshot.Meta, st.Snapshot.ConfState)
		if err != nil {
			r.cfg.Fatal(err)
			return
		}
		r.members, r.changedTerm = meta.Members, st.Snapshot.Term
		r.storage.snapFrom = r.members.Index
		r.toApplier(&restore{ref: st.Snapshot})
	} else {
		r.toApplier(&restore{})
	}
	r.findElectors()
	r.snaps.taken(st.Snapshot)
	r.snaps.found = r.last
	r.tick = 1
	switch {
	case r.cfg.Leases:
		r.promise = r.mono() + promiseTime
	case r.alone():
		r.campaign = r.tick
	}
	r.observe()
}

// alone reports whether this replica is its group's only voter: it need not wait for anyone.
func (r *replica) alone() bool {
	v := r.members.Conf.GetVoters()
	return len(v) == 1 && v[0] == r.cfg.Replica && !r.members.Joint()
}

func (r *replica) drained() {
	r.campaignIfDue()
	r.proposeEviction()
	r.proposeUnblocks()
	r.proposeQueued()
	r.openReadRound()
	for ready := r.node.HasReady(); ready; {
		r.handleReady(r.node.Ready())
		r.openReadRound()
		ready = r.node.HasReady()
		if !ready && len(r.writes) > 0 {
			r.proposeQueued()
			ready = r.node.HasReady()
		}
	}
	r.poseQueued()
	r.dispatchReads()
	r.answerWaits()
	r.publish()
	r.ticked = false
}

func (r *replica) onTick() {
	r.tick++
	r.ticked = true
	r.tickRaft()
	r.askAgain()
	if r.tick > unknownTicks {
		answerAll(r.cfg, r.fates.expired(r.tick-unknownTicks), Unknown)
		answerAll(r.cfg, r.reads.expired(r.tick-unknownTicks), Down)
	}
	if r.tick > readRetryTicks {
		r.reads.retry(r.tick - readRetryTicks)
		r.tendPosed()
	}
	r.unpark()
	r.tendBlocked()
	r.tendMemory()
	r.tendDisk()
	r.doubt()
	r.paceSnapshot()
	r.maybeSnapshot()
	if r.tick%factsTicks == 0 {
		r.reportFacts()
	}
}

func (r *replica) step(m *raftpb.Message) {
	// Step refuses what raft has no use for at the moment (an unknown peer, a dropped proposal); its
	// senders look again.
	_ = r.node.Step(m)
}

// inbound takes a message of another replica of the group.
func (r *replica) inbound(in *link.Inbound) {
	switch m := in.Message.(type) {
	case *wire.Raft:
		r.inboundRaft(in.From, m.Message)
	case *wire.Removed:
		r.told(in.From, m)
	case *wire.Promise:
		r.promisedBy(in.From, m)
	}
}

func (r *replica) inboundRaft(from slotmap.NodeID, m *raftpb.Message) {
	if r.succeeded(m) {
		r.destroy("succeeded by a later replica")
		return
	}
	if m.GetTo() != r.cfg.Replica || m.GetType() == raftpb.MsgSnap || r.decline(from, m) || r.foreign(from, m.GetFrom()) {
		return // a snapshot comes with its file, see snapshotArrived
	}
	if r.removed(from, m.GetFrom()) || r.premature(m) || r.odd(m) || r.ignores(m) {
		return
	}
	r.peers[m.GetFrom()] = from
	r.hear(m.GetFrom())
	if m.GetFrom() == r.leader {
		r.heard = r.tick
	}
	r.yield(m)
	r.voting(m)
	if r.question(m) {
		return
	}
	r.step(m)
	r.promiseTo(from, m)
}

// premature reports whether a replica asks for a read index before an entry of this leader's term is
// committed. Raft holds the question back where there are other voters; a single voter answers at once,
// and after a restart it may not know of all that it has acknowledged. Who asks asks again.
func (r *replica) premature(m *raftpb.Message) bool {
	return m.GetType() == raftpb.MsgReadIndex && !r.ownTerm
}

// odd reports whether raft would panic over the message: it takes the context of a heartbeat's answer for
// eight bytes, unread, and trusts what peers say of this log. A leader that knows of entries here that are not
// here has seen them acknowledged: unless the message may be forged, they are lost, and raft ends the node.
func (r *replica) odd(m *raftpb.Message) bool {
	beyond := uint64(0)
	switch m.GetType() {
	case raftpb.MsgHeartbeatResp:
		return len(m.GetContext()) != 0 && len(m.GetContext()) != 8
	case raftpb.MsgHeartbeat:
		beyond = m.GetCommit()
	case raftpb.MsgAppResp:
		beyond = m.GetIndex()
	}
	if beyond <= r.last || !r.cfg.Untrusted {
		return false
	}
	if r.refusals++; r.refusals == 1 {
		r.cfg.Logger.Error("message refused: it speaks of entries that this log never had", "shard", r.cfg.Shard,
			"type", m.GetType(), "from", m.GetFrom(), "index", beyond, "last", r.last)
	}
	return true
}

// foreign reports whether a replica id is known to live on another node than the sender's.
func (r *replica) foreign(from slotmap.NodeID, id uint64) bool {
	node, ok := r.members.Nodes[id]
	return ok && node != from
}

// send passes raft's messages to the replicas that they are for.
func (r *replica) send(m *raftpb.Message) {
	node, ok := r.members.Nodes[m.GetTo()]
	if !ok {
		if node, ok = r.peers[m.GetTo()]; !ok {
			return
		}
	}
	switch m.GetType() {
	case raftpb.MsgSnap:
		r.sendSnapshot(node, m)
		return
	case raftpb.MsgTimeoutNow:
		r.offer()
	case raftpb.MsgHeartbeat:
		r.beats(m)
	}
	r.cfg.System.Root.Send(r.cfg.Peer(node), &wire.Raft{Shard: r.cfg.Shard, Message: m})
}

// term is raft's, as of the last Ready.
func (r *replica) term() uint64 { return r.hard.GetTerm() }

func (r *replica) toApplier(m any) { r.cfg.System.Root.Send(r.applier, m) }
