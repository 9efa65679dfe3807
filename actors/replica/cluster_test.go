package replica

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/actors/raftlog"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
	"github.com/troupedb/troupe/wire/resp"
)

// cluster is one shard's group on simulated nodes: real replica actors on one seeded dispatcher, a
// network that the test delivers, disks that lose what was not synced. Nothing in it runs by itself.
type cluster struct {
	t       *testing.T
	sched   *mailbox.Seeded
	rng     *rand.Rand
	nodes   []*node
	packets []packet
	cuts    map[[2]int]bool
	wall    int64 // ms
	dir     string
	keep    uint64
	every   uint64
	voters  int
}

// node is one simulated node; index i has node id {i} and, at first, replica id i.
type node struct {
	i      int
	id     slotmap.NodeID
	disk   *disk
	system *actor.ActorSystem
	handle *Handle // nil while it is down
	facts  *Facts
	seen   *Changed
}

type packet struct {
	from, to int
	frame    []byte         // as it crosses the wire
	file     *link.SendFile // or a snapshot file
}

const testShard = slotmap.ShardID(1)

func newCluster(t *testing.T, seed uint64, nodes, voters int) *cluster {
	c := &cluster{
		t: t, sched: mailbox.NewSeeded(seed), rng: rand.New(rand.NewPCG(seed, 1)), cuts: map[[2]int]bool{},
		wall: 1_000_000, dir: t.TempDir(), keep: 10, every: 1000, voters: voters,
	}
	for i := 1; i <= nodes; i++ {
		n := &node{i: i, id: slotmap.NodeID{byte(i)}, disk: newDisk()}
		c.nodes = append(c.nodes, n)
		if err := os.MkdirAll(c.nodeDir(n), 0o700); err != nil {
			t.Fatal(err)
		}
		if i <= voters {
			c.format(n)
		}
	}
	return c
}

func (c *cluster) nodeDir(n *node) string { return filepath.Join(c.dir, fmt.Sprintf("n%d", n.i)) }

// format gives a node's disk the group's first snapshot, with all voters in it.
func (c *cluster) format(n *node) {
	m := Membership{Index: 1, Next: uint64(c.voters) + 1, Nodes: map[uint64]slotmap.NodeID{}, Conf: &raftpb.ConfState{}}
	for i := 1; i <= c.voters; i++ {
		m.Nodes[uint64(i)] = slotmap.NodeID{byte(i)}
		m.Conf.Voters = append(m.Conf.Voters, uint64(i))
	}
	h := SnapHeader{Shard: testShard, Index: 1, Term: 1, Members: m}
	path := filepath.Join(c.nodeDir(n), SnapName(testShard, uint64(n.i), 1, 1))
	w, err := createSnap(path, h)
	if err != nil {
		c.t.Fatal(err)
	}
	from := keyspace.New(keyspace.Config{Slots: slotmap.Even(1)}).BeginSnapshot(1)
	for done := false; !done; {
		var block []byte
		block, done = from.Next(nil, snapBlockSize)
		if len(block) > 0 {
			if err := w.block(block); err != nil {
				c.t.Fatal(err)
			}
		}
	}
	size, sum, err := w.finish()
	if err != nil {
		c.t.Fatal(err)
	}
	n.disk.synced = logState{replica: uint64(n.i), snap: h.ref(path, size, sum), hard: &raftpb.HardState{Term: new(uint64(1)), Vote: new(uint64(0)), Commit: new(uint64(1))}}
	n.disk.lose()
}

// start runs the node's replica from what its disk holds.
func (c *cluster) start(n *node) {
	n.system = actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return discard }))
	n.system.ProcessRegistry.Address = n.id.String()
	n.system.ProcessRegistry.RegisterAddressResolver(func(pid *actor.PID) (actor.Process, bool) {
		return &wireProcess{c, n.i}, true
	})
	n.disk.lose()
	n.disk.system = n.system
	spawn := func(name string, a actor.Actor) *actor.PID {
		pid, err := n.system.Root.SpawnNamed(actor.PropsFromProducer(func() actor.Actor { return a },
			actor.WithMailbox(mailbox.New()), actor.WithDispatcher(c.sched)), name)
		if err != nil {
			c.t.Fatal(err)
		}
		return pid
	}
	logPID := spawn("raftlog", n.disk)
	spawn("node", actor.ReceiveFunc(func(ctx actor.Context) { c.director(n, ctx.Message()) }))
	if n.disk.now.replica != 0 {
		c.spawn(n, logPID)
	}
}

var discard = slog.New(slog.NewTextHandler(io.Discard, nil))

func (c *cluster) spawn(n *node, logPID *actor.PID) {
	st := n.disk.now.load()
	n.handle = Spawn(Config{
		System: n.system, Self: n.id, Shard: testShard, Replica: st.Replica, State: st,
		Log: n.disk, LogPID: logPID, NodePID: n.system.NewLocalPID("node"), SnapshotDir: c.nodeDir(n),
		Peer: func(id slotmap.NodeID) *actor.PID { return actor.NewPID(id.String(), "shard/1") },
		Bulk: func(id slotmap.NodeID) *actor.PID { return actor.NewPID(id.String(), "bulk") },
		Wall: func() int64 { return c.wall }, Mono: func() int64 { return c.wall },
		LowSpace: func() bool { return n.disk.low }, PeerLow: func(id slotmap.NodeID) bool { return c.nodes[id[0]-1].disk.low },
		Rand: rand.New(rand.NewPCG(c.rng.Uint64(), 2)), Fatal: func(err error) { c.t.Fatalf("n%d: %v", n.i, err) },
		Logger: discard, SnapshotEntries: c.every, KeepEntries: c.keep, Dispatcher: c.sched,
	}, "shard/1", mailbox.StopNode(func(reason any) { c.t.Fatalf("n%d: %v", n.i, reason) }))
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
			n.handle = nil
		}
	}
}

// wireProcess takes what is sent to another node.
type wireProcess struct {
	c    *cluster
	from int
}

func (w *wireProcess) SendUserMessage(pid *actor.PID, m any) {
	_, msg, _ := actor.UnwrapEnvelope(m)
	to := 0
	for _, n := range w.c.nodes {
		if n.id.String() == pid.Address {
			to = n.i
		}
	}
	switch msg := msg.(type) {
	case wire.Message:
		w.c.packets = append(w.c.packets, packet{from: w.from, to: to, frame: wire.AppendFrame(nil, pid.Id, msg)[4:]})
	case *link.SendFile:
		w.c.packets = append(w.c.packets, packet{from: w.from, to: to, file: msg})
	}
}
func (*wireProcess) SendSystemMessage(*actor.PID, any) {}
func (*wireProcess) Stop(*actor.PID)                   {}

// deliver carries one packet, unless its link is cut or its node down.
func (c *cluster) deliver(p packet) {
	from, to := c.nodes[p.from-1], c.nodes[p.to-1]
	if c.cuts[pair(p.from, p.to)] || to.system == nil {
		if p.file != nil && from.system != nil {
			from.system.Root.Send(p.file.Reply, &link.FileSent{To: p.file.To, Tag: p.file.Tag, Err: errors.New("cut")})
		}
		return
	}
	if p.file != nil {
		c.deliverFile(from, to, p.file)
		return
	}
	_, m, err := wire.DecodeFrame(p.frame)
	if err != nil {
		c.t.Fatalf("frame: %v", err)
	}
	if to.handle == nil {
		c.create(to, m)
		return
	}
	to.system.Root.Send(to.handle.PID, &link.Inbound{From: from.id, Message: m})
}

// create gives a node that has none a replica when its group speaks to it.
func (c *cluster) create(to *node, m wire.Message) {
	r, ok := m.(*wire.Raft)
	if !ok || r.Message.GetTo() <= to.disk.now.tombstone {
		return
	}
	to.disk.now = logState{replica: r.Message.GetTo(), tombstone: to.disk.now.tombstone}
	to.disk.synced = to.disk.now.clone()
	c.spawn(to, to.system.NewLocalPID("raftlog"))
}

func (c *cluster) deliverFile(from, to *node, f *link.SendFile) {
	data, err := os.ReadFile(f.Path)
	path := filepath.Join(c.nodeDir(to), "incoming")
	if err == nil {
		err = os.WriteFile(path, data, 0o600)
	}
	from.system.Root.Send(f.Reply, &link.FileSent{To: f.To, Tag: f.Tag, Err: err})
	if err == nil && to.handle != nil {
		to.system.Root.Send(to.handle.PID, &SnapshotArrived{From: from.id, Header: f.Header, Path: path})
	}
}

func pair(a, b int) [2]int { return [2]int{min(a, b), max(a, b)} }

// settle runs actors and delivers packets, in an order that the seed picks, until nothing is left.
func (c *cluster) settle() {
	for i := 0; ; i++ {
		if i > 1_000_000 {
			c.t.Fatal("does not settle")
		}
		if c.sched.Step() {
			continue
		}
		if len(c.packets) == 0 {
			return
		}
		c.deliver(c.nextPacket())
	}
}

// nextPacket picks a link by seed; each link keeps its order.
func (c *cluster) nextPacket() packet {
	pick := c.packets[c.rng.IntN(len(c.packets))]
	for i, p := range c.packets {
		if p.from == pick.from && p.to == pick.to {
			c.packets = append(c.packets[:i:i], c.packets[i+1:]...)
			return p
		}
	}
	panic("unreachable")
}

// tick lets time pass for the given nodes.
func (c *cluster) tick(n int, only ...*node) {
	if len(only) == 0 {
		only = c.nodes
	}
	for range n {
		c.wall += TickInterval.Milliseconds()
		for _, node := range only {
			if node.handle != nil {
				node.system.Root.Send(node.handle.PID, Tick{})
			}
		}
		c.settle()
	}
}

// kill ends a node at once: what its disk has not synced is lost.
func (c *cluster) kill(n *node) {
	n.handle, n.system = nil, nil
	n.disk.lose()
	keep := c.packets[:0]
	for _, p := range c.packets {
		if p.from != n.i && p.to != n.i {
			keep = append(keep, p)
		}
	}
	c.packets = keep
}

// lost tells all others that the link to a node broke.
func (c *cluster) lost(n *node) {
	for _, o := range c.nodes {
		if o != n && o.handle != nil {
			o.system.Root.Send(o.handle.PID, &PeerDown{Node: n.id})
		}
	}
	c.settle()
}

// pending is a request on its way.
type pending struct{ answer *Answer }

// Deliver implements Sink.
func (p *pending) Deliver(a *Answer) {
	if p.answer != nil {
		panic("a batch was answered twice")
	}
	p.answer = a
}

func (p *pending) String() string {
	switch {
	case p.answer == nil:
		return "no answer"
	case p.answer.Status == Done:
		return strings.ReplaceAll(strings.TrimSpace(string(p.answer.Replies)), "\r\n", " ")
	case p.answer.Status == Moved:
		return fmt.Sprintf("moved n%d", p.answer.Leader[0])
	}
	return p.answer.Status.String()
}

// send asks node n for one command, without letting anything run.
func (c *cluster) send(n *node, write, follower bool, args ...string) *pending {
	p := &pending{}
	if n.handle == nil {
		c.t.Fatalf("n%d is down", n.i)
	}
	var b [][]byte
	for _, a := range args {
		b = append(b, []byte(a))
	}
	batch := &Batch{Ops: keyspace.AppendOp(nil, slotmap.Slot(b[min(1, len(b)-1)]), b), Count: 1, Write: write, Follower: follower, Proto: 2, Sink: p}
	if !n.handle.Budget.TryAcquire(batch.Cost()) {
		c.t.Fatal("no budget")
	}
	n.system.Root.Send(n.handle.PID, batch)
	return p
}

func (c *cluster) leader() *node {
	for _, n := range c.nodes {
		if n.handle != nil && n.handle.Gauges.View().Role == RoleLeader {
			return n
		}
	}
	return nil
}

// elect makes a node the leader of a fresh group.
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

var _ = resp.Writer{}
var _ LogReader = (*disk)(nil)
var _ = raftlog.State{}
