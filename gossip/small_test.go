package gossip

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/troupedb/troupe/slotmap"
)

func TestLogWriter(t *testing.T) {
	var out bytes.Buffer
	now := epoch
	w := &logWriter{log: slog.New(slog.NewTextHandler(&out, nil)), now: func() time.Time { return now }}
	l := log.New(w, "", 0)
	l.Printf("[DEBUG] memberlist: chatter")
	l.Printf("[WARN] memberlist: chatter")
	if out.Len() > 0 {
		t.Fatalf("below the level: %s", &out)
	}
	for range 100 {
		l.Printf("[ERR] memberlist: failed\nbadly%s", strings.Repeat("x", 1000))
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != errorBurst || !strings.Contains(lines[0], "failed badlyxx") || len(lines[0]) > 2*maxLogLine {
		t.Fatalf("%d lines, first %q", len(lines), lines[0])
	}
	now = now.Add(errorRefill)
	out.Reset()
	l.Printf("Err: another")
	if !strings.Contains(out.String(), "another") || !strings.Contains(out.String(), "suppressed=95") {
		t.Errorf("after a while: %s", &out)
	}
	now = now.Add(errorRefill)
	out.Reset()
	w.muted.Store(true)
	l.Printf("[ERR] memberlist: use of closed network connection")
	if out.Len() > 0 {
		t.Errorf("after the end: %s", &out)
	}
}

func TestLimiter(t *testing.T) {
	l := newLimiter(time.Second)
	if !l.allow("a", epoch) || l.allow("a", epoch.Add(time.Second-1)) || !l.allow("b", epoch) || !l.allow("a", epoch.Add(time.Second)) {
		t.Error("once a second and key")
	}
	for i := range 10 * maxLimited {
		l.allow(fmt.Sprint(i), epoch)
	}
	if len(l.mu.last) > maxLimited {
		t.Errorf("%d keys kept", len(l.mu.last))
	}
}

func TestRecent(t *testing.T) {
	var r recent
	if !r.first([]byte("a")) || r.first([]byte("a")) {
		t.Error("a is new once")
	}
	for i := range maxRecent {
		if !r.first(binary.AppendUvarint(nil, uint64(i)<<8)) {
			t.Fatalf("%d is new", i)
		}
	}
	if len(r.mu.have) != maxRecent || !r.first([]byte("a")) {
		t.Error("the oldest is forgotten")
	}
}

// TestNewerReplacesOlder: the queue holds one message per shard and part.
func TestNewerReplacesOlder(t *testing.T) {
	g := newGossip(Config{})
	defer g.cancel()
	g.enqueue("1/0", []byte("old"))
	g.enqueue("1/1", []byte("other part"))
	g.enqueue("1/0", []byte("new"))
	got := map[string]bool{}
	for _, m := range g.queue.GetBroadcasts(0, 1000) {
		got[string(m)] = true
	}
	if len(got) != 2 || !got["new"] || !got["other part"] {
		t.Errorf("queued %v", got)
	}
	for i := range maxQueued + 10 {
		g.enqueue(fmt.Sprint(i), []byte{1})
	}
	if n := g.queue.NumQueued(); n > maxQueued {
		t.Errorf("%d queued", n)
	}
}

func TestOutbox(t *testing.T) {
	o := newOutbox()
	for range 2 * maxHints {
		o.put(MapReceived{})
	}
	o.put(NodeUp{nodeAt(1, "", 1)})
	var maps, ups int
	o.put(NodeDown{})
	o.run(func(e Event) {
		switch e.(type) {
		case MapReceived:
			maps++
		case NodeUp:
			ups++
		case NodeDown:
			o.close()
		}
	})
	if maps != maxHints || ups != 1 {
		t.Errorf("%d maps, %d ups", maps, ups)
	}
	o.put(NodeUp{}) // after close: nothing, and no panic
	o.close()
}

// TestAnswersToProbes: what cannot be read is ignored, what a later version
// says besides is not in the way, and clocks of the dead are forgotten.
func TestAnswersToProbes(t *testing.T) {
	g := newGossip(Config{Self: nodeAt(9, "", 1)})
	defer g.cancel()
	g.mu.self, g.mu.dir = g.cfg.Self, newDirectory(g.id, clusterX)
	id := slotmap.NodeID{1}
	p := pingDelegate{g}
	peer := &memberlist.Node{Name: id.String()}
	g.cfg.Mono = func() int64 { return 5000 }
	const shown = 1_700_000_000_000
	ahead := append(appendAck(nil, shown, clusterX), "more"...)
	p.NotifyPingComplete(peer, 20*time.Millisecond, ahead)
	p.NotifyPingComplete(peer, time.Millisecond, ahead[:ackSize-1])
	p.NotifyPingComplete(&memberlist.Node{Name: "x"}, time.Millisecond, ahead)
	got := g.clocks.of([]Node{{ID: id}, {ID: slotmap.NodeID{2}}})
	if want := (Clock{Node: id, Wall: shown, Mono: 4990, RTT: 20 * time.Millisecond}); len(got) != 1 || got[0] != want {
		t.Errorf("got %+v", got)
	}
	if g.clocks.of(nil); len(g.clocks.mu.by) != 0 {
		t.Error("clocks of the dead are kept")
	}
	if len(p.AckPayload()) != ackSize {
		t.Error("payload")
	}
}

// TestClusterByProbe: a member's answer is believed before any news of it, but
// never makes it empty again, nor a stranger a member.
func TestClusterByProbe(t *testing.T) {
	g := newGossip(Config{Self: nodeAt(9, "", 1)})
	defer g.cancel()
	g.mu.self, g.mu.dir = g.cfg.Self, newDirectory(g.id, clusterX)
	empty := nodeAt(1, "10.0.0.1:1", 1)
	empty.Cluster = slotmap.ClusterID{}
	g.mu.dir.put(empty)
	g.mu.dir.put(nodeAt(2, "10.0.0.2:1", 1))
	answer := func(id byte, cluster slotmap.ClusterID) {
		peer := &memberlist.Node{Name: slotmap.NodeID{id}.String()}
		pingDelegate{g}.NotifyPingComplete(peer, time.Millisecond, appendAck(nil, 0, cluster))
	}
	for _, said := range []slotmap.ClusterID{clusterX, {}} {
		answer(1, said)
		if n, ok := g.mu.dir.shown[slotmap.NodeID{1}]; !ok || n.Cluster != clusterX {
			t.Errorf("after it said %v: %+v, %v", said, n, ok)
		}
	}
	answer(2, clusterY)
	answer(3, clusterX)
	if len(g.mu.dir.alive) != 1 || len(g.mu.dir.shown) != 1 {
		t.Errorf("members %v", g.mu.dir.alive)
	}
}

// A node is one address to others: its streams come from where its packets come from.
func TestStreamsComeFromTheAddressBoundTo(t *testing.T) {
	peer, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	tr, err := newTransport(netip.MustParseAddrPort("127.9.8.7:0"), nil, log.New(io.Discard, "", 0))
	if err != nil {
		t.Skip("a system with one loopback address: ", err)
	}
	defer tr.Shutdown()
	conn, err := tr.DialTimeout(peer.Addr().String(), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if host, _, _ := net.SplitHostPort(conn.LocalAddr().String()); host != "127.9.8.7" {
		t.Errorf("it dials from %s", host)
	}
}
