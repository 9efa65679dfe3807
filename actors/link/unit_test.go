package link

import (
	"fmt"
	"log/slog"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/troupedb/troupe/wire"
)

func TestBackoff(t *testing.T) {
	b := backoff{min: 20 * time.Millisecond, max: time.Second}
	now := time.Unix(1000, 0)
	if !b.ready(now) {
		t.Fatal("not ready before any failure")
	}
	for i, want := range []time.Duration{20, 40, 80, 160, 320, 640, 1000, 1000} {
		want *= time.Millisecond
		b.fail(now)
		if wait := b.until.Sub(now); wait < want/2 || wait > want {
			t.Fatalf("failure %d: waits %v, want %v to %v", i, wait, want/2, want)
		}
		if b.ready(b.until.Add(-1)) || !b.ready(b.until) {
			t.Fatal("ready at the wrong time")
		}
	}
	b.lost(now, time.Millisecond) // stood too briefly to count as a success
	if wait := b.until.Sub(now); wait < 500*time.Millisecond {
		t.Fatalf("waits %v", wait)
	}
	b.lost(now, time.Minute)
	if wait := b.until.Sub(now); wait > 20*time.Millisecond {
		t.Fatalf("waits %v", wait)
	}
	b.reset()
	if !b.ready(now) {
		t.Fatal("not ready after reset")
	}
}

func TestHolding(t *testing.T) {
	var h holding
	message := func(target string, index uint64) outgoing {
		m := raftMessage(index, 0)
		return outgoing{target, m, cost(m)}
	}
	for i, c := range []struct {
		target  string
		dropped int
	}{{"a", 0}, {"b", 0}, {"a", 1}, {"c", 0}, {"a", 1}} {
		if n := h.put(message(c.target, uint64(i))); n != c.dropped {
			t.Fatalf("message %d: %d dropped", i, n)
		}
	}
	if n := h.put(outgoing{"a", nil, maxHeldCost + 1}); n != 1 {
		t.Fatal("a large message was held")
	}
	order := ""
	for _, o := range h.take() {
		order += fmt.Sprint(o.target, indexOf(o.message), " ")
	}
	if order != "b1 c3 a4 " {
		t.Fatal(order)
	}
	dropped := 0
	for i := range maxHeld + 10 {
		dropped += h.put(message(fmt.Sprint(i), 0))
	}
	if dropped != 10 || h.drop() != maxHeld || h.drop() != 0 {
		t.Fatalf("%d dropped", dropped)
	}
}

func TestComplaints(t *testing.T) {
	out := &lines{}
	c := newComplaints(slog.New(slog.NewTextHandler(out, nil)))
	now := time.Unix(1000, 0)
	say := func(kind string) (int, bool) { return c.due(kind, now) }
	if _, ok := say("a"); !ok {
		t.Fatal("the first is withheld")
	}
	for range 5 {
		if _, ok := say("a"); ok {
			t.Fatal("said twice")
		}
	}
	if _, ok := say("b"); !ok {
		t.Fatal("another kind is withheld")
	}
	now = now.Add(c.span)
	if withheld, ok := say("a"); !ok || withheld != 5 {
		t.Fatal(withheld, ok)
	}
	for i := range 10 * maxComplaints {
		say(fmt.Sprint(i))
	}
	if n := len(c.mu.said); n > maxComplaints {
		t.Fatalf("%d kinds are remembered", n)
	}
	c.once("x", "text", "key", "value")
	c.once("x", "text", "key", "value")
	if out.count("key=value") != 1 {
		t.Fatal(out)
	}
}

func TestCostCoversTheFrame(t *testing.T) {
	for _, m := range []wire.Message{
		raftMessage(1, 0), raftMessage(1, 100_000),
		&wire.Request{Shard: 1, Ops: make([]byte, 5000)},
		&wire.Reply{Replies: make([]byte, 5000), Ends: make([]uint32, 300)},
		&wire.Snapshot{Shard: 1, Meta: make([]byte, 5000), Message: raftMessage(1, 0).Message},
		&wire.Chunk{Data: make([]byte, 5000)},
		&wire.Confirm{ID: 1 << 60, Leads: slices.Repeat([]wire.Lead{{Shard: 1 << 31, Replica: 1 << 60, Term: 1 << 60}}, 1000)},
		&wire.Confirmed{ID: 1 << 60, Not: slices.Repeat([]uint32{wire.MaxLeads - 1}, 1000)},
		&wire.Removed{Shard: 1 << 31, Replica: 1 << 60, Index: 1 << 60},
	} {
		if frame := int64(len(wire.AppendFrame(nil, "shard/1234", m))); cost(m) < frame {
			t.Errorf("%T: %d for a frame of %d bytes", m, cost(m), frame)
		}
	}
}

func TestLoopback(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:1": true, "127.9.9.9:1": true, "[::1]:1": true, "localhost:1": true,
		"0.0.0.0:1": false, "[::]:1": false, "10.0.0.1:1": false, "example.com:1": false, "127.0.0.1": false, "": false,
	} {
		if isLoopback(address) != want {
			t.Errorf("%q: %v", address, !want)
		}
	}
}

// A node is one address to its peers: that which it listens at, where it listens at one.
func TestDialComesFromTheAddressListenedAt(t *testing.T) {
	peer, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	for listen, want := range map[string]string{
		"127.0.0.1": "127.0.0.1", "127.9.8.7": "127.9.8.7", "0.0.0.0": "127.0.0.1", "::1": "127.0.0.1",
	} {
		dial := dialFrom(&net.TCPAddr{IP: net.ParseIP(listen)})
		conn, err := dial(t.Context(), peer.Addr().String())
		if err != nil {
			if listen == "127.9.8.7" {
				continue // a system with one loopback address
			}
			t.Fatal(err)
		}
		conn.Close()
		if host, _, _ := net.SplitHostPort(conn.LocalAddr().String()); host != want {
			t.Errorf("listening at %s it dials from %s", listen, host)
		}
	}
}

// deadlines counts how often the time to write was set anew, and notes the most that one time was for.
type deadlines struct {
	net.Conn
	set, most int
}

func (d *deadlines) SetWriteDeadline(time.Time) error { d.set++; return nil }

func (d *deadlines) Write(b []byte) (int, error) {
	d.most = max(d.most, len(b))
	return len(b), nil
}

// A slow reader of much is not a stalled one: every piece has its own deadline.
func TestEveryPieceHasItsDeadline(t *testing.T) {
	one := startNode(t, newBook(), 1)
	a, b := net.Pipe()
	defer b.Close()
	to := &deadlines{Conn: a}
	c := one.links.adopt(to, time.Minute)
	if err := c.established(); err != nil {
		t.Fatal(err)
	}
	defer c.kill()
	n, err := c.Write(make([]byte, 5*piece+1))
	if n != 5*piece+1 || err != nil {
		t.Fatal(n, err)
	}
	if to.set != 6 || to.most != piece {
		t.Errorf("%d deadlines for at most %d bytes each", to.set, to.most)
	}
}

// While a large frame comes in slowly, the sender hears that it does.
func TestPongDuringLargeFrame(t *testing.T) {
	b := newBook()
	one := startNode(t, b, 1, func(c *Config) { c.timing.read = 3 * time.Second })
	f := fakePeer(t, b, 9, answerPings)
	c, r := f.connect(one)
	c.Write(claim(wire.MaxFrame))
	c.SetReadDeadline(time.Now().Add(patience))
	go func() {
		for {
			if _, err := c.Write(make([]byte, 100)); err != nil {
				return
			}
		}
	}()
	if _, err := wire.ReadFrame(r, nil, maxPongs); err != nil {
		t.Fatal(err)
	}
	c.Close()
}

// Of two connections of one peer the one that was accepted later delivers, whichever is through its handshake first.
func TestLaterConnectionTakesOver(t *testing.T) {
	open := func(order uint64) *conn {
		raw, other := net.Pipe()
		t.Cleanup(func() { raw.Close(); other.Close() })
		c := &conn{Conn: raw, raw: raw, unhook: func() bool { return true }, order: order, ended: make(chan struct{})}
		close(c.ended)
		return c
	}
	first, second := open(1), open(2)
	p := &peer{}
	if !p.takeOver(second) || p.takeOver(first) || p.inbound.Load() != second {
		t.Fatal("the older connection took the place of the newer one")
	}
	p = &peer{}
	if !p.takeOver(first) || !p.takeOver(second) || p.inbound.Load() != second {
		t.Fatal("the newer connection did not take the place of the older one")
	}
	if _, err := first.Write([]byte("x")); err == nil {
		t.Fatal("the older connection stays open")
	}
}
