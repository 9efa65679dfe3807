package actors

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/actors/raftlog"
	"github.com/troupedb/troupe/actors/session"
	"github.com/troupedb/troupe/gossip"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/secret"
)

// nowhere is a listener that nobody reaches.
type nowhere struct{}

func (nowhere) Accept() (net.Conn, error) { return nil, net.ErrClosed }
func (nowhere) Close() error              { return nil }
func (nowhere) Addr() net.Addr            { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

// noLinks lead to nobody.
type noLinks struct{}

func (noLinks) Connect(slotmap.NodeID)         {}
func (noLinks) Bulk(slotmap.NodeID) *actor.PID { return nil }
func (noLinks) Connections() []link.Connection { return nil }
func (noLinks) Stats() link.Stats              { return link.Stats{} }
func (noLinks) SetSecret(*secret.Secret) error { return nil }
func (noLinks) Close()                         {}

// decided is the gossip of a node that hears nobody, but for one decision.
type decided struct {
	decision gossip.Decision
	asked    func()                  // before the decision is told
	told     func(slotmap.ClusterID) // before others hear which cluster the node belongs to
}

func (g *decided) Bootstrap(done func(gossip.Decision, error)) { g.asked(); done(g.decision, nil) }
func (g *decided) SetSelf(n gossip.Node)                       { g.told(n.Cluster) }
func (*decided) Publish(slotmap.Delta)                         {}
func (*decided) Nodes() []gossip.Node                          { return nil }
func (*decided) Known() []gossip.Node                          { return nil }
func (*decided) Clocks() []gossip.Clock                        { return nil }
func (*decided) SetKeys([][]byte) error                        { return nil }
func (*decided) Leave(context.Context) error                   { return nil }
func (*decided) Close()                                        {}

// startAlone starts a node on a disk, which asks others what cluster it belongs to and hears g.
func startAlone(t *testing.T, fs vfs.FS, shards int, g *decided) *Node {
	w := realWorld()
	w.FS, w.Ballast, w.Free = fs, 0, func() (int64, error) { return 1 << 40, nil }
	w.Links = func(link.Config) (Links, error) { return noLinks{}, nil }
	w.Gossip = func(gossip.Config) (Gossip, error) { return g, nil }
	w.Dispatcher = func(string) actor.Dispatcher { return actor.NewDefaultDispatcher(300) } // shares no goroutine with other nodes
	n, err := StartIn(Config{
		Data: "data", Client: nowhere{}, Peer: nowhere{}, HTTP: nowhere{}, Gossip: "127.0.0.1:1", Join: []string{"127.0.0.1:2"},
		Shards: shards, Replicas: 1, Fsync: raftlog.Always, Version: "test", Logger: slog.New(slog.DiscardHandler),
		Fatal: func(err error) { t.Error(err) }, Ready: func() {},
	}, w)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// untilServed gives the node its ticks until it serves all slots.
func untilServed(t *testing.T, n *Node, what string) *session.Routes {
	t.Helper()
	again := time.NewTicker(2 * time.Millisecond)
	defer again.Stop()
	late := time.After(time.Minute)
	for !n.Routes().Served() {
		n.Tick()
		select {
		case <-again.C:
		case <-late:
			t.Fatalf("%s: serves %d shards of cluster %v", what, len(n.Routes().Led()), n.Routes().Cluster)
		}
	}
	return n.Routes()
}

// crashes is the disk of a founder, as it would be after a power failure at each step.
type crashes struct {
	mem *vfs.MemFS
	mu  struct {
		sync.Mutex
		began bool
		told  slotmap.ClusterID // what others were told
		disks []crashed
	}
}

type crashed struct {
	op   string
	fs   *vfs.MemFS
	told slotmap.ClusterID
}

func (c *crashes) String() string { return "crashes" }

func (c *crashes) MaybeError(op errorfs.Op) error {
	switch op.Kind {
	case errorfs.OpCreate, errorfs.OpRename, errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo, errorfs.OpFileClose:
		c.at(op.Path)
	}
	return nil
}

// at keeps the disk as it is: what was synced, and every other time some of the rest.
func (c *crashes) at(op string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.mu.began {
		return
	}
	k := len(c.mu.disks)
	rng := rand.New(rand.NewPCG(uint64(k), 1))
	fs := c.mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: k % 2 * 50, RNG: rng})
	c.mu.disks = append(c.mu.disks, crashed{op, fs, c.mu.told})
}

func (c *crashes) begin() { c.mu.Lock(); c.mu.began = true; c.mu.Unlock() }

func (c *crashes) tell(id slotmap.ClusterID) {
	c.mu.Lock()
	c.mu.told = id
	c.mu.Unlock()
	c.at("others are told")
}

// A node that crashes while it starts a cluster finishes that as it began it, once it may have told others, and
// whatever they say then: that it is to join the cluster, of which it has the only disk.
func TestFoundingSurvivesACrashAtEveryStep(t *testing.T) {
	const shards, changed = 3, 2
	c := &crashes{mem: vfs.NewCrashableMem()}
	n := startAlone(t, errorfs.Wrap(c.mem, c), shards, &decided{gossip.Decision{Action: gossip.StartCluster}, c.begin, c.tell})
	cluster := untilServed(t, n, "founder").Cluster
	n.abort()

	told := 0
	for _, d := range c.mu.disks {
		g := &decided{gossip.Decision{Action: gossip.StartCluster}, func() {}, func(slotmap.ClusterID) {}}
		if !d.told.IsZero() {
			told++
			g.decision = gossip.Decision{Action: gossip.JoinCluster, Cluster: d.told}
		}
		n := startAlone(t, d.fs, changed, g)
		r := untilServed(t, n, d.op)
		begun := r.Cluster == cluster && len(r.Led()) == shards
		anew := r.Cluster != cluster && len(r.Led()) == changed
		if !begun && (!anew || !d.told.IsZero()) {
			t.Errorf("crash at %q, others were told %v: %d shards of %v, it began with %v", d.op, d.told, len(r.Led()), r.Cluster, cluster)
		}
		n.abort()
	}
	if steps := len(c.mu.disks); told == 0 || told == steps {
		t.Errorf("%d of %d crashes after others were told", told, steps)
	}
	t.Logf("%d crashes, %d after others were told", len(c.mu.disks), told)
}
