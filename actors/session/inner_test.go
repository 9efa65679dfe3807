package session

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/slotmap"
)

// dialInner is a connection from within the process.
func (b *bed) dialInner() *conn {
	b.t.Helper()
	c, err := b.srv.Dial()
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { c.Close() })
	return &conn{t: b.t, Conn: c}
}

// TestDial: a connection from within is logged in, and what is led elsewhere is done there, though the node answers
// MOVED to others.
func TestDial(t *testing.T) {
	var far elsewhere
	b := newBed(t, 2, func(b *bed, c *Config) {
		c.Requirepass = "secret"
		c.Forward = far.of(b)
	})
	in := b.dialInner()
	near, away := b.keyIn(1, "k"), b.keyIn(2, "k")
	b.moveAway(2)
	in.want("SET "+near+" 1", "OK", "SET "+away+" 2", "OK", "GET "+away, "2", "DBSIZE", "2")
	out := b.dial()
	out.want("GET "+near, "-NOAUTH Authentication required.", "AUTH secret", "OK", "DBSIZE", "1",
		"GET "+away, fmt.Sprintf("-MOVED %d %s", slotmap.Slot([]byte(away)), otherAddr))
}

// TestScanCoversAll: a connection that is forwarded sees the keys of all shards.
func TestScanCoversAll(t *testing.T) {
	var far elsewhere
	b := newBed(t, 3, func(b *bed, c *Config) {
		c.Forward = far.of(b)
	})
	in := b.dialInner()
	want := map[string]bool{}
	for id := slotmap.ShardID(1); id <= 3; id++ {
		k := b.keyIn(id, "k")
		in.want("SET "+k+" 1", "OK")
		want[k] = true
	}
	b.moveAway(1)
	b.moveAway(3)
	cursor := "0"
	for len(want) > 0 {
		got := strings.NewReplacer("[", " ", "]", " ").Replace(in.do("SCAN " + cursor))
		words := strings.Fields(got)
		cursor = words[0]
		for _, k := range words[1:] {
			delete(want, k)
		}
		if cursor == "0" {
			break
		}
	}
	if len(want) > 0 {
		t.Errorf("not seen: %v", want)
	}
	if n := len(strings.Fields(in.do("KEYS *"))); n != 3 {
		t.Errorf("KEYS: %d", n)
	}
	far.set(func(slotmap.NodeID) *replica.Answer { return &replica.Answer{Status: replica.Down} })
	if got := in.do("DBSIZE"); got != "-"+lineDown {
		t.Errorf("DBSIZE without all shards: %s", got)
	}
}

// TestDialLarge: a pipeline and its replies may be larger than what a connection holds, and both ends may close.
func TestDialLarge(t *testing.T) {
	b := newBed(t, 1)
	in := b.dialInner()
	value := strings.Repeat("v", maxInnerReplies/2)
	in.want("SET k "+value, "OK")
	var lines []string
	for range 10 {
		lines = append(lines, "GET k")
	}
	in.send(lines...)
	for range lines {
		if got := in.reply(); got != value {
			t.Fatalf("%d bytes", len(got))
		}
	}
	in.send("QUIT")
	if got := in.reply(); got != "OK" {
		t.Error(got)
	}
	if _, err := in.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("after QUIT: %v", err)
	}
	other := b.dialInner()
	other.send("GET k", "GET k", "GET k", "GET k")
	other.Close()
	eventually(t, "no connection is left", func() bool { return b.srv.clients.count() == 0 })
	b.srv.settings.maxclients.Store(0)
	if _, err := b.srv.Dial(); err != ErrBusy {
		t.Error(err)
	}
}

func TestMigrate(t *testing.T) {
	here, there := newBed(t, 2), newBed(t, 1)
	host, port, _ := net.SplitHostPort(there.srv.Addr().String())
	c, other := here.dial(), there.dial()
	to := "MIGRATE " + host + " " + port + " "
	c.want("SET {k}1 one", "OK", "RPUSH {k}2 a b c", "3", "SET {k}3 three PX 1000000", "OK")
	c.want(to+"{k}1 0 60000", "OK", to+"{k}1 0 60000", "NOKEY")
	c.want(to+` 0 60000 COPY KEYS {k}2 {k}3 {k}4`, "OK", "EXISTS {k}1 {k}2 {k}3", "2")
	other.want("GET {k}1", "one", "LRANGE {k}2 0 -1", "[a b c]", "PEXPIRE {k}3 5 LT", "1")
	for line, want := range map[string]string{
		to + "{k}2 0 60000":                   "BUSYKEY",
		to + "{k}2 5 60000":                   "not allowed in cluster mode",
		to + ` 0 60000 KEYS {k}2 other`:       "CROSSSLOT",
		to + "{k}2 0 60000 KEYS {k}3":         "empty string",
		"MIGRATE " + host + " 1 {k}2 0 60000": "IOERR error or timeout connecting",
	} {
		if got := c.do(line); !strings.Contains(got, want) {
			t.Errorf("%s: %s", line, got)
		}
	}
	c.want(to+"{k}2 0 60000 REPLACE", "OK", "EXISTS {k}2", "0", "MULTI", "OK")
	if got := c.do(to + "{k}3 0 60000"); !strings.Contains(got, "not allowed inside a transaction") {
		t.Error(got)
	}
	if got := other.do("INFO commandstats"); !strings.Contains(got, "cmdstat_restore-asking") {
		t.Error(got)
	}
	if got := c.do("DISCARD") + c.do("INFO commandstats"); strings.Contains(got, "cmdstat_dump") {
		t.Errorf("the commands of MIGRATE are counted: %s", got)
	}
}

// A MIGRATE to a server that says nothing goes on while its client is there, however long, and no longer.
func TestMigrateEndsWithItsClient(t *testing.T) {
	b := newBed(t, 1)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	host, port, _ := net.SplitHostPort(silent.Addr().String())
	c := b.dial()
	c.want("SET k 1", "OK", "CONFIG SET timeout 5", "OK")
	c.send("MIGRATE " + host + " " + port + " k 0 86400000")
	target, err := silent.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	target.SetReadDeadline(time.Now().Add(time.Minute))
	b.srv.sweepAt(b.srv.now.Load() + 60_000)
	other := b.dial()
	if got := other.do("CLIENT LIST"); !strings.Contains(got, "cmd=migrate") {
		t.Errorf("the client is gone: %s", got)
	}
	c.Close()
	if _, err := io.Copy(io.Discard, target); err != nil {
		t.Error(err)
	}
	eventually(t, "nothing of it is left", func() bool { return b.srv.clients.count() == 1 })
	other.want("GET k", "1")
}
