package forward

import (
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/slotmap"
)

// patience bounds every wait for something that must come.
const patience = 20 * time.Second

var discard = slog.New(slog.DiscardHandler)

// node is an actor system with links and a forwarder, and a fake replica of shard 1.
type node struct {
	t      *testing.T
	world  *world
	id     slotmap.NodeID
	system *actor.ActorSystem
	links  *link.Links
	fwd    *Forwarder
	log    logged

	replica *replica.Handle                // of shard 1
	leads   atomic.Pointer[slotmap.NodeID] // whom it names as the leader instead of answering
	holds   atomic.Bool                    // it keeps what it is asked
	full    atomic.Bool                    // it holds as much as it may
	asked   chan *replica.Batch            // gets every batch that it is asked
	queries chan *replica.WaitQuery        // likewise
	ended   chan *replica.Unblock          // likewise
	ups     chan slotmap.NodeID
}

type logged struct {
	sync.Mutex
	strings.Builder
}

func (l *logged) Write(b []byte) (int, error) {
	l.Lock()
	defer l.Unlock()
	return l.Builder.Write(b)
}

func (l *logged) lines() int {
	l.Lock()
	defer l.Unlock()
	return strings.Count(l.String(), "\n")
}

// world is all nodes of a test; every node knows where the others are.
type world struct {
	t     *testing.T
	mu    sync.Mutex
	addrs map[slotmap.NodeID]string
}

func newWorld(t *testing.T) *world { return &world{t: t, addrs: map[slotmap.NodeID]string{}} }

func (w *world) resolve(id slotmap.NodeID) (string, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	addr, ok := w.addrs[id]
	return addr, ok
}

func (w *world) start(n byte) *node {
	w.t.Helper()
	x := &node{t: w.t, world: w, id: slotmap.NodeID{n}, asked: make(chan *replica.Batch, 100), ended: make(chan *replica.Unblock, 100),
		queries: make(chan *replica.WaitQuery, 100), ups: make(chan slotmap.NodeID, 100)}
	x.system = actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return discard }))
	x.system.ProcessRegistry.Address = x.id.String()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	w.mu.Lock()
	w.addrs[x.id] = l.Addr().String()
	w.mu.Unlock()
	x.spawn("node", actor.PropsFromFunc(x.event, actor.WithMailbox(mailbox.New())))
	x.links, err = link.Start(link.Config{
		System: x.system, Self: x.id, Listen: l, Resolve: w.resolve, Node: x.system.NewLocalPID("node"), Logger: discard,
		Cluster: func() slotmap.ClusterID { return slotmap.ClusterID{7} },
	})
	if err != nil {
		w.t.Fatal(err)
	}
	x.fwd = New(Config{System: x.system, Local: x.local, Full: x.full.Load, Seed: uint64(n) << 32, Logger: slog.New(slog.NewTextHandler(&x.log, nil))})
	x.spawn(Name, actor.PropsFromProducer(func() actor.Actor { return x.fwd }, actor.WithMailbox(mailbox.New(Mailbox))))
	w.t.Cleanup(x.close)
	return x
}

// pair starts a node that asks and one with a replica, with a link between them.
func pair(t *testing.T) (one, two *node) {
	t.Helper()
	w := newWorld(t)
	one, two = w.start(1), w.start(2).host()
	one.meet(two)
	return one, two
}

func (x *node) spawn(name string, props *actor.Props) *actor.PID {
	x.t.Helper()
	pid, err := x.system.Root.SpawnNamed(props, name)
	if err != nil {
		x.t.Fatal(err)
	}
	return pid
}

func (x *node) close() {
	x.links.Close()
	x.system.Shutdown()
}

// event does what a node's director does with news of links.
func (x *node) event(c actor.Context) {
	switch m := c.Message().(type) {
	case *link.Up:
		c.Send(x.system.NewLocalPID(Name), m)
		x.ups <- m.Node
	case *link.Down:
		c.Send(x.system.NewLocalPID(Name), m)
	}
}

// local knows the replica of shard 1, and that the node {9} leads shard 2.
func (x *node) local(shard slotmap.ShardID) (*replica.Handle, slotmap.NodeID) {
	switch shard {
	case 1:
		return x.replica, slotmap.NodeID{}
	case 2:
		return nil, slotmap.NodeID{9}
	}
	return nil, slotmap.NodeID{}
}

// host starts the fake replica. It answers each operation with its arguments.
func (x *node) host() *node {
	x.replica = &replica.Handle{Shard: 1, Budget: mailbox.NewBudget(100, 1<<20), Gauges: &replica.Gauges{}}
	x.replica.Gauges.Role.Store(uint32(replica.RoleLeader))
	x.replica.PID = x.spawn("shard/1", actor.PropsFromFunc(func(c actor.Context) {
		switch m := c.Message().(type) {
		case *replica.Batch:
			x.asked <- m
			if !x.holds.Load() {
				x.answer(m)
			}
		case *replica.WaitQuery:
			x.queries <- m
		case *replica.Unblock:
			x.ended <- m
		}
	}, actor.WithMailbox(mailbox.New())))
	return x
}

func (x *node) answer(b *replica.Batch) {
	x.replica.Budget.Release(b.Cost())
	if p := x.leads.Load(); p != nil {
		b.Sink.Deliver(&replica.Answer{Batch: b, Status: replica.Moved, Leader: *p})
		return
	}
	a := &replica.Answer{Batch: b, Index: 77}
	var rd keyspace.OpReader
	rd.Reset(b.Ops)
	for op := (keyspace.Op{}); rd.Next(&op); {
		if op.Tx != nil {
			op.Args = [][]byte{[]byte(fmt.Sprintf("tx recall=%v", op.Tx.Recall))}
		}
		a.Replies = fmt.Appendf(a.Replies, "+%s\r\n", op.Args)
		a.Ends = append(a.Ends, uint32(len(a.Replies)))
	}
	b.Sink.Deliver(a)
}

// meet makes links between two nodes.
func (x *node) meet(y *node) {
	x.t.Helper()
	x.links.Connect(y.id)
	receive(x.t, "Up", x.ups)
	receive(x.t, "Up at the other", y.ups)
}

// inbox is where the answers of a test's batches arrive.
type inbox chan *replica.Answer

func (in inbox) Deliver(a *replica.Answer) { in <- a }

func newInbox() inbox { return make(inbox, 100) }

// waiting is a batch with an operation that may wait.
func (in inbox) waiting(name string) *replica.Batch {
	args := [][]byte{[]byte("blpop"), []byte(name), []byte("0")}
	return &replica.Batch{Ops: keyspace.AppendWait(nil, 5, args), Count: 1, Write: true, Waits: true, Proto: 2, Sink: in}
}

func (in inbox) batch(write bool, commands ...string) *replica.Batch {
	b := &replica.Batch{Count: len(commands), Write: write, Proto: 3, Sink: in}
	for _, c := range commands {
		b.Ops = keyspace.AppendOp(b.Ops, 5, [][]byte{[]byte("get"), []byte(c)})
	}
	return b
}

func receive[T any](t *testing.T, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("no %s", what)
		panic("unreachable")
	}
}

// settled makes sure that the actor has handled what it was sent, and returns the answers that came unasked.
func (x *node) settled(in inbox) int {
	x.t.Helper()
	done := newInbox()
	if !x.fwd.Ask(slotmap.NodeID{0xee}, 1, done.batch(false, "nobody is there")) {
		x.t.Fatal("no room")
	}
	receive(x.t, "answer", done)
	return len(in)
}

func (x *node) wantIdle() {
	x.t.Helper()
	for _, b := range []*mailbox.Budget{x.fwd.budget, x.fwd.waits} {
		if n, bytes := b.InUse(); n != 0 || bytes != 0 {
			x.t.Errorf("%d operations of %d bytes are still accounted for", n, bytes)
		}
	}
}
