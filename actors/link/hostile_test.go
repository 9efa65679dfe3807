package link

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
	"github.com/troupedb/troupe/wire/secret"
)

// Two nodes that must not talk say so, once each, and do not trouble others.
func TestMismatch(t *testing.T) {
	cases := []struct {
		name     string
		one, two func(*Config)
		dial     string // what the node that dials says
		accept   string // what the other says
	}{
		{
			name: "another cluster", one: func(*Config) {},
			two:    func(c *Config) { c.Cluster = func() slotmap.ClusterID { return slotmap.ClusterID{8} } },
			dial:   wire.ErrCluster.Error(),
			accept: wire.ErrCluster.Error(),
		},
		{
			name: "no cluster yet", one: func(*Config) {},
			two:    func(c *Config) { c.Cluster = func() slotmap.ClusterID { return slotmap.ClusterID{} } },
			dial:   ErrNoCluster.Error(),
			accept: ErrNoCluster.Error(),
		},
		{
			name: "another secret", one: withSecret(t, oneSecret), two: withSecret(t, anotherSecret),
			dial:   secret.ErrStranger.Error(),
			accept: ErrRefusedSecret.Error(),
		},
		{
			name: "plaintext client", one: func(*Config) {}, two: withSecret(t, oneSecret),
			dial:   "cannot connect",
			accept: "does not look like a TLS handshake",
		},
		{
			name: "TLS client", one: withSecret(t, oneSecret), two: func(*Config) {},
			dial:   "cannot connect",
			accept: wire.ErrMagic.Error(),
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := newBook()
			one, two := startNode(t, b, 1, c.one), startNode(t, b, 2, c.two)
			got := two.actor("x")
			until(t, "both have complained", func() bool {
				one.send(two.id, "x", 1)
				return one.lines.count(c.dial) > 0 && two.lines.count(c.accept) > 0
			})
			until(t, "many dials", func() bool {
				one.send(two.id, "x", 1)
				return two.links.Stats().Refused > 5
			})
			if n, m := one.lines.count("level"), two.lines.count("level"); n != 1 || m != 1 {
				t.Fatalf("%d and %d lines:\n%s%s", n, m, one.lines, two.lines)
			}
			nothing(t, "message", got)
			nothing(t, "Up", one.ups)
			nothing(t, "Up", two.ups)
		})
	}
}

func TestAnotherNodeAtTheAddress(t *testing.T) {
	b := newBook()
	one, two := startNode(t, b, 1), startNode(t, b, 2)
	b.set(nodeID(3), two.address())
	b.set(nodeID(4), one.address())
	for _, n := range []slotmap.NodeID{nodeID(3), nodeID(4)} {
		one.links.Connect(n)
	}
	// The second address is its own, so it complains as the one that is dialled, too.
	until(t, "complaints", func() bool { return one.lines.count(ErrNode.Error()) == 3 })
	if one.lines.count("cannot connect") != 2 {
		t.Fatal(one.lines)
	}
	nothing(t, "Up", one.ups)
}

// A node that took the place of another at its address is looked for under both ids for a while. The
// connections for the one that is gone do no harm to those for the one that is there.
func TestLookingForThePredecessorHarmsNobody(t *testing.T) {
	b := newBook()
	one, two := startNode(t, b, 1), startNode(t, b, 2)
	got := two.actor("x")
	one.links.Connect(two.id)
	receive(t, "Up", two.ups)
	b.set(nodeID(3), two.address())
	for i := range 5 {
		one.links.Connect(nodeID(3))
		until(t, "a refusal", func() bool { return two.links.Stats().Refused > uint64(i) })
		one.send(two.id, "x", uint64(i+1))
		if m := receive(t, "message", got); indexOf(m.Message) != uint64(i+1) {
			t.Fatalf("message %d came for %d", indexOf(m.Message), i+1)
		}
	}
	nothing(t, "Down", one.downs)
	nothing(t, "Down", two.downs)
}

func claim(size uint32) []byte { return binary.BigEndian.AppendUint32(nil, size) }

func validHello(n byte) string {
	var b strings.Builder
	wire.WriteHello(&b, wire.Hello{Version: wire.Version, Cluster: theCluster, Node: nodeID(n), To: nodeID(1), Peer: "127.0.0.1:1"})
	return b.String()
}

func helloOf(h wire.Hello) string {
	var b strings.Builder
	wire.WriteHello(&b, h)
	return b.String()
}

// Whatever comes to the port ends its own connection, and nothing else.
func TestGarbage(t *testing.T) {
	hello := validHello(9)
	cases := []struct{ name, bytes, line string }{
		{"nothing", "", ""},
		{"http", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", wire.ErrMagic.Error()},
		{"zeros", strings.Repeat("\x00", 5000), wire.ErrMagic.Error()},
		{"half the magic", "TROUPE", "EOF"},
		{"half a hello", hello[:len(hello)/2], "EOF"},
		{"huge hello", "TROUPE1\n" + string(claim(1<<31)), wire.ErrFrameSize.Error()},
		{"another version", helloOf(wire.Hello{Version: 99}), wire.ErrVersion.Error()},
		{"another cluster", helloOf(wire.Hello{Version: wire.Version, Node: nodeID(9)}), ErrNoCluster.Error()},
		{"no node", helloOf(wire.Hello{Version: wire.Version, Cluster: theCluster}), ErrNode.Error()},
		{"our own id", validHello(1), ErrNode.Error()},
		{"empty frame", hello + string(claim(0)), "bad bytes"},
		{"frame too large", hello + string(claim(wire.MaxFrame+1)), "bad bytes"},
		{"frame of all ones", hello + "\xff\xff\xff\xff", "bad bytes"},
		{"frame that is no message", hello + string(claim(5)) + "hello", "bad bytes"},
		{"bulk without header", bulkHello() + string(claim(5)) + "hello", "file not received"},
		{"bulk with a ping", bulkHello() + string(wire.AppendFrame(nil, "", &wire.Ping{})), "file not received"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := newBook()
			one, two := startNode(t, b, 1), startNode(t, b, 2)
			got := one.actor("x")
			attack(t, one, c.bytes)
			if c.line != "" {
				until(t, "a log line", func() bool { return one.lines.count(c.line) == 1 })
			}
			two.send(one.id, "x", 1)
			receive(t, "message of an honest peer", got)
			if n := one.lines.count("level"); c.line == "" && n != 0 {
				t.Fatal(one.lines)
			}
			if n := one.links.Stats().Panics; n != 0 {
				t.Fatalf("%d panics", n)
			}
		})
	}
}

func bulkHello() string {
	return helloOf(wire.Hello{Version: wire.Version, Cluster: theCluster, Node: nodeID(9), To: nodeID(1), Bulk: true})
}

// attack writes, ends its direction, and waits for the node to close.
func attack(t testing.TB, x *node, bytes string) {
	t.Helper()
	c := dialRaw(t, x)
	if _, err := io.WriteString(c, bytes); err != nil {
		return // closed already
	}
	c.(*net.TCPConn).CloseWrite()
	waitClosed(t, c)
}

func waitClosed(t testing.TB, c net.Conn) {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(patience))
	_, err := io.Copy(io.Discard, c)
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		t.Fatal("the connection stays open")
	}
}

// The silent ones: nothing ends these connections but a deadline of the node.
func TestSilence(t *testing.T) {
	short := 20 * time.Millisecond
	hello := validHello(9)
	cases := []struct {
		name, bytes string
		change      func(*Config)
	}{
		{"before the hello", "", func(c *Config) { c.timing.handshake = short }},
		{"within the hello", hello[:12], func(c *Config) { c.timing.handshake = short }},
		{"after the hello", hello, func(c *Config) { c.timing.read = short }},
		{"within a frame", hello + string(claim(wire.MaxFrame)) + "abc", func(c *Config) { c.timing.read = short }},
		{"within a file", bulkHello() + string(claim(wire.MaxFrame)) + "abc", func(c *Config) {
			c.timing.bulk, c.timing.write = short, short
		}},
		{"within the TLS handshake", "\x16\x03\x01", func(c *Config) {
			c.timing.handshake = short
			withSecret(t, oneSecret)(c)
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			one := startNode(t, newBook(), 1, c.change)
			conn := dialRaw(t, one)
			io.WriteString(conn, c.bytes)
			waitClosed(t, conn)
		})
	}
}

// A frame that goes on for ever, a byte at a time, so that there is always progress.
func TestEndlessFrame(t *testing.T) {
	one := startNode(t, newBook(), 1, func(c *Config) { c.timing.frame = 50 * time.Millisecond })
	c := dialRaw(t, one)
	io.WriteString(c, validHello(9)+string(claim(wire.MaxFrame)))
	until(t, "the node closes", func() bool {
		_, err := c.Write([]byte{0})
		return err != nil
	})
}

func TestUnknownKindIsSkipped(t *testing.T) {
	b := newBook()
	one := startNode(t, b, 1)
	got := one.actor("x")
	f := fakePeer(t, b, 9, answerPings)
	c, _ := f.connect(one)
	unknown := wire.AppendFrame(nil, "x", &wire.Ping{})
	unknown[5] = 0x7f // the kind: of a newer build
	c.Write(append(unknown, wire.AppendFrame(nil, "x", raftMessage(1, 0))...))
	receive(t, "the message after it", got)
	if n := one.links.Stats().Unknown; n != 1 {
		t.Fatalf("%d unknown", n)
	}
}

func TestConnectionLimits(t *testing.T) {
	t.Run("handshakes", func(t *testing.T) {
		b := newBook()
		one := startNode(t, b, 1, func(c *Config) { c.limits.inbound, c.limits.handshakes = 10, 2 })
		f := fakePeer(t, b, 9, answerPings)
		f.connect(one) // through: takes no place for handshakes
		first, second := dialRaw(t, one), dialRaw(t, one)
		until(t, "one more is turned away", func() bool {
			waitOrOpen(t, dialRaw(t, one))
			return one.links.Stats().Refused > 0
		})
		until(t, "a line", func() bool { return one.lines.count("have not said who they are") == 1 })
		first.Close()
		second.Close()
		got := one.actor("x")
		startNode(t, b, 2).endless(one.id, "x", got)
	})
	t.Run("inbound", func(t *testing.T) {
		b := newBook()
		one := startNode(t, b, 1, func(c *Config) { c.limits.inbound, c.limits.handshakes = 2, 2 })
		first := fakePeer(t, b, 8, answerPings)
		c, _ := first.connect(one)
		fakePeer(t, b, 9, answerPings).connect(one)
		waitClosed(t, dialRaw(t, one))
		until(t, "a line", func() bool { return one.lines.count("too many connections") == 1 })
		c.Close()
		got := one.actor("x")
		startNode(t, b, 2).endless(one.id, "x", got)
	})
}

// waitOrOpen returns at once if the connection is open still.
func waitOrOpen(t testing.TB, c net.Conn) {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	io.Copy(io.Discard, c)
	c.Close()
}

// endless sends until something arrives.
func (x *node) endless(to slotmap.NodeID, target string, got <-chan *Inbound) {
	x.t.Helper()
	until(x.t, "a message arrives", func() bool {
		x.send(to, target, 1)
		return len(got) > 0
	})
}

// A peer that says hello and then reads nothing.
func stuck(release <-chan struct{}) func(net.Conn, *bufio.Reader) {
	return func(c net.Conn, _ *bufio.Reader) {
		c.(*net.TCPConn).SetReadBuffer(4096)
		<-release
	}
}

func TestSlowPeerBoundsWhatWaits(t *testing.T) {
	const bound = 1 << 20
	b := newBook()
	release := make(chan struct{})
	one := startNode(t, b, 1, func(c *Config) {
		c.limits.queued, c.limits.inbound, c.limits.handshakes = bound, 10, 10
	})
	f := fakePeer(t, b, 9, stuck(release))
	one.links.Connect(f.id)
	receive(t, "Up", one.ups)
	pid := actor.NewPID(f.id.String(), "x")
	sent := uint64(0)
	until(t, "overflow", func() bool {
		for range 100 {
			one.system.Root.Send(pid, raftMessage(sent, 10_000))
			sent++
		}
		if q := one.links.Stats().Queued; q > bound {
			t.Fatalf("%d bytes wait", q)
		}
		return one.links.Stats().Overflow > 0
	})
	close(release)
	receive(t, "Down", one.downs)
	until(t, "every message is accounted for", func() bool {
		s := one.links.Stats()
		return s.Sent+s.Away+s.Overflow == sent && s.Queued == 0
	})
}

// TestPublishedLeavesRoomForConsensus: however much is published to a peer that takes nothing, other messages are sent.
func TestPublishedLeavesRoomForConsensus(t *testing.T) {
	const bound = 1 << 20
	b := newBook()
	release := make(chan struct{})
	defer close(release)
	one := startNode(t, b, 1, func(c *Config) { c.limits.queued = bound })
	f := fakePeer(t, b, 9, stuck(release))
	one.links.Connect(f.id)
	receive(t, "Up", one.ups)
	pid := actor.NewPID(f.id.String(), "x")
	until(t, "overflow", func() bool {
		for range 100 {
			one.system.Root.Send(pid, &wire.Publish{Channel: "c", Payload: make([]byte, 10_000)})
		}
		return one.links.Stats().Overflow > 0
	})
	lost := one.links.Stats().Overflow
	for i := range uint64(20) {
		one.system.Root.Send(pid, raftMessage(i, 10_000))
	}
	if s := one.links.Stats(); s.Overflow != lost {
		t.Errorf("%d messages of consensus are crowded out", s.Overflow-lost)
	}
}

func TestStalledPeerIsDown(t *testing.T) {
	b := newBook()
	release := make(chan struct{})
	one := startNode(t, b, 1, func(c *Config) { c.timing.write = 20 * time.Millisecond })
	f := fakePeer(t, b, 9, stuck(release))
	defer close(release)
	one.links.Connect(f.id)
	receive(t, "Up", one.ups)
	until(t, "Down", func() bool {
		one.system.Root.Send(actor.NewPID(f.id.String(), "x"), raftMessage(1, 10_000))
		return len(one.downs) > 0
	})
}

func TestMutePeerIsDown(t *testing.T) {
	b := newBook()
	one := startNode(t, b, 1, func(c *Config) { c.timing.read = 20 * time.Millisecond })
	f := fakePeer(t, b, 9, func(c net.Conn, r *bufio.Reader) { io.Copy(io.Discard, r) })
	one.links.Connect(f.id)
	receive(t, "Up", one.ups)
	receive(t, "Down", one.downs)
}

func TestGarbageInsteadOfPongs(t *testing.T) {
	b := newBook()
	one := startNode(t, b, 1)
	f := fakePeer(t, b, 9, func(c net.Conn, r *bufio.Reader) {
		c.Write(claim(maxPongs + 1))
		io.Copy(io.Discard, r)
	})
	one.links.Connect(f.id)
	receive(t, "Up", one.ups)
	receive(t, "Down", one.downs)
}

// Only the peer's connection to here ends: evidence of loss, refuted by the pong on the other.
func TestDownIsRefutedByPong(t *testing.T) {
	b := newBook()
	one := startNode(t, b, 1)
	f := fakePeer(t, b, 9, answerPings)
	c, _ := f.connect(one)
	receive(t, "Up", one.ups)
	c.Close()
	receive(t, "Down", one.downs)
	receive(t, "Up again", one.ups)
	if n := one.links.Stats().Dials; n != 1 {
		t.Fatalf("%d dials", n)
	}
}

// A newer connection from a peer replaces the older one without an event.
func TestNewerConnectionReplacesOlder(t *testing.T) {
	b := newBook()
	one := startNode(t, b, 1)
	got := one.actor("x")
	f := fakePeer(t, b, 9, answerPings)
	older, _ := f.connect(one)
	receive(t, "Up", one.ups)
	newer, _ := f.connect(one)
	newer.Write(wire.AppendFrame(nil, "x", raftMessage(1, 0)))
	receive(t, "message", got)
	waitClosed(t, older)
	nothing(t, "Down", one.downs)
}

func FuzzConnection(f *testing.F) {
	f.Add([]byte(validHello(9)), []byte{})
	f.Add([]byte(validHello(9)), wire.AppendFrame(nil, "x", raftMessage(1, 10)))
	f.Add([]byte(bulkHello()), wire.AppendFrame(nil, "", headerOf([]byte("abc"))))
	f.Add([]byte("TROUPE1\n\xff\xff\xff\xff"), []byte("x"))
	b := newBook()
	one := startNode(f, b, 1)
	f.Fuzz(func(t *testing.T, head, rest []byte) {
		c := dialRaw(t, one)
		c.Write(head)
		c.Write(rest)
		c.(*net.TCPConn).CloseWrite()
		waitClosed(t, c)
		if n := one.links.Stats().Panics; n != 0 {
			t.Fatalf("%d panics", n)
		}
		for len(one.ups)+len(one.downs)+len(one.lost)+len(one.files) > 0 {
			select {
			case <-one.ups:
			case <-one.downs:
			case <-one.lost:
			case <-one.files:
			}
		}
	})
}
