package replica

import (
	crand "crypto/rand"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/cockroachdb/pebble/v2/vfs"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/actors/clock"
	"github.com/troupedb/troupe/actors/confirm"
	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/slotmap"
)

// cluster is one shard's group on simulated nodes: real replica actors on one seeded dispatcher, a
// network that the test delivers, disks that lose what was not synced. Nothing in it runs by itself, and
// everything that it draws, raft's election timeouts included, follows from the seed.
type cluster struct {
	t     testing.TB
	sched *mailbox.Seeded
	rng   *rand.Rand
	nodes []*node
	net   network
	watch *watcher
	wall  int64 // ms
	dir   string
	keep  uint64 // KeepEntries
	every uint64 // SnapshotEntries
	bytes int64  // SnapshotBytes

	keepBytes int64 // KeepBytes

	// forge, if set, may change an answer on its way to the client, or swallow it: a planted bug.
	forge func(*pending, *Answer) *Answer

	onTime   bool // most wall clocks are right, and always were
	gullible bool // a planted bug: every node's own clock is the agreed time

	leases     bool // leaders read under leases
	raftReads  bool // raft alone confirms reads
	instant    bool // the log acknowledges within the turn that an append is sent in
	unobserved bool // the replicas' states are not compared
	untrusted  bool // peers cannot prove who they are
	maxReplies int
	events     []string // published, with the node that did; nil: nobody listens

	failed string // what went wrong first
	soft   bool   // the test looks at failed itself
}

// node is one simulated node; index i has node id {i} and, in a fresh group, replica id i.
type node struct {
	i      int
	id     slotmap.NodeID
	disk   *disk
	real   *realDisk     // in place of the disk, or nil
	life   *mailbox.Life // nil while it is down
	system *actor.ActorSystem
	handle *Handle // nil while no replica runs here
	skew   int64   // of its wall clock, ms
	born   int64   // when its monotonic clock began, ms
	time   int64   // the shard's clock as this node has applied it
	facts  *Facts
	seen   *Changed
	limit  int64 // bytes of keys that it may hold, 0: no limit
	rules  keyspace.Eviction
	copies int  // other voters that it wants for a write
	paused bool // its clients are
	wiped  bool // its disk is gone, and with it its name: it never comes back
}

const testShard = slotmap.ShardID(1)

// newCluster makes a group of voters on the first nodes, all of them down, and nodes without anything.
func newCluster(t testing.TB, seed uint64, nodes, voters int) *cluster {
	c := &cluster{
		t: t, sched: mailbox.NewSeeded(seed), rng: rand.New(rand.NewPCG(seed, 1)),
		wall: 1_000_000, dir: scratch(t), keep: 10, every: 1000,
	}
	c.net.c, c.watch = c, newWatcher(c)
	seedEntropy(t, seed)
	for range nodes {
		c.addNode()
	}
	for _, n := range c.nodes[:voters] {
		c.format(n, voters)
	}
	return c
}

// scratch is a folder for snapshot files, in memory where there is one.
func scratch(t testing.TB) string {
	dir, err := os.MkdirTemp("/dev/shm", "replica")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// seedEntropy makes raft draw its election timeouts from the seed. Tests that use it cannot run in
// parallel.
func seedEntropy(t testing.TB, seed uint64) {
	real := crand.Reader
	crand.Reader = &entropy{rand.New(rand.NewPCG(seed, 3))}
	t.Cleanup(func() { crand.Reader = real })
}

type entropy struct{ rng *rand.Rand }

func (e *entropy) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e.rng.Uint32())
	}
	return len(p), nil
}

func (c *cluster) addNode() *node {
	i := len(c.nodes) + 1
	n := &node{i: i, id: slotmap.NodeID{byte(i)}, disk: newDisk()}
	c.nodes = append(c.nodes, n)
	if err := os.MkdirAll(c.nodeDir(n), 0o700); err != nil {
		c.t.Fatal(err)
	}
	return n
}

func (c *cluster) nodeDir(n *node) string { return filepath.Join(c.dir, fmt.Sprintf("n%d", n.i)) }

// fail notes what went wrong first; unless the test looks at it itself, it ends there.
func (c *cluster) fail(format string, args ...any) {
	if c.failed == "" {
		c.failed = fmt.Sprintf(format, args...)
	}
	if !c.soft {
		c.t.Fatal(c.failed)
	}
}

// format gives a node's disk the group's first snapshot, with all voters in it.
func (c *cluster) format(n *node, voters int) {
	m := Membership{Index: 1, Next: uint64(voters) + 1, Nodes: map[uint64]slotmap.NodeID{}, Conf: &raftpb.ConfState{}}
	for i := 1; i <= voters; i++ {
		m.Nodes[uint64(i)] = slotmap.NodeID{byte(i)}
		m.Conf.Voters = append(m.Conf.Voters, uint64(i))
	}
	h := SnapHeader{Shard: testShard, Index: 1, Term: 1, Members: m}
	ref, err := writeSnap(vfs.Default, c.nodeDir(n), uint64(n.i), h, keyspace.New(keyspace.Config{Slots: slotmap.Even(1)}))
	if err != nil {
		c.t.Fatal(err)
	}
	n.disk.format(logState{
		replica: uint64(n.i), snap: ref,
		hard: &raftpb.HardState{Term: new(uint64(1)), Vote: new(uint64(0)), Commit: new(uint64(1))},
	})
}

var silent = slog.New(slog.DiscardHandler)

var verbose = flag.Bool("troupe.v", false, "log what the replicas and raft say, to standard error")

func (c *cluster) logger(n *node) *slog.Logger {
	if !*verbose {
		return silent
	}
	h := slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == slog.LevelKey || a.Key == "shard" {
			return slog.Attr{}
		}
		return a
	}})
	return slog.New(h).With("n", n.i, "at", c.wall/TickInterval.Milliseconds())
}

func quietActors(*actor.ActorSystem) *slog.Logger { return silent }

// start runs the node, and its replica from what its disk holds.
func (c *cluster) start(n *node) {
	l := mailbox.NewLife(c.sched)
	n.life, n.born = l, c.wall
	n.system = actor.NewActorSystem(actor.WithLoggerFactory(quietActors))
	n.system.ProcessRegistry.Address = n.id.String()
	n.system.ProcessRegistry.RegisterAddressResolver(func(*actor.PID) (actor.Process, bool) {
		return &outbound{c, n, l}, true
	})
	if n.real != nil {
		n.real.start(c, n)
	} else {
		n.disk.system, n.disk.held = n.system, false
		var turns actor.Dispatcher = l
		if c.instant {
			turns = actor.NewSynchronizedDispatcher(1000)
		}
		c.actorOn(n, "raftlog", n.disk, turns)
	}
	if !c.raftReads {
		c.actor(n, confirm.Name, confirm.New(confirm.Config{System: n.system, Seed: uint64(c.wall) << 20, Term: n.term}))
	}
	c.actor(n, "node", actor.ReceiveFunc(func(ctx actor.Context) { c.director(n, ctx.Message()) }))
	if n.disk.now.replica != 0 && (n.real == nil || n.real.stopped() == nil) {
		c.spawn(n)
	}
}

func (c *cluster) startAll() {
	for _, n := range c.nodes {
		c.start(n)
	}
}

func (c *cluster) actor(n *node, name string, a actor.Actor) { c.actorOn(n, name, a, n.life) }

func (c *cluster) actorOn(n *node, name string, a actor.Actor, turns actor.Dispatcher) {
	_, err := n.system.Root.SpawnNamed(actor.PropsFromProducer(func() actor.Actor { return a },
		actor.WithMailbox(mailbox.New()), actor.WithDispatcher(turns)), name)
	if err != nil {
		c.t.Fatal(err)
	}
}

// spawn starts the replica that the node's disk holds.
func (c *cluster) spawn(n *node) {
	st := n.disk.now.load()
	fs, dir := c.files(n)
	cfg := Config{
		System: n.system, Self: n.id, Shard: testShard, Replica: st.Replica, State: st,
		Log: n.disk, LogPID: n.system.NewLocalPID("raftlog"), NodePID: n.system.NewLocalPID("node"), SnapshotDir: dir, FS: fs,
		Peer:  func(id slotmap.NodeID) *actor.PID { return actor.NewPID(id.String(), "shard/1") },
		Bulk:  func(id slotmap.NodeID) *actor.PID { return actor.NewPID(id.String(), "bulk") },
		Hint:  c.hint,
		Clock: func() clock.Now { return c.clock(n) },
		Claim: n.disk.claim, Untrusted: c.untrusted, Leases: c.leases, MaxReplies: c.maxReplies, LowSpace: func() bool { return n.disk.low }, PeerLow: func(id slotmap.NodeID) bool { return c.nodes[id[0]-1].disk.low },
		Rand: rand.New(rand.NewPCG(c.rng.Uint64(), 2)), Fatal: func(err error) { c.fail("n%d: %v", n.i, err) },
		Logger: c.logger(n), SnapshotEntries: c.every, SnapshotBytes: c.bytes, KeepEntries: c.keep, KeepBytes: c.keepBytes, Dispatcher: n.life,
		Observe: c.observer(n), Eviction: func() keyspace.Eviction { return n.rules }, Memory: n.memory,
		LeastCopies: func() int { return n.copies }, Paused: func() bool { return n.paused },
	}
	if c.events != nil {
		cfg.Listen = func() keyspace.EventClass { return ^keyspace.EventClass(0) }
		cfg.Publish = func(events []keyspace.Event) {
			for _, e := range events {
				c.events = append(c.events, fmt.Sprintf("n%d %s %s", n.i, e.Name, e.Key))
			}
		}
	}
	if !c.raftReads {
		cfg.Confirm = n.system.NewLocalPID(confirm.Name)
	}
	if n.real != nil {
		n.real.equip(&cfg)
	}
	n.handle = Spawn(cfg, "shard/1", mailbox.StopNode(func(reason any) { cfg.Fatal(fmt.Errorf("%v", reason)) }))
}

// term is what the node says of its replica to those who ask whether they lead.
func (n *node) term(slotmap.ShardID) (replica, term uint64) {
	if n.handle == nil {
		return 0, 0
	}
	return n.handle.Gauges.Replica, n.handle.Gauges.Term.Load()
}

// observer is what compares replicas, unless what that costs would count.
func (c *cluster) observer(n *node) func(*Applied) {
	if c.unobserved {
		return nil
	}
	return c.watch.applied(n)
}

// memory is what the node holds too much.
func (n *node) memory() Memory {
	if n.limit == 0 || n.handle == nil {
		return Memory{}
	}
	return MemoryOf(n.limit, []*Gauges{n.handle.Gauges})
}

// files is where a node keeps its snapshots.
func (c *cluster) files(n *node) (vfs.FS, string) {
	if n.real != nil {
		return n.real.fs, realSnapshots
	}
	return vfs.Default, c.nodeDir(n)
}

// clock is what a node knows of the time: its own clock, and those of the others that are up and that it is not
// cut from.
func (c *cluster) clock(n *node) clock.Now {
	now := clock.Now{Wall: c.wall + n.skew, Mono: c.wall - n.born}
	var heard []clock.Reading
	nodes := 0
	for _, o := range c.nodes {
		if o != n && (o.wiped || c.gullible) {
			continue
		}
		nodes++
		if o != n && o.life != nil && !c.net.parted(n, o) {
			heard = append(heard, clock.Reading{Wall: c.wall + o.skew, Mono: now.Mono})
		}
	}
	now.Agreed = clock.Judge(clock.Reading{Wall: now.Wall, Mono: now.Mono}, heard, nodes)
	return now
}

// rightWithin is how far a right wall clock of a test is off, in ms.
const rightWithin = 100

func (n *node) wrongClock() bool { return max(n.skew, -n.skew) > rightWithin }

// hint is what gossip would say.
func (c *cluster) hint() slotmap.NodeID {
	if n := c.leader(); n != nil {
		return n.id
	}
	return slotmap.NodeID{}
}

// director stands in for the node's director.
func (c *cluster) director(n *node, m any) {
	switch m := m.(type) {
	case *Facts:
		n.facts = m
	case *Changed:
		n.seen = m
	case *Gone:
		if n.handle != nil {
			n.system.Root.Stop(n.handle.PID)
			n.handle, n.facts = nil, nil
		}
	}
}

// kill ends a node at once: what its disk has not synced is lost, though some of it may be there.
func (c *cluster) kill(n *node) {
	c.logger(n).Debug("killed")
	n.life.End()
	n.life, n.handle, n.system, n.facts = nil, nil, nil, nil
	if n.real != nil {
		n.real.crash()
	} else {
		n.disk.crash(c.rng)
	}
	c.net.ended(n)
}

// wipe ends a node for good.
func (c *cluster) wipe(n *node) {
	if n.life != nil {
		c.kill(n)
	}
	n.wiped = true
}

// lost tells all others that the link to a node broke.
func (c *cluster) lost(n *node) {
	for _, o := range c.nodes {
		if o != n && o.handle != nil {
			o.system.Root.Send(o.handle.PID, &PeerDown{Node: n.id})
			o.system.Root.Send(o.system.NewLocalPID(confirm.Name), &link.Down{Node: n.id})
		}
	}
}

// step runs one actor or delivers one packet, and says whether there was anything to do.
func (c *cluster) step() bool {
	if c.failed != "" {
		return false
	}
	if c.sched.Step() {
		c.reap()
		c.watch.look()
		return true
	}
	return c.net.deliverOne()
}

// reap ends the nodes whose real disk has stopped them.
func (c *cluster) reap() {
	for _, n := range c.nodes {
		if n.real == nil || n.life == nil || n.real.stopped() == nil {
			continue
		}
		n.life.End()
		n.life, n.handle, n.system, n.facts = nil, nil, nil, nil
		c.net.ended(n)
		if !n.real.faulty {
			c.fail("n%d stops: %v", n.i, n.real.stopped())
		}
	}
}

// settle runs actors and delivers packets, in an order that the seed picks, until nothing is left.
func (c *cluster) settle() {
	for i := 0; c.step(); i++ {
		if i > 1_000_000 {
			c.fail("does not settle")
			return
		}
	}
}

// tick lets time pass for the given nodes, or all, and everything settle after each tick.
func (c *cluster) tick(n int, only ...*node) {
	for range n {
		c.tickOnce(only...)
		c.settle()
	}
}

func (c *cluster) tickOnce(only ...*node) {
	if len(only) == 0 {
		only = c.nodes
	}
	c.wall += TickInterval.Milliseconds()
	for _, n := range only {
		if n.handle != nil {
			n.system.Root.Send(n.handle.PID, Tick{})
			n.system.Root.Send(n.system.NewLocalPID(confirm.Name), confirm.Tick{})
		}
	}
}

// leader is the node that leads in the newest term.
func (c *cluster) leader() *node {
	var best *node
	var term uint64
	for _, n := range c.nodes {
		if n.handle == nil {
			continue
		}
		if v := n.handle.Gauges.View(); v.Role == RoleLeader && v.Term >= term {
			best, term = n, v.Term
		}
	}
	return best
}

// elect lets time pass until some node leads.
func (c *cluster) elect() *node {
	for range 500 {
		c.tick(1)
		if n := c.leader(); n != nil {
			return n
		}
	}
	c.t.Fatal("nobody was elected")
	return nil
}
