package session

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/slotmap"
)

// idleWorker waits for the next turn of any actor.
var idleWorker = goleak.IgnoreTopFunction("github.com/troupedb/troupe/actors/mailbox.(*workers).work")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, idleWorker) }

// TestEveryCommandHasAPlace holds the command table to what is carried out here.
func TestEveryCommandHasAPlace(t *testing.T) {
	b := newBed(t, 1)
	c := b.dial()
	names := c.do("COMMAND LIST")
	for _, name := range strings.Fields(strings.Trim(names, "[]")) {
		base, sub, _ := strings.Cut(name, "|")
		cmd := keyspace.Lookup([]byte(base))
		if sub != "" {
			cmd = keyspace.LookupSub(cmd, []byte(sub))
		}
		own := ownCommands[name].run != nil
		if container := len(cmd.Subs) > 0 && sub == ""; container && cmd.Arity < -1 {
			continue // it is refused for want of a subcommand
		}
		if own == (cmd.Where() == keyspace.Shard) {
			t.Errorf("%s: place %d, own %v", name, cmd.Where(), own)
		}
	}
}

func TestOneShard(t *testing.T) {
	c := newBed(t, 1).dial()
	c.want("SET a 1", "OK", "GET a", "1", "get b", "nil", "INCR a", "2", "DEL a", "1", "PING", "PONG", "PING hi", "hi",
		"ECHO x", "x", "SELECT 0", "OK", "SELECT 1", "-ERR SELECT is not allowed in cluster mode", "SELECT x", "-"+errNotInteger,
		"FOO bar", "-ERR unknown command 'FOO', with args beginning with: 'bar' ",
		"CLIENT BAR", "-ERR unknown subcommand 'BAR'. Try CLIENT HELP.",
		"GET", "-ERR wrong number of arguments for 'get' command",
		"CLIENT ID x", "-ERR wrong number of arguments for 'client|id' command",
		"DEBUG SLEEP 1", "-ERR DEBUG command not allowed. Start the node with --enable-debug-command to allow it.", "ASKING", "OK", "READONLY", "OK", "READWRITE", "OK")
}

// TestOrder pipelines over all shards with session commands between, in one write.
func TestOrder(t *testing.T) {
	c := newBed(t, 5).dial()
	var lines, want []string
	for i := range 3000 {
		switch i % 4 {
		case 0:
			lines, want = append(lines, fmt.Sprintf("SET k%d v%d", i, i)), append(want, "OK")
		case 1:
			lines, want = append(lines, fmt.Sprintf("GET k%d", i-1)), append(want, fmt.Sprintf("v%d", i-1))
		case 2:
			lines, want = append(lines, fmt.Sprintf("ECHO e%d", i)), append(want, fmt.Sprintf("e%d", i))
		case 3:
			lines, want = append(lines, fmt.Sprintf("STRLEN k%d", i-3)), append(want, fmt.Sprint(len(fmt.Sprintf("v%d", i-3))))
		}
	}
	go c.send(lines...)
	for i := range want {
		if got := c.reply(); got != want[i] {
			t.Fatalf("%s: %q, want %q", lines[i], got, want[i])
		}
	}
}

// TestReadBehindWrite: a read behind a write of the same pipeline travels with it.
func TestReadBehindWrite(t *testing.T) {
	b := newBed(t, 1)
	seen := make(chan *replica.Batch, 10)
	c := b.dial()
	c.do("PING")
	b.send(1, setSeen{seen})
	c.want("GET a", "nil", "SET a 1", "OK", "GET a", "1")
	if m := <-seen; m.Count != 3 || !m.Write {
		t.Errorf("first batch: %d operations, write %v", m.Count, m.Write)
	}
	c.want("GET a", "1", "GET b", "nil")
	if m := <-seen; m.Count != 2 || m.Write || m.Follower {
		t.Errorf("second batch: %d operations, write %v, follower %v", m.Count, m.Write, m.Follower)
	}
	c.want("READONLY", "OK", "GET a", "1")
	if m := <-seen; !m.Follower {
		t.Error("a READONLY connection did not let a follower answer")
	}
	c.want("SET a 2", "OK")
	if m := <-seen; m.Follower {
		t.Error("a write was offered to a follower")
	}
}

type setSeen struct{ seen chan *replica.Batch }

func TestCrossSlot(t *testing.T) {
	c := newBed(t, 3).dial()
	c.want("MSET {a}1 x {a}2 y", "OK", "MGET {a}1 {a}2", "[x y]",
		"MGET a b", "-CROSSSLOT Keys in request don't hash to the same slot",
		"DEL a b", "-CROSSSLOT Keys in request don't hash to the same slot",
		"RENAME a b", "-CROSSSLOT Keys in request don't hash to the same slot")
}

// TestStatuses goes through the one table.
func TestStatuses(t *testing.T) {
	for _, c := range []struct {
		status replica.Status
		write  bool
		want   string
	}{
		{replica.Moved, true, fmt.Sprintf("-MOVED %d %s", slotmap.Slot([]byte("k")), otherAddr)},
		{replica.Down, true, "-CLUSTERDOWN The cluster is down"},
		{replica.TryAgain, true, "-" + lineTryAgain},
		{replica.Unknown, true, "-" + lineUnknown},
		{replica.Unknown, false, "-" + lineTryAgain},
		{replica.Misconf, true, "-" + lineMisconf},
		{replica.OOM, true, "-OOM command not allowed when used memory > 'maxmemory'."},
		{replica.Unblocked, true, "-" + lineUnblocked},
		{replica.NoReplicas, true, "-" + lineNoReplica},
		{replica.NoReplicas + 1, true, "-" + lineUnknown},
	} {
		b := newBed(t, 1)
		id := otherID
		b.shards[1].leader.Store(&id)
		b.shards[1].mode.Store(uint32(c.status))
		line := "GET k"
		if c.write {
			line = "SET k v"
		}
		if got := b.dial().do(line); got != c.want {
			t.Errorf("%v: %q, want %q", c.status, got, c.want)
		}
	}
}

func TestTransactionOnTooFewReplicas(t *testing.T) {
	b := newBed(t, 1)
	b.shards[1].mode.Store(uint32(replica.NoReplicas))
	b.dial().want("MULTI", "OK", "SET k v", "QUEUED", "EXEC", "-"+discarded+lineNoReplica)
}

func TestNotHere(t *testing.T) {
	b := newBed(t, 2)
	c := b.dial()
	k := b.keyIn(2, "k")
	slot := slotmap.Slot([]byte(k))
	b.moveAway(2)
	moved := fmt.Sprintf("-MOVED %d %s", slot, otherAddr)
	c.want("SET "+k+" 1", moved, "SET "+b.keyIn(1, "k")+" 1", "OK", "GET "+k, moved)
	b.change(func(r *Routes) { r.Down[otherID] = true })
	c.want("SET "+k+" 1", "-CLUSTERDOWN The cluster is down")
	b.change(func(r *Routes) { r.Map = slotmap.New(slotmap.Even(2)[:1], nil) })
	c.want("SET "+k+" 1", "-CLUSTERDOWN Hash slot not served")
}

// TestSlotGone: the shard says that it does not own the slot any more.
func TestSlotGone(t *testing.T) {
	b := newBed(t, 2)
	c := b.dial()
	k := b.keyIn(2, "k")
	slot := slotmap.Slot([]byte(k))
	b.change(func(r *Routes) { // this map believes that shard 1 owns everything
		runs := []slotmap.Run{{Range: slotmap.Range{First: 0, Last: slotmap.Count - 1}, Shard: 1, Epoch: 1}}
		r.Map = slotmap.New(runs, r.Map.Shards())
	})
	c.want("SET "+k+" 1", "-"+lineTryAgain)
	b.change(func(r *Routes) { r.Map = slotmap.New(slotmap.Even(2), r.Map.Shards()) })
	c.want("SET "+k+" 1", "OK")
	_ = slot
}

// TestRefusalSticks: what was received behind a refused command is refused too, even in a later
// hand-over, and nothing is refused once the input is drained.
func TestRefusalSticks(t *testing.T) {
	b := newBed(t, 2)
	f := b.shards[1]
	c := b.dial()
	k, other := b.keyIn(1, "k"), b.keyIn(2, "k")
	c.want("SET "+k+" 0", "OK")
	f.hold.Store(true)
	c.send("SET " + k + " 1")
	eventually(t, "the batch arrives", func() bool { n, _ := f.handle.Budget.InUse(); return n == 1 })
	c.send("SET "+k+" 2", "SET "+other+" 2", "INCR "+k)
	eventually(t, "the rest is received", func() bool { return b.received(c) >= 4 })
	f.hold.Store(false)
	f.mode.Store(uint32(replica.Down))
	b.send(1, release{})
	b.send(1, serveAgain{})
	for i, want := range []string{"-" + lineDown, "-" + lineDown, "OK", "-" + lineDown} {
		if got := c.reply(); got != want {
			t.Errorf("reply %d: %q, want %q", i, got, want)
		}
	}
	c.want("GET "+k, "0")
}

type serveAgain struct{}

// received counts the commands that the only session has taken or has waiting.
func (b *bed) received(c *conn) int {
	in := int(b.srv.stats.bytesIn.Load())
	return in / len(pack("SET {0}k 1"))
}

func TestBudget(t *testing.T) {
	b := newBed(t, 1)
	f := b.shards[1]
	c := b.dial()
	if !f.handle.Budget.TryAcquire(1<<20, 1) {
		t.Fatal("budget")
	}
	c.want("SET k 1", "-"+lineTryAgain)
	f.handle.Budget.Release(1<<20, 1)
	c.want("SET k 1", "OK")
}

func TestProtocolErrors(t *testing.T) {
	b := newBed(t, 1)
	for _, c := range []struct{ in, want string }{
		{"*1\r\n:1\r\n", "-ERR Protocol error: expected '$', got ':'"},
		{"*-x\r\n", "-ERR Protocol error: invalid multibulk length"},
		{"SET \"a\r\n", "-ERR Protocol error: unbalanced quotes in request"},
	} {
		conn := b.dial()
		conn.Write([]byte("PING\r\n" + c.in + "PING\r\n"))
		if got := conn.reply(); got != "PONG" {
			t.Errorf("before the error: %q", got)
		}
		if got := conn.reply(); got != c.want {
			t.Errorf("%q: %q, want %q", c.in, got, c.want)
		}
		if got := conn.reply(); got != "closed" {
			t.Errorf("after the error: %q", got)
		}
	}
	conn := b.dial()
	conn.Write([]byte("POST / HTTP/1.1\r\nHost: x\r\n\r\n"))
	if got := conn.reply(); got != "closed" {
		t.Errorf("HTTP was answered %q", got)
	}
}

// TestHalfClose: commands received before the end of the stream are carried out and answered.
func TestHalfClose(t *testing.T) {
	b := newBed(t, 1)
	c := b.dial()
	c.send("SET a 1", "GET a")
	c.Conn.(interface{ CloseWrite() error }).CloseWrite()
	if got := c.reply() + c.reply() + c.reply(); got != "OK1closed" {
		t.Errorf("got %q", got)
	}
}

func TestQuit(t *testing.T) {
	b := newBed(t, 1)
	c := b.dial()
	c.send("SET a 1", "QUIT", "SET a 2")
	if got := c.reply() + c.reply() + c.reply(); got != "OKOKclosed" {
		t.Errorf("got %q", got)
	}
	b.dial().want("GET a", "1")
	eventually(t, "only one client is left", func() bool { return b.srv.clients.count() == 1 })
}

// TestQuitBeforeMuch: a session that closes lets its reader go, even one that waits for room.
func TestQuitBeforeMuch(t *testing.T) {
	b := newBed(t, 1)
	c := b.dial()
	b.shards[1].hold.Store(true)
	c.send("GET a")
	eventually(t, "the batch arrives", func() bool { n, _ := b.shards[1].handle.Budget.InUse(); return n == 1 })
	go c.Write(append(pack("QUIT"), bytes.Repeat(pack("PING"), 5*maxPipeline)...))
	eventually(t, "much is received", func() bool { return b.srv.stats.bytesIn.Load() > uint64(len(pack("PING"))*maxPipeline) })
	b.shards[1].hold.Store(false)
	b.send(1, release{})
	eventually(t, "the session ends", func() bool { return b.srv.clients.count() == 0 })
}

func TestLargeValues(t *testing.T) {
	b := newBed(t, 2)
	c := b.dial()
	big := strings.Repeat("x", 5<<20)
	c.Write(encodeArgs("SET", "big", big))
	if got := c.reply(); got != "OK" {
		t.Fatal(got)
	}
	c.send("GET big", "PING", "STRLEN big", "GET big")
	if got := c.reply(); got != big {
		t.Fatalf("%d bytes", len(got))
	}
	if got := c.reply() + " " + c.reply(); got != "PONG 5242880" {
		t.Fatal(got)
	}
	if got := c.reply(); got != big {
		t.Fatalf("%d bytes", len(got))
	}
	c.Write([]byte("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$16777217\r\n"))
	if got := c.reply(); got != "-ERR Protocol error: invalid bulk length" {
		t.Error(got)
	}
}

// TestReplyBound: large replies make the segments smaller.
func TestReplyBound(t *testing.T) {
	var p pace
	if got := p.limit(); got != firstOps {
		t.Errorf("%d operations while nothing is known", got)
	}
	p.seen(1000, 1000*(1<<20))
	if got := p.limit(); got != 64 {
		t.Errorf("%d operations after replies of 1 MiB", got)
	}
	p.seen(10, 10*(16<<20))
	if got := p.limit(); got != minSegmentOps {
		t.Errorf("%d operations after replies of 16 MiB", got)
	}
	p.seen(10, 100)
	if got := p.limit(); got != maxSegmentOps {
		t.Errorf("%d operations after short replies", got)
	}
}

func TestPanicEndsOneConnection(t *testing.T) {
	b := newBed(t, 1)
	ownCommands["time"] = ownCommand{run: func(*session, [][]byte) { panic("planted") }}
	defer func() { ownCommands["time"] = ownCommand{run: tellTime} }()
	b.srv.stats.init()
	other, c := b.dial(), b.dial()
	other.want("SET a 1", "OK")
	if got := c.do("TIME"); got != "closed" {
		t.Errorf("the session that panicked answered %q", got)
	}
	other.want("GET a", "1")
	if log := b.logs.String(); !strings.Contains(log, "planted") {
		t.Errorf("the log says nothing of it: %s", log)
	}
	eventually(t, "the client is gone", func() bool { return b.srv.clients.count() == 1 })
}

func TestMaxClients(t *testing.T) {
	b := newBed(t, 1)
	c := b.dial()
	c.want("CONFIG SET maxclients 1", "OK")
	if got := b.dial().reply(); got != "-ERR max number of clients reached" {
		t.Error(got)
	}
	c.want("CONFIG SET maxclients 2", "OK")
	b.dial().want("PING", "PONG")
}

func TestProtectedMode(t *testing.T) {
	b := newBed(t, 1)
	for _, c := range []struct {
		addr string
		want bool
	}{{"127.0.0.1:1", false}, {"[::1]:1", false}, {"192.0.2.1:1", true}} {
		if got := b.srv.refuse(fakeConn{addr: c.addr}) != ""; got != c.want {
			t.Errorf("%s: refused %v", c.addr, got)
		}
	}
	b.dial().want("CONFIG SET protected-mode no", "OK")
	if got := b.srv.refuse(fakeConn{addr: "192.0.2.1:1"}); got != "" {
		t.Error(got)
	}
	b.dial().want("CONFIG SET protected-mode yes requirepass x", "OK")
	if got := b.srv.refuse(fakeConn{addr: "192.0.2.1:1"}); got != "" {
		t.Error(got)
	}
}

func TestSweep(t *testing.T) {
	b := newBed(t, 1)
	idle, busy := b.dial(), b.dial()
	idle.want("PING", "PONG")
	busy.want("CONFIG SET timeout 10", "OK")
	now := time.Now().UnixMilli()
	b.srv.sweepAt(now + 11_000)
	for _, c := range []*conn{idle, busy} {
		if got := c.reply(); got != "closed" {
			t.Errorf("an idle client got %q", got)
		}
	}
	b.srv.settings.timeout.Store(0)
	stuck := b.dial()
	stuck.want("PING", "PONG")
	b.srv.clients.all()[0].writing.Store(now)
	b.srv.sweepAt(now + writeTimeout + 1)
	if got := stuck.reply(); got != "closed" {
		t.Errorf("a stuck client got %q", got)
	}
}

// TestCloseWhileBusy: nothing keeps Close from ending, not even answers that never come.
func TestCloseWhileBusy(t *testing.T) {
	b := newBed(t, 1)
	b.shards[1].hold.Store(true)
	c := b.dial()
	c.send("SET a 1")
	eventually(t, "the batch arrives", func() bool { n, _ := b.shards[1].handle.Budget.InUse(); return n == 1 })
	done := make(chan struct{})
	go func() { defer close(done); b.srv.Close() }()
	<-done
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) && err == nil {
		t.Error("the connection is open")
	}
	cfg := b.srv.cfg
	cfg.Listener = closedListener(t)
	b.srv, _ = Serve(cfg)
}
