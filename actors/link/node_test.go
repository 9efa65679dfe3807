package link

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
	"go.etcd.io/raft/v3/raftpb"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if childMain() {
		return
	}
	goleak.VerifyTestMain(m, deadLetterTimer, idleWorker)
}

// deadLetterTimer belongs to protoactor, which starts it for a second when something is sent to nobody.
var deadLetterTimer = goleak.IgnoreTopFunction("github.com/asynkron/protoactor-go/actor.NewDeadLetter.NewThrottle.func4.1")

// idleWorker waits for the next turn of any actor.
var idleWorker = goleak.IgnoreTopFunction("github.com/troupedb/troupe/actors/mailbox.(*workers).work")

// patience bounds every wait of a test for something that must come; nothing is asserted about how long it takes.
const patience = 20 * time.Second

// book is what Resolve of all nodes of a test reads.
type book struct {
	mu    sync.Mutex
	pages map[slotmap.NodeID]string
}

func newBook() *book { return &book{pages: make(map[slotmap.NodeID]string)} }

func (b *book) set(node slotmap.NodeID, address string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pages[node] = address
}

func (b *book) resolve(node slotmap.NodeID) (string, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	address, ok := b.pages[node]
	return address, ok
}

// node is an actor system with links, whose events and log lines a test reads.
type node struct {
	t      testing.TB
	id     slotmap.NodeID
	system *actor.ActorSystem
	links  *Links
	book   *book
	lines  *lines
	fs     vfs.FS

	ups, downs chan slotmap.NodeID
	lost       chan *Unroutable
	files      chan *Received
	answers    chan *FileSent
}

var theCluster = slotmap.ClusterID{7}

func nodeID(n byte) slotmap.NodeID { return slotmap.NodeID{0: n, 19: n} }

// quick makes what a test waits for come soon, and what it does not wait for never come.
func quick() timing {
	t := defaultTiming
	t.ping = 10 * time.Millisecond
	t.backoffMin, t.backoffMax = time.Millisecond, 10*time.Millisecond
	t.read, t.write, t.dial, t.handshake = patience, patience, patience, patience
	return t
}

func newSystem(id slotmap.NodeID) *actor.ActorSystem {
	quiet := func(*actor.ActorSystem) *slog.Logger { return slog.New(slog.DiscardHandler) }
	system := actor.NewActorSystem(actor.WithLoggerFactory(quiet))
	system.ProcessRegistry.Address = id.String()
	return system
}

func listen(t testing.TB, address string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func startNode(t testing.TB, b *book, n byte, change ...func(*Config)) *node {
	t.Helper()
	x := &node{
		t: t, id: nodeID(n), system: newSystem(nodeID(n)), book: b, lines: &lines{}, fs: vfs.NewMem(),
		ups: make(chan slotmap.NodeID, 1000), downs: make(chan slotmap.NodeID, 1000),
		lost: make(chan *Unroutable, 1000), files: make(chan *Received, 100), answers: make(chan *FileSent, 100),
	}
	events := x.system.Root.Spawn(actor.PropsFromFunc(x.event, actor.WithMailbox(mailbox.New())))
	cfg := Config{
		System: x.system, Self: x.id, Node: events, Resolve: b.resolve,
		Cluster:  func() slotmap.ClusterID { return theCluster },
		Incoming: "in", FS: x.fs, Logger: slog.New(slog.NewTextHandler(x.lines, nil)), timing: quick(), limits: defaultLimits,
	}
	for _, f := range change {
		f(&cfg)
	}
	if cfg.Listen == nil {
		cfg.Listen = listen(t, "127.0.0.1:0")
	}
	links, err := Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	x.links = links
	b.set(x.id, cfg.Listen.Addr().String())
	t.Cleanup(x.close)
	return x
}

func (x *node) close() {
	x.links.Close()
	x.system.Shutdown()
}

// crash ends the node's connections without a word, as the death of its process would.
func (x *node) crash() {
	x.links.cfg.Listen.Close()
	for _, p := range x.links.shut() {
		p.closed.Store(true)
		x.links.cancel()
		x.system.Root.Stop(p.pid)
		<-p.gone
	}
	x.links.cancel()
	x.links.work.Wait()
}

func (x *node) event(c actor.Context) {
	switch m := c.Message().(type) {
	case *Up:
		x.ups <- m.Node
	case *Down:
		x.downs <- m.Node
	case *Unroutable:
		select {
		case x.lost <- m:
		default: // a test that floods an actor which is not there yet
		}
	case *Received:
		x.files <- m
	case *FileSent:
		x.answers <- m
	}
}

func (x *node) address() string { return x.links.cfg.Listen.Addr().String() }

// actor spawns one that hands on what it receives.
func (x *node) actor(name string) <-chan *Inbound {
	x.t.Helper()
	got := make(chan *Inbound, 100_000)
	_, err := x.system.Root.SpawnNamed(actor.PropsFromFunc(func(c actor.Context) {
		if m, ok := c.Message().(*Inbound); ok {
			got <- m
		}
	}, actor.WithMailbox(mailbox.New())), name)
	if err != nil {
		x.t.Fatal(err)
	}
	return got
}

// send sends a raft message with that index to an actor of another node.
func (x *node) send(to slotmap.NodeID, target string, index uint64) {
	x.system.Root.Send(actor.NewPID(to.String(), target), raftMessage(index, 0))
}

func raftMessage(index uint64, size int) *wire.Raft {
	term, from, to, kind := uint64(3), uint64(1), uint64(2), raftpb.MsgApp
	m := &raftpb.Message{Type: &kind, From: &from, To: &to, Term: &term, Index: &index}
	if size > 0 {
		next, normal := index+1, raftpb.EntryNormal
		m.Entries = []*raftpb.Entry{{Type: &normal, Term: &term, Index: &next, Data: make([]byte, size)}}
	}
	return &wire.Raft{Shard: 4, Message: m}
}

func indexOf(m wire.Message) uint64 { return m.(*wire.Raft).Message.GetIndex() }

func receive[T any](t testing.TB, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("no %s", what)
		panic("unreachable")
	}
}

func nothing[T any](t testing.TB, what string, c <-chan T) {
	t.Helper()
	select {
	case v := <-c:
		t.Fatalf("%s: %v", what, v)
	default:
	}
}

// until polls what cannot be waited for.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	late := time.After(patience)
	for !ok() {
		select {
		case <-ticker.C:
		case <-late:
			t.Fatalf("never: %s", what)
		}
	}
}

// lines collects a log.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// count tells how many warnings contain the text.
func (l *lines) count(text string) int { return l.having("level=WARN", text) }

// having tells how many lines contain both texts.
func (l *lines) having(one, other string) int {
	n := 0
	for line := range strings.Lines(l.String()) {
		if strings.Contains(line, one) && strings.Contains(line, other) {
			n++
		}
	}
	return n
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// gate is a Dial that waits until it is opened, and counts.
type gate struct {
	open  chan struct{}
	dials atomic.Int64
}

func newGate() *gate { return &gate{open: make(chan struct{})} }

func (g *gate) dial(ctx context.Context, address string) (net.Conn, error) {
	g.dials.Add(1)
	select {
	case <-g.open:
		return new(net.Dialer).DialContext(ctx, "tcp", address)
	case <-ctx.Done():
		return nil, fmt.Errorf("gate: %w", ctx.Err())
	}
}
