package replica

import (
	"cmp"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/cockroachdb/pebble/v2/vfs"
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/actors/clock"
	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/actors/raftlog"
	"github.com/troupedb/troupe/slotmap"
)

// Tick is the replica's unit of time. The node sends one to every replica at this interval.
const TickInterval = 20 * time.Millisecond

// Timing in ticks.
const (
	heartbeatTicks = 5  // 100 ms
	electionTicks  = 50 // an election is due after 1 to 2 s without a leader's message
	parkTicks      = 50 // how long a request waits for a leader: 1 s
	unknownTicks   = 250
	readRetryTicks = 10
	staggerTicks   = 2 // between the campaigns of the survivors of a lost link: 40 ms
	deferTicks     = 5 // of a campaign while another one goes on: 100 ms
	factsTicks     = 10
)

// The chain of sizes that a command passes, each below the next: see the design, "Client protocol".
const (
	MaxEntry      = 24 << 20 // data of one entry; a batch that is larger is refused before it is proposed
	softEntry     = 1 << 20  // batches are joined up to this
	maxAppendMsg  = 1 << 20  // entries of one append message, unless a single one is larger
	maxValue      = 16 << 20 // a value, as proto-max-bulk-len; it stands in the first snapshot of a shard
	maxInflight   = 32 << 20
	maxUncommited = 32 << 20
	maxApplying   = 16 << 20
	maxRead       = 1 << 20 // of the log at once; raft hands no more to the applier before that is applied
)

// DefaultBacklog is how many bytes of its newest entries a replica has in memory, for followers that lag a little.
const DefaultBacklog = 8 << 20

// Bounds of what one shard holds for its clients at one time.
const (
	BudgetOps   = 64 << 10
	BudgetBytes = 64 << 20
)

// Config is what a replica is made from. All functions are called in the turns of its two actors.
type Config struct {
	System  *actor.ActorSystem
	Cluster slotmap.ClusterID
	Self    slotmap.NodeID
	Shard   slotmap.ShardID
	Replica uint64
	State   raftlog.State // as loaded

	Log         LogReader
	LogPID      *actor.PID // takes *raftlog.Append and its kin
	NodePID     *actor.PID // takes *Changed, *Facts, *Gone
	Confirm     *actor.PID // takes *confirm.Ask; nil: reads are confirmed by raft alone
	SnapshotDir string
	FS          vfs.FS                          // holds SnapshotDir
	Peer        func(slotmap.NodeID) *actor.PID // the same shard's replica on another node
	Bulk        func(slotmap.NodeID) *actor.PID // takes link.SendFile; nil for none

	// Hint is where gossip has the group's leader: whom to ask when nobody is left whom this replica
	// knows. Zero for unknown; nil for no hints.
	Hint func() slotmap.NodeID

	Clock    func() clock.Now          // this node's clocks, and what the others say of them
	LowSpace func() bool               // this node's disk is below its mark
	PeerLow  func(slotmap.NodeID) bool // another node reported that its disk is
	// Claim sets bytes of the disk aside for a snapshot until release is called; nil: there is always room.
	// The applier's goroutine.
	Claim func(bytes int64) (release func(), ok bool)
	// Untrusted says that peers cannot prove who they are. A message that contradicts the log is then taken
	// for a forged one and refused, else for damage, which ends the node.
	Untrusted bool
	// Leases lets a leader read without a round of messages, see lease.go. All nodes must have the same.
	Leases bool
	Rand   *rand.Rand // owned by the replica actor
	Fatal  func(error)
	Logger *slog.Logger

	SnapshotEntries uint64 // entries after which a snapshot is taken, or up to a quarter later: see snapshotPlace
	SnapshotBytes   int64  // or bytes of entry data, or as many as the last snapshot has if that are more
	KeepEntries     uint64 // entries left in the log behind a snapshot, for followers that lag a little
	KeepBytes       int64  // bytes of entries that are enough of them, see keepAfter; 0: any number is

	// Listen says which classes of keyspace events are published of entries of the term in which this replica leads,
	// and Publish takes them. Both are called by the applier and do not block; nil: none are.
	Listen  func() keyspace.EventClass
	Publish func([]keyspace.Event)

	// Eviction are the rules by which keys are evicted while this replica leads, and Memory tells whether any must
	// be. Both are called by the applier, Memory by the replica too, and do not block; nil: none are.
	Eviction func() keyspace.Eviction
	Memory   func() Memory

	// Paused says that clients of this node are paused: while this replica leads, keys past their time are gone for
	// those who ask, and neither they nor others are deleted. Both actors call it; it does not block. Nil: they never are.
	Paused func() bool

	// LeastCopies is how many other voters must have been heard of lately for this replica, as the leader, to take a
	// write. The replica calls it; it does not block. Nil: none, a majority is enough.
	LeastCopies func() int

	Backlog func() int64 // bytes of the newest entries to have in memory; nil: DefaultBacklog. The replica's goroutine

	MaxReplies int // bytes of replies to one batch; 0: 1 GiB

	Dispatcher actor.Dispatcher // nil: mailbox.Workers

	budget *mailbox.Budget
	gauges *Gauges

	// Observe, if set, sees the state machine after every entry and every restore: a simulation compares
	// replicas by it.
	Observe func(*Applied)
}

// Applied is a replica's state machine after an entry. It is valid during the call that it is given to.
type Applied struct {
	Shard       slotmap.ShardID
	Replica     uint64
	Index, Term uint64
	Now         int64         // the shard's clock
	Entry       *raftpb.Entry // nil: a snapshot was restored
	Members     Membership
	State       *keyspace.State
}

func (c *Config) snapFile(name string) string { return c.FS.PathJoin(c.SnapshotDir, name) }

// maxConsensus bounds the messages of other nodes that wait for a replica. Raft repeats what is dropped.
const maxConsensus = 1 << 14

// props are the options of an actor of a replica.
func (c *Config) props(high *mailbox.HighWater) []actor.PropsOption {
	box := mailbox.New(mailbox.WithHighWater(high), mailbox.WithConsensusLimit(maxConsensus, func(any) { c.gauges.Dropped.Add(1) }))
	return []actor.PropsOption{actor.WithMailbox(box), actor.WithDispatcher(cmp.Or(c.Dispatcher, mailbox.Workers()))}
}

func (c *Config) backlog() int {
	if c.Backlog == nil {
		return DefaultBacklog
	}
	return int(c.Backlog())
}

func (c *Config) paused() bool { return c.Paused != nil && c.Paused() }

func (c *Config) release(b *Batch) { c.budget.Release(b.Cost()) }

func (c *Config) raft(s *storage) *raft.Config {
	return &raft.Config{
		ID: c.Replica, Storage: s, Applied: s.snap.Index,
		ElectionTick: electionTicks, HeartbeatTick: heartbeatTicks,
		AsyncStorageWrites: true, PreVote: true, CheckQuorum: true,
		StepDownOnRemoval: true, DisableProposalForwarding: true,
		MaxSizePerMsg: maxAppendMsg, MaxCommittedSizePerReady: maxApplying,
		MaxUncommittedEntriesSize: maxUncommited,
		MaxInflightMsgs:           1024, MaxInflightBytes: maxInflight,
		Logger: raftLogger{c.Logger, c.Shard},
	}
}
