package gossip

import (
	"crypto/rand"
	"flag"
	"fmt"
	"log/slog"
	mrand "math/rand/v2"
	"net"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/troupedb/troupe/slotmap"
)

func TestMain(m *testing.M) {
	flag.Parse()
	flag.Set("test.parallel", "4") // these tests wait far more than they compute
	code := m.Run()
	if code == 0 {
		// The last probes of closed nodes end by their own timeouts.
		deadline := time.Now().Add(10 * time.Second)
		err := goleak.Find()
		for err != nil && time.Now().Before(deadline) {
			err = goleak.Find()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// member is one node of a test: it merges what it hears, as a real one does.
type member struct {
	*Gossip
	t    *testing.T
	mu   sync.Mutex
	m    *slotmap.Map
	seen []Event
}

// options of a test node; zero values do.
type options struct {
	id      byte // 0: a random id
	addr    string
	cluster slotmap.ClusterID
	join    []string
	peers   []Node
	keys    [][]byte
	boot    int64
	gateway bool
}

func tryStart(t *testing.T, o options) (*member, error) {
	m := &member{t: t, m: &slotmap.Map{}}
	id := slotmap.NodeID{o.id, 0xaa}
	if o.id == 0 {
		rand.Read(id[:])
	}
	g, err := Start(Config{
		Self:   Node{ID: id, Cluster: o.cluster, Boot: o.boot, Client: "127.0.0.1:6379", Gateway: o.gateway},
		Bind:   o.addr,
		Join:   o.join,
		Peers:  o.peers,
		Keys:   o.keys,
		Map:    m.current,
		Events: m.take,
		Logger: testLogger(t),
	})
	if err != nil {
		return nil, err
	}
	m.Gossip = g
	t.Cleanup(g.Close)
	return m, nil
}

// start starts a node and fails the test if it can't.
func start(t *testing.T, o options) *member {
	t.Helper()
	if o.addr == "" {
		o.addr = freeAddr(t)
	}
	m, err := tryStart(t, o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func testLogger(t *testing.T) *slog.Logger {
	if os.Getenv("GOSSIP_LOG") == "" {
		return nil
	}
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (m *member) current() *slotmap.Map {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.m
}

func (m *member) take(e Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch e := e.(type) {
	case DeltaReceived:
		m.m, _ = m.m.Apply(e.Delta)
	case MapReceived:
		m.m, _ = m.m.Merge(e.Map)
	}
	m.seen = append(m.seen, e)
}

func (m *member) events() []Event {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.seen)
}

// heard tells whether an event was seen that f accepts.
func (m *member) heard(f func(Event) bool) bool { return slices.ContainsFunc(m.events(), f) }

// change applies d to the node's own map, and spreads it.
func (m *member) change(d slotmap.Delta) {
	m.mu.Lock()
	m.m, _ = m.m.Apply(d)
	m.mu.Unlock()
	m.Publish(d)
}

// sees tells whether exactly these ids are alive to m.
func (m *member) sees(ids ...slotmap.NodeID) bool {
	nodes := m.Nodes()
	for _, n := range nodes {
		if !slices.Contains(ids, n.ID) {
			return false
		}
	}
	return len(nodes) == len(ids)
}

func ids(ms ...*member) (out []slotmap.NodeID) {
	for _, m := range ms {
		out = append(out, m.id)
	}
	return out
}

// eventually polls until f holds.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !f() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("waited too long: %s", what)
		}
	}
}

// converged waits until all see all.
func converged(t *testing.T, ms ...*member) {
	t.Helper()
	all := ids(ms...)
	eventually(t, "all see all", func() bool {
		return !slices.ContainsFunc(ms, func(m *member) bool { return !m.sees(all...) })
	})
}

var handedOut sync.Map // by freeAddr, whether in use yet or not

// freeAddr returns an address free for UDP and TCP whose port no client's
// outgoing connection takes, nor any other test.
func freeAddr(t *testing.T) string {
	t.Helper()
	for range 1000 {
		addr := fmt.Sprintf("127.0.0.1:%d", 10000+mrand.N(22000))
		if _, taken := handedOut.LoadOrStore(addr, true); taken {
			continue
		}
		l, err := net.Listen("tcp", addr)
		if err != nil {
			continue
		}
		p, err := net.ListenPacket("udp", addr)
		l.Close()
		if err != nil {
			continue
		}
		p.Close()
		return addr
	}
	t.Fatal("no free port")
	return ""
}

// startCluster starts n members of cluster x that know the first.
func startCluster(t *testing.T, n int, x slotmap.ClusterID, keys ...[]byte) []*member {
	t.Helper()
	ms := []*member{start(t, options{cluster: x, keys: keys})}
	for len(ms) < n {
		ms = append(ms, start(t, options{cluster: x, join: []string{ms[0].Addr()}, keys: keys}))
	}
	converged(t, ms...)
	return ms
}

// delta is news of a shard that claims one slot.
func delta(shard slotmap.ShardID, epoch uint64) slotmap.Delta {
	slot := uint16(shard)
	return slotmap.Delta{
		Shard: slotmap.Shard{ID: shard, Index: epoch, Term: epoch, Leader: 1, Members: []slotmap.Member{{Replica: 1, Node: slotmap.NodeID{1}}}},
		Runs:  []slotmap.Run{{Range: slotmap.Range{First: slot, Last: slot}, Shard: shard, Epoch: epoch}},
	}
}

// agree waits until all have the same map, with the given shard at term.
func agree(t *testing.T, shard slotmap.ShardID, term uint64, ms ...*member) {
	t.Helper()
	eventually(t, fmt.Sprintf("shard %d at term %d everywhere", shard, term), func() bool {
		for _, m := range ms {
			s, ok := m.current().Shard(shard)
			if !ok || s.Term < term || m.current().Digest() != ms[0].current().Digest() {
				return false
			}
		}
		return true
	})
}

func key(b byte) []byte { return []byte{31: b} }
