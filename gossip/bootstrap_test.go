package gossip

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/troupedb/troupe/slotmap"
)

// boot runs Bootstrap as a daemon does: it carries out what was decided. The
// result arrives on the channel.
func (m *member) boot(ctx context.Context) <-chan Decision {
	done := make(chan Decision, 1)
	go func() {
		d, err := m.Bootstrap(ctx)
		switch {
		case err != nil:
		case d.Action == StartCluster:
			rand.Read(d.Cluster[:])
			m.SetSelf(Node{Cluster: d.Cluster})
		case d.Action == JoinCluster:
			m.SetSelf(Node{Cluster: d.Cluster})
		}
		done <- d
	}()
	return done
}

// decided waits for the decision.
func decided(t *testing.T, done <-chan Decision) Decision {
	t.Helper()
	select {
	case d := <-done:
		return d
	case <-time.After(30 * time.Second):
		t.Fatal("no decision")
		return Decision{}
	}
}

// undecided makes sure that m asked everybody at least twice, is past the grace, and waits.
func undecided(t *testing.T, m *member, done <-chan Decision) {
	t.Helper()
	asked := func() bool {
		m.Gossip.mu.Lock()
		defer m.Gossip.mu.Unlock()
		for _, t := range m.Gossip.mu.targets {
			if _, seen := t.livesIn(m.Gossip.mu.dir); t.listed && !t.self && !seen && t.tries < 4 {
				return false
			}
		}
		return true
	}
	eventually(t, "all asked", asked)
	if d := m.decide(false); d.Action != Wait {
		t.Fatalf("would %v", d)
	}
	select {
	case d := <-done:
		t.Fatalf("decided to %v", d)
	default:
	}
}

func context30(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func freeAddrs(t *testing.T, n int) (out []string) {
	for len(out) < n {
		if a := freeAddr(t); !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	return out
}

func TestBootAlone(t *testing.T) {
	t.Parallel()
	addr := freeAddr(t)
	_, port, _ := net.SplitHostPort(addr)
	for _, join := range [][]string{nil, {addr}, {"localhost:" + port}, {addr, "localhost:" + port}} {
		m := start(t, options{addr: addr, join: join})
		if d := decided(t, m.boot(context30(t))); d.Action != StartCluster {
			t.Errorf("with the list %v: %v", join, d)
		}
		m.Close()
	}
}

// TestBootTogether: nodes with the same list start at the same moment. One
// starts a cluster, the others join it.
func TestBootTogether(t *testing.T) {
	t.Parallel()
	for _, n := range []int{2, 3, 5} {
		list := freeAddrs(t, n)
		for i, a := range list {
			if i%2 == 0 {
				list[i] = strings.Replace(a, "127.0.0.1", "localhost", 1)
			}
		}
		ms := make([]*member, n)
		dones := make([]<-chan Decision, n)
		began := time.Now()
		for i := range ms {
			ms[i] = start(t, options{addr: strings.Replace(list[i], "localhost", "127.0.0.1", 1), join: list})
			dones[i] = ms[i].boot(context30(t))
		}
		first := decided(t, dones[0])
		if first.Action != StartCluster {
			t.Fatalf("the first: %v", first)
		}
		for _, done := range dones[1:] {
			if d := decided(t, done); d.Action != JoinCluster || d.Cluster != ms[0].cluster() {
				t.Errorf("another: %v", d)
			}
		}
		t.Logf("%d nodes settled in %v", n, time.Since(began))
		converged(t, ms...)
	}
}

// TestBootOneDown: a listed node that is not there does not keep the others.
func TestBootOneDown(t *testing.T) {
	t.Parallel()
	list := freeAddrs(t, 3)
	for _, down := range []int{1, 2} {
		var ms []*member
		var dones []<-chan Decision
		for i, a := range list {
			if i != down {
				ms = append(ms, start(t, options{addr: a, join: list}))
				dones = append(dones, ms[len(ms)-1].boot(context30(t)))
			}
		}
		if d := decided(t, dones[0]); d.Action != StartCluster {
			t.Errorf("the first: %v", d)
		}
		if d := decided(t, dones[1]); d.Action != JoinCluster {
			t.Errorf("the other: %v", d)
		}
		late := start(t, options{addr: list[down], join: list})
		if d := decided(t, late.boot(context30(t))); d.Action != JoinCluster {
			t.Errorf("the late one: %v", d)
		}
		ms = append(ms, late)
		converged(t, ms...)
		for _, m := range ms {
			m.Close()
		}
	}
}

// TestBootMinority: the first waits for a majority, others for the first.
func TestBootMinority(t *testing.T) {
	t.Parallel()
	list := freeAddrs(t, 3)
	first := start(t, options{addr: list[0], join: list})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := first.boot(ctx)
	undecided(t, first, done)
	if why := first.decide(false).Reason; !strings.Contains(why, "majority") {
		t.Errorf("waits for %q", why)
	}
	cancel()
	decided(t, done)
	if _, err := first.Bootstrap(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("the error says %v", err)
	}
	first.Close()

	second := start(t, options{addr: list[1], join: list})
	third := start(t, options{addr: list[2], join: list})
	converged(t, second, third)
	waiting := second.boot(context30(t))
	undecided(t, second, waiting)
	first = start(t, options{addr: list[0], join: list})
	if d := decided(t, first.boot(context30(t))); d.Action != StartCluster {
		t.Errorf("the first with both others: %v", d)
	}
	if d := decided(t, waiting); d.Action != JoinCluster {
		t.Errorf("who waited: %v", d)
	}
}

// TestBootSilentBlocks: somebody listens at a listed address and does not
// answer, so it may be a stopped node of a cluster.
func TestBootSilentBlocks(t *testing.T) {
	t.Parallel()
	list := freeAddrs(t, 3)
	l, err := net.Listen("tcp", list[2])
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	first := start(t, options{addr: list[0], join: list})
	second := start(t, options{addr: list[1], join: list})
	converged(t, first, second)
	done := first.boot(context30(t))
	eventually(t, "the third counts as silent", func() bool {
		return strings.Contains(first.decide(false).Reason, "does not answer")
	})
	select {
	case d := <-done:
		t.Fatalf("decided to %v", d)
	default:
	}
	l.Close()
	if d := decided(t, done); d.Action != StartCluster {
		t.Errorf("once it is gone: %v", d)
	}
}

// TestBootWipedSeed: the first of the list lost its disk and is restarted at
// once, so that the others still believe in its old id.
func TestBootWipedSeed(t *testing.T) {
	t.Parallel()
	list := freeAddrs(t, 3)
	var ms []*member
	for i, a := range list {
		ms = append(ms, start(t, options{addr: a, join: list, cluster: clusterX, boot: int64(i + 1)}))
	}
	converged(t, ms...)
	ms[0].change(delta(1, 1))
	agree(t, 1, 1, ms...)
	ms[0].Close()
	wiped := start(t, options{addr: list[0], join: list})
	if d := decided(t, wiped.boot(context30(t))); d.Action != JoinCluster || d.Cluster != clusterX {
		t.Fatalf("the wiped seed: %v", d)
	}
	converged(t, wiped, ms[1], ms[2])
	agree(t, 1, 1, wiped, ms[1], ms[2])
	for _, m := range ms[1:] {
		if !m.heard(func(e Event) bool { d, ok := e.(NodeDown); return ok && d.Node.ID == ms[0].id }) {
			t.Error("the old id did not go down")
		}
	}
}

// TestBootWipedSeedSlowPeers: one of the others is absent and one is silent
// when the wiped seed asks; it waits until one of them can name the cluster.
func TestBootWipedSeedSlowPeers(t *testing.T) {
	t.Parallel()
	list := freeAddrs(t, 3)
	l, err := net.Listen("tcp", list[1]) // stopped: the kernel still accepts
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	wiped := start(t, options{addr: list[0], join: list})
	done := wiped.boot(context30(t))
	eventually(t, "the seed is past its grace", func() bool { return wiped.decide(false).Action == Wait && tries(wiped, list[2]) > 3 })
	start(t, options{addr: list[2], join: list, cluster: clusterX})
	if d := decided(t, done); d.Action != JoinCluster || d.Cluster != clusterX {
		t.Errorf("the wiped seed: %v", d)
	}
}

func tries(m *member, entry string) int {
	m.Gossip.mu.Lock()
	defer m.Gossip.mu.Unlock()
	return m.Gossip.mu.targets[entry].tries
}

// TestBootTwoClusters: a node that is pointed at two clusters joins neither
// while both are there.
func TestBootTwoClusters(t *testing.T) {
	t.Parallel()
	x, y := start(t, options{cluster: clusterX}), start(t, options{cluster: clusterY})
	m := start(t, options{join: []string{x.Addr(), y.Addr()}})
	eventually(t, "both are heard of", func() bool {
		d := m.decide(false)
		return d.Action == Wait && strings.Contains(d.Reason, "two clusters")
	})
	y.Close()
	if d := decided(t, m.boot(context30(t))); d.Action != JoinCluster || d.Cluster != clusterX {
		t.Errorf("once one is gone: %v", d)
	}
	converged(t, x, m)
}

func TestBootGateway(t *testing.T) {
	t.Parallel()
	list := freeAddrs(t, 1)
	gw := start(t, options{gateway: true, join: list})
	done := gw.boot(context30(t))
	undecided(t, gw, done)
	m := start(t, options{addr: list[0], join: list})
	if d := decided(t, m.boot(context30(t))); d.Action != StartCluster {
		t.Fatalf("the node: %v", d)
	}
	if d := decided(t, done); d.Action != JoinCluster {
		t.Errorf("the gateway: %v", d)
	}
	alone := start(t, options{gateway: true})
	if d := alone.decide(false); d.Action != Wait {
		t.Errorf("a gateway without a list: %v", d)
	}
}

func TestBootWithData(t *testing.T) {
	t.Parallel()
	m := start(t, options{cluster: clusterX, join: freeAddrs(t, 2)})
	if d, err := m.Bootstrap(context30(t)); err != nil || d.Action != JoinCluster || d.Cluster != clusterX {
		t.Errorf("got %v, %v", d, err)
	}
}

// TestFreshClusterIsTold: a node that started a cluster of its own is told by
// the nodes that look for it at its address.
func TestFreshClusterIsTold(t *testing.T) {
	t.Parallel()
	list := freeAddrs(t, 2)
	fresh := start(t, options{addr: list[0], cluster: clusterY})
	old := start(t, options{addr: list[1], cluster: clusterX, join: list})
	eventually(t, "the fresh one is told", func() bool {
		return fresh.heard(func(e Event) bool {
			f, ok := e.(Foreign)
			return ok && f.KnowsUs && f.Cluster == clusterX && f.Addr == old.Addr()
		})
	})
	if old.heard(func(e Event) bool { f, ok := e.(Foreign); return ok && f.KnowsUs }) {
		t.Error("the old one was told so too")
	}
	if !old.sees(old.id) || !fresh.sees(fresh.id) {
		t.Error("the clusters mixed")
	}
}

// TestClustersStayApart: two clusters of three get each other's addresses and
// keep working as if they had not.
func TestClustersStayApart(t *testing.T) {
	t.Parallel()
	xs, ys := startCluster(t, 3, clusterX), startCluster(t, 3, clusterY)
	xs = append(xs, start(t, options{cluster: clusterX, join: []string{ys[0].Addr(), xs[0].Addr()}}))
	ys = append(ys, start(t, options{cluster: clusterY, join: []string{xs[1].Addr(), ys[1].Addr()}}))
	foreign := func(m *member, c slotmap.ClusterID) func() bool {
		return func() bool {
			return m.heard(func(e Event) bool { f, ok := e.(Foreign); return ok && f.Cluster == c })
		}
	}
	eventually(t, "x meets y", foreign(xs[3], clusterY))
	eventually(t, "y meets x", foreign(ys[3], clusterX))
	xs[0].change(delta(1, 1))
	ys[0].change(delta(2, 1))
	agree(t, 1, 1, xs...)
	agree(t, 2, 1, ys...)
	converged(t, xs...)
	converged(t, ys...)
	for _, m := range xs {
		if _, ok := m.current().Shard(2); ok {
			t.Error("y's map reached x")
		}
	}
}

// TestBridgeBetweenClusters: an empty node that hears of two clusters leads
// neither to the other, nor those to both who know only this node.
func TestBridgeBetweenClusters(t *testing.T) {
	t.Parallel()
	xs, ys := startCluster(t, 2, clusterX), startCluster(t, 2, clusterY)
	bridge := start(t, options{join: []string{xs[0].Addr()}})
	converged(t, append(xs, bridge)...)
	met := start(t, options{cluster: clusterY, join: []string{bridge.Addr(), ys[0].Addr()}})
	eventually(t, "y meets x", func() bool {
		return met.heard(func(e Event) bool { f, ok := e.(Foreign); return ok && f.Cluster == clusterX })
	})
	late := start(t, options{join: []string{bridge.Addr()}})
	for _, m := range []*member{late, bridge} {
		if d := decided(t, m.boot(context30(t))); d.Action != JoinCluster || d.Cluster != clusterX {
			t.Errorf("got %v", d)
		}
	}
	converged(t, append(xs, bridge, late)...)
	converged(t, append(ys, met)...)
}

// TestTurnIsNoticed: a member without a cluster gets one of its own, and its
// announcement reaches nobody.
func TestTurnIsNoticed(t *testing.T) {
	t.Parallel()
	xs := startCluster(t, 2, clusterX)
	m := start(t, options{join: []string{xs[0].Addr()}})
	converged(t, append(xs, m)...)
	m.Gossip.mu.Lock()
	m.Gossip.mu.self.Cluster = clusterY
	m.Gossip.mu.Unlock()
	converged(t, xs...)
}

// TestWrongKey: a node with another secret gets in nowhere, breaks nothing,
// and does not start a cluster beside one that it cannot read.
func TestWrongKey(t *testing.T) {
	t.Parallel()
	list := freeAddrs(t, 2)
	ms := []*member{start(t, options{addr: list[1], cluster: clusterX, join: list, keys: [][]byte{key(1)}})}
	ms = append(ms, start(t, options{cluster: clusterX, join: list[1:], keys: [][]byte{key(1), key(2)}}))
	eventually(t, "the one that has both keys is heard", func() bool { return ms[1].sees(ids(ms...)...) })
	ms[1].Close()

	wrong := start(t, options{addr: list[0], join: list, keys: [][]byte{key(9)}})
	done := wrong.boot(context30(t))
	eventually(t, "it finds somebody silent", func() bool { return strings.Contains(wrong.decide(false).Reason, "secret") })
	select {
	case d := <-done:
		t.Fatalf("decided to %v", d)
	default:
	}
	if !wrong.sees(wrong.id) {
		t.Error("it got in")
	}
}

// TestKeyRotation: every node takes old and new secrets while they change.
func TestKeyRotation(t *testing.T) {
	t.Parallel()
	old := start(t, options{cluster: clusterX, keys: [][]byte{key(1), key(2)}})
	young := start(t, options{cluster: clusterX, keys: [][]byte{key(2), key(1)}, join: []string{old.Addr()}})
	converged(t, old, young)
	old.change(delta(1, 1))
	young.change(delta(2, 1))
	agree(t, 1, 1, old, young)
	agree(t, 2, 1, old, young)
}

func TestStartRefuses(t *testing.T) {
	t.Parallel()
	id := slotmap.NodeID{1}
	good := Config{Self: Node{ID: id}, Bind: "127.0.0.1:0"}
	taken, err := net.Listen("tcp", freeAddr(t))
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	tests := map[string]func(*Config){
		"no id":               func(c *Config) { c.Self.ID = slotmap.NodeID{} },
		"bad bind":            func(c *Config) { c.Bind = "localhost:1" },
		"told without keys":   func(c *Config) { c.Advertise = "10.0.0.1" },
		"open without keys":   func(c *Config) { c.Bind = "0.0.0.0:0" },
		"short key":           func(c *Config) { c.Keys = [][]byte{[]byte("short")} },
		"join without a port": func(c *Config) { c.Join = []string{"10.0.0.1"} },
		"bad client address":  func(c *Config) { c.Self.Client = "host" },
		"port taken":          func(c *Config) { c.Bind = taken.Addr().String() },
	}
	for name, spoil := range tests {
		c := good
		spoil(&c)
		g, err := Start(c)
		if err == nil {
			g.Close()
			t.Errorf("%s: accepted", name)
			continue
		}
		if strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: more than one line: %v", name, err)
		}
	}
}
