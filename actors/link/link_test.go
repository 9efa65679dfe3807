package link

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
	"github.com/troupedb/troupe/wire/secret"
	"go.uber.org/goleak"
)

func withSecret(t testing.TB, text ...string) func(*Config) {
	t.Helper()
	s, err := secret.ParseSecret([]byte(strings.Join(text, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	return func(c *Config) { c.Secret = s }
}

var (
	oneSecret     = strings.Repeat("one", 12)
	anotherSecret = strings.Repeat("two", 12)
)

// Both with and without a secret.
func eachWay(t *testing.T, f func(t *testing.T, way func(*Config))) {
	t.Run("plain", func(t *testing.T) { f(t, func(*Config) {}) })
	t.Run("tls", func(t *testing.T) { f(t, withSecret(t, oneSecret)) })
}

func TestMessageReachesRemoteActor(t *testing.T) {
	eachWay(t, func(t *testing.T, way func(*Config)) {
		b := newBook()
		one, two := startNode(t, b, 1, way), startNode(t, b, 2, way)
		got := two.actor("shard/4")
		sent := raftMessage(42, 1000)
		one.system.Root.Send(actor.NewPID(two.id.String(), "shard/4"), sent)
		m := receive(t, "message", got)
		if m.From != one.id {
			t.Fatalf("from %s", m.From)
		}
		if !bytes.Equal(m.Message.AppendMsgpack(nil), sent.AppendMsgpack(nil)) {
			t.Fatalf("got %v", m.Message)
		}
		if up := receive(t, "Up", one.ups); up != two.id {
			t.Fatalf("up: %s", up)
		}
	})
}

func TestOrderIsKept(t *testing.T) {
	eachWay(t, func(t *testing.T, way func(*Config)) {
		b := newBook()
		one, two := startNode(t, b, 1, way), startNode(t, b, 2, way)
		got := two.actor("shard/4")
		one.links.Connect(two.id)
		receive(t, "Up", one.ups)
		pid := actor.NewPID(two.id.String(), "shard/4")
		const count = 20_000
		for i := range uint64(count) {
			one.system.Root.Send(pid, raftMessage(i, 100))
		}
		for i := range uint64(count) {
			if index := indexOf(receive(t, "message", got).Message); index != i {
				t.Fatalf("message %d came where %d was due", index, i)
			}
		}
	})
}

// TestConnectTellsOfWhatStands: who was not there when a link came up asks for it, and hears of it.
func TestConnectTellsOfWhatStands(t *testing.T) {
	b := newBook()
	one, two := startNode(t, b, 1), startNode(t, b, 2)
	two.links.Connect(one.id) // which has one dial back, unasked
	receive(t, "Up", one.ups)
	one.links.Connect(two.id)
	if up := receive(t, "another Up", one.ups); up != two.id {
		t.Errorf("up: %s", up)
	}
	if sum := one.links.Stats().Up; sum != 1 {
		t.Errorf("%d connections", sum)
	}
}

func TestThreeNodes(t *testing.T) {
	b := newBook()
	var nodes []*node
	var got []<-chan *Inbound
	for n := range byte(3) {
		x := startNode(t, b, n+1, withSecret(t, oneSecret))
		nodes, got = append(nodes, x), append(got, x.actor("shard/1"))
	}
	for i, from := range nodes {
		for _, to := range nodes {
			if from != to {
				from.send(to.id, "shard/1", uint64(i))
			}
		}
	}
	for i, x := range nodes {
		seen := map[slotmap.NodeID]bool{}
		for range 2 {
			m := receive(t, "message", got[i])
			if m.From != nodes[indexOf(m.Message)].id || seen[m.From] {
				t.Fatalf("node %d got %d from %s", i, indexOf(m.Message), m.From)
			}
			seen[m.From] = true
		}
		nothing(t, "another message", got[i])
		until(t, "both others up", func() bool { return x.links.Stats().Up == 2 })
	}
}

func TestOtherKindsOfMessage(t *testing.T) {
	b := newBook()
	one, two := startNode(t, b, 1), startNode(t, b, 2)
	got := two.actor("node")
	one.links.Connect(two.id)
	receive(t, "Up", one.ups)
	for _, m := range []wire.Message{
		&wire.Removed{Shard: 1, Replica: 2, Index: 3},
		&wire.Request{ID: 9, Shard: 1, Ops: []byte("ops"), Count: 1, Write: true, Proto: 3},
		&wire.Reply{ID: 9, Replies: []byte("+OK\r\n"), Ends: []uint32{5}, Index: 7, Leader: nodeID(3)},
	} {
		one.system.Root.Send(actor.NewPID(two.id.String(), "node"), m)
		in := receive(t, "message", got)
		if fmt.Sprintf("%+v", in.Message) != fmt.Sprintf("%+v", m) {
			t.Fatalf("sent %+v, got %+v", m, in.Message)
		}
	}
}

func TestUnroutable(t *testing.T) {
	b := newBook()
	one, two := startNode(t, b, 1), startNode(t, b, 2)
	one.send(two.id, "shard/99", 5)
	m := receive(t, "Unroutable", two.lost)
	if m.From != one.id || m.Target != "shard/99" || indexOf(m.Message) != 5 {
		t.Fatalf("got %+v", m)
	}
}

type explosive struct{}

func (explosive) Kind() wire.Kind             { return wire.KindPing }
func (explosive) AppendMsgpack([]byte) []byte { panic("boom") }

func TestUnsendable(t *testing.T) {
	b := newBook()
	one, two := startNode(t, b, 1, func(c *Config) { c.limits.frame = 1 << 20 }), startNode(t, b, 2)
	got := two.actor("x")
	one.links.Connect(two.id)
	receive(t, "Up", one.ups)
	pid := actor.NewPID(two.id.String(), "x")
	for _, m := range []any{
		"a string",
		&actor.PoisonPill{},
		explosive{},
		&wire.Request{Shard: 1, Ops: make([]byte, 1<<20)},
	} {
		one.system.Root.Send(pid, m)
	}
	one.system.Root.Send(actor.NewPID(two.id.String(), strings.Repeat("x", wire.MaxTarget+1)), &wire.Removed{Shard: 1})
	one.send(two.id, "x", 1)
	receive(t, "the message after them", got)
	until(t, "all counted", func() bool { return one.links.Stats().Unsendable == 5 })
	nothing(t, "Down", one.downs)
	one.system.Root.Request(pid, &wire.Removed{Shard: 1}) // with a sender, which is lost
	receive(t, "request", got)
}

func TestPeerKilled(t *testing.T) {
	eachWay(t, func(t *testing.T, way func(*Config)) {
		b := newBook()
		one, two := startNode(t, b, 1, way), startNode(t, b, 2, way)
		one.links.Connect(two.id)
		receive(t, "Up", one.ups)
		receive(t, "Up at the other", two.ups)
		two.crash()
		if down := receive(t, "Down", one.downs); down != two.id {
			t.Fatalf("down: %s", down)
		}
		until(t, "both connections gone", func() bool {
			return one.links.Stats().Up == 0 && one.links.peer(two.id).inbound.Load() == nil
		})
		one.send(two.id, "x", 1) // has the actor handle both before the test looks
		until(t, "sent into nothing", func() bool { return one.links.Stats().Away > 0 })
		// A pong in between may have refuted the first, since not all ends at the same instant.
		until(t, "as many Down as Up", func() bool { return len(one.downs) == len(one.ups) })
	})
}

func TestNothingStaleAfterReconnect(t *testing.T) {
	b := newBook()
	one, two := startNode(t, b, 1), startNode(t, b, 2)
	address := two.address()
	two.actor("x")
	one.links.Connect(two.id)
	receive(t, "Up", one.ups)
	two.crash()
	receive(t, "Down", one.downs)

	const stale = 1000
	for i := range uint64(stale) {
		one.send(two.id, "x", i)
	}
	until(t, "all dropped", func() bool { return one.links.Stats().Away >= stale })

	again := startNode(t, b, 2, func(c *Config) { c.Listen = listen(t, address) })
	got := again.actor("x")
	next := uint64(stale)
	until(t, "a message arrives", func() bool {
		one.send(two.id, "x", next)
		next++
		return len(got) > 0
	})
	receive(t, "Up again", one.ups)
	for len(got) > 0 {
		if index := indexOf((<-got).Message); index < stale {
			t.Fatalf("stale message %d was delivered", index)
		}
	}
}

func TestOnlyNewestIsHeldWhileDialing(t *testing.T) {
	b := newBook()
	g := newGate()
	one, two := startNode(t, b, 1, func(c *Config) { c.Dial = g.dial }), startNode(t, b, 2)
	x, y := two.actor("x"), two.actor("y")
	for i := range uint64(10) {
		one.send(two.id, "x", i)
		one.send(two.id, "y", 100+i)
	}
	large := actor.NewPID(two.id.String(), "x")
	one.system.Root.Send(large, raftMessage(1000, maxHeldCost))
	until(t, "all but two dropped", func() bool { return one.links.Stats().Away == 19 })
	close(g.open)
	if index := indexOf(receive(t, "message", x).Message); index != 9 {
		t.Fatalf("x got %d", index)
	}
	if index := indexOf(receive(t, "message", y).Message); index != 109 {
		t.Fatalf("y got %d", index)
	}
	one.send(two.id, "x", 11)
	if index := indexOf(receive(t, "message", x).Message); index != 11 {
		t.Fatalf("x got %d", index)
	}
	if n := g.dials.Load(); n != 1 {
		t.Fatalf("%d dials", n)
	}
}

func TestNoDialBeforeBackoffHasPassed(t *testing.T) {
	b := newBook()
	b.set(nodeID(2), "127.0.0.1:1")
	one := startNode(t, b, 1, func(c *Config) {
		c.timing.backoffMin, c.timing.backoffMax = time.Hour, time.Hour
	})
	one.send(nodeID(2), "x", 1)
	until(t, "first dropped", func() bool { return one.links.Stats().Away == 1 })
	for i := range uint64(100) {
		one.send(nodeID(2), "x", i)
	}
	until(t, "all dropped", func() bool { return one.links.Stats().Away == 101 })
	if n := one.links.Stats().Dials; n != 1 {
		t.Fatalf("%d dials", n)
	}
	// The peer itself is the best proof that it lives.
	two := startNode(t, b, 2)
	two.links.Connect(one.id)
	receive(t, "Up", one.ups)
}

func TestPeersHintServesUntilGossipKnows(t *testing.T) {
	b, empty := newBook(), newBook()
	one := startNode(t, empty, 1)
	b.set(one.id, one.address())
	two := startNode(t, b, 2)
	got := two.actor("x")
	two.links.Connect(one.id)
	receive(t, "Up", one.ups)
	one.send(two.id, "x", 1)
	receive(t, "message", got)
}

func TestAddressChange(t *testing.T) {
	b := newBook()
	one, old := startNode(t, b, 1), startNode(t, b, 2)
	one.links.Connect(old.id)
	receive(t, "Up", one.ups)
	moved := startNode(t, b, 2) // the book now names this one; the old one still answers
	got := moved.actor("x")
	receive(t, "Down", one.downs)
	receive(t, "Up", one.ups)
	one.send(moved.id, "x", 1)
	receive(t, "message at the new address", got)
}

func TestConfig(t *testing.T) {
	good := func() Config {
		b := newBook()
		sys := newSystem(nodeID(1))
		return Config{System: sys, Self: nodeID(1), Cluster: func() slotmap.ClusterID { return theCluster },
			Resolve: b.resolve, Node: sys.NewLocalPID("node")}
	}
	cases := []struct {
		name   string
		listen string
		change func(*Config)
		want   string
	}{
		{"no secret on all interfaces", "0.0.0.0:0", func(*Config) {}, ErrNeedSecret.Error()},
		{"no secret on IPv6", "[::]:0", func(*Config) {}, ErrNeedSecret.Error()},
		{"foreign system", "127.0.0.1:0", func(c *Config) { c.System = newSystem(nodeID(2)) }, "not the node id"},
		{"no resolve", "127.0.0.1:0", func(c *Config) { c.Resolve = nil }, "must be set"},
		{"zero node", "127.0.0.1:0", func(c *Config) { c.Self = slotmap.NodeID{} }, "zero"},
		{"no directory", "127.0.0.1:0", func(c *Config) { c.Incoming = os.DevNull + "/x" }, "directory"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			l, err := net.Listen("tcp", c.listen)
			if err != nil {
				t.Skip(err)
			}
			defer l.Close()
			cfg := good()
			cfg.Listen = l
			c.change(&cfg)
			if _, err := Start(cfg); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestWithoutSecretOnlyLoopbackIsDialled(t *testing.T) {
	b := newBook()
	one := startNode(t, b, 1)
	b.set(nodeID(2), "192.0.2.1:7000")
	one.send(nodeID(2), "x", 1)
	until(t, "a complaint", func() bool { return one.lines.count("without a secret") == 1 })
	if n := one.links.Stats().Dials; n != 0 {
		t.Fatalf("%d dials", n)
	}
}

func TestCloseWritesOutAndLeavesNothing(t *testing.T) {
	ignore := goleak.IgnoreCurrent()
	b := newBook()
	one, two := startNode(t, b, 1, withSecret(t, oneSecret)), startNode(t, b, 2, withSecret(t, oneSecret))
	got := two.actor("x")
	one.links.Connect(two.id)
	receive(t, "Up", one.ups)
	const count = 1000
	pid := actor.NewPID(two.id.String(), "x")
	for i := range uint64(count) {
		one.system.Root.Send(pid, raftMessage(i, 100))
	}
	one.links.Bulk(two.id)
	one.links.Close()
	one.links.Close() // a second time does nothing
	for range count {
		receive(t, "message sent before Close", got)
	}
	if down := receive(t, "Down", two.downs); down != one.id {
		t.Fatalf("down: %s", down)
	}
	one.system.Root.Send(pid, raftMessage(0, 0))
	one.system.Root.Send(one.links.Bulk(two.id), &SendFile{})
	if n := one.links.Stats().Away; n != 1 {
		t.Fatalf("%d dropped after Close", n)
	}
	two.links.Close()
	goleak.VerifyNone(t, ignore, deadLetterTimer, idleWorker)
}

// A defect of the link itself costs a connection, not the link.
func TestSenderStartsAnewAfterPanic(t *testing.T) {
	b := newBook()
	one, two := startNode(t, b, 1), startNode(t, b, 2)
	got := two.actor("x")
	var last *conn
	for i := range 15 { // more than protoactor's default strategy bears
		one.links.Connect(two.id)
		receive(t, "Up", one.ups)
		p := one.links.peer(two.id)
		until(t, "a new connection", func() bool { // the Up may be a second one of the last
			c, before := p.outbound.Load(), last
			if c != nil {
				last = c
			}
			return c != nil && c != before
		})
		p.post((*arrived)(nil))
		receive(t, "Down", one.downs)
		until(t, "panic counted", func() bool { return one.links.Stats().Panics == uint64(i+1) })
	}
	one.endless(two.id, "x", got)
}

func TestCloseWhileDialing(t *testing.T) {
	b := newBook()
	g := newGate()
	one := startNode(t, b, 1, func(c *Config) { c.Dial = g.dial })
	b.set(nodeID(2), "127.0.0.1:1")
	one.send(nodeID(2), "x", 1)
	until(t, "dial", func() bool { return g.dials.Load() == 1 })
	one.links.Close()
}
