package session

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/slotmap"
)

func TestTransaction(t *testing.T) {
	c := newBed(t, 3).dial()
	c.want("MULTI", "OK", "SET {a}1 x", "QUEUED", "GET {a}1", "QUEUED", "INCR {a}1", "QUEUED",
		"EXEC", "[OK x -ERR value is not an integer or out of range]", "GET {a}1", "x",
		"EXEC", "-ERR EXEC without MULTI", "DISCARD", "-ERR DISCARD without MULTI",
		"MULTI", "OK", "MULTI", "-ERR MULTI calls can not be nested", "EXEC", "[]",
		"MULTI", "OK", "SET {a}1 y", "QUEUED", "DISCARD", "OK", "GET {a}1", "x",
		"MULTI", "OK", "GET {a}1", "QUEUED", "EXEC", "[x]")
}

func TestTransactionAborts(t *testing.T) {
	c := newBed(t, 3).dial()
	const aborted = "-EXECABORT Transaction discarded because of previous errors."
	for _, bad := range [][2]string{
		{"FOO", "-ERR unknown command 'FOO', with args beginning with: "},
		{"GET", "-ERR wrong number of arguments for 'get' command"},
		{"GET b", "-CROSSSLOT Keys in request don't hash to the same slot"},
		{"MGET a b", "-CROSSSLOT Keys in request don't hash to the same slot"},
		{"DBSIZE", "-ERR Command not allowed inside a transaction"},
		{"WAIT 1 1", "-ERR Command not allowed inside a transaction"},
	} {
		c.want("MULTI", "OK", "SET a 1", "QUEUED", bad[0], bad[1], "EXEC", aborted, "GET a", "nil")
	}
	c.want("MULTI", "OK", "WATCH a", "-ERR WATCH inside MULTI is not allowed", "SET a 1", "QUEUED", "EXEC", "[OK]")
}

// TestTransactionOwnCommands mixes commands of the session with those on data.
func TestTransactionOwnCommands(t *testing.T) {
	c := newBed(t, 1).dial()
	c.want("MULTI", "OK", "ECHO x", "QUEUED", "SET a 1", "QUEUED", "CLIENT SETNAME n", "QUEUED", "GET a", "QUEUED",
		"CLIENT GETNAME", "QUEUED", "CLIENT REPLY ON", "QUEUED", "EXEC", "[x OK OK 1 n OK]",
		"MULTI", "OK", "PING", "QUEUED", "EXEC", "[PONG]", "CLIENT GETNAME", "n")
}

// TestTransactionAsksShards: commands of the session that ask shards do so in a transaction too, after its own.
func TestTransactionAsksShards(t *testing.T) {
	c := newBed(t, 3, func(_ *bed, cfg *Config) { cfg.Debug = true }).dial()
	c.want("MULTI", "OK", "RPUSH a 1 2 3", "QUEUED", "CONFIG SET list-max-listpack-size 2", "QUEUED", "OBJECT ENCODING a", "QUEUED",
		"CONFIG GET list-max-listpack-size", "QUEUED", "CLUSTER COUNTKEYSINSLOT 15495", "QUEUED", "DEBUG SET-ACTIVE-EXPIRE 0", "QUEUED",
		"DEBUG SLEEP 0", "QUEUED", "CONFIG SET nothing 1", "QUEUED", "ECHO last", "QUEUED",
		"EXEC", "[3 OK listpack [list-max-listpack-size 2] 1 OK OK -ERR Unknown option or number of arguments for CONFIG SET - 'nothing' last]",
		"RPUSH b 1 2 3", "3", "OBJECT ENCODING b", "quicklist")
	c.want("WATCH a", "OK", "RPUSH a 4", "4", "MULTI", "OK", "CONFIG SET list-max-listpack-size 9", "QUEUED", "EXEC", "nil",
		"CONFIG GET list-max-listpack-size", "[list-max-listpack-size 2]")
}

func TestWatch(t *testing.T) {
	b := newBed(t, 3)
	c, other := b.dial(), b.dial()
	c.want("WATCH {a}1 {a}2", "OK", "MULTI", "OK", "SET {a}1 x", "QUEUED", "EXEC", "[OK]")
	c.want("WATCH {a}1", "OK")
	other.want("SET {a}1 y", "OK")
	c.want("MULTI", "OK", "SET {a}1 z", "QUEUED", "EXEC", "nil", "GET {a}1", "y", "MULTI", "OK", "SET {a}1 z", "QUEUED", "EXEC", "[OK]")
	c.want("WATCH {a}1", "OK")
	other.want("SET {a}1 y", "OK")
	c.want("UNWATCH", "OK", "MULTI", "OK", "SET {a}1 u", "QUEUED", "EXEC", "[OK]")
	c.want("WATCH {a}1", "OK")
	other.want("DEL {a}1", "1")
	c.want("MULTI", "OK", "EXEC", "nil", "MULTI", "OK", "EXEC", "[]")
	c.want("WATCH {a}1", "OK")
	other.want("SET {a}1 y", "OK")
	c.want("MULTI", "OK", "ECHO x", "QUEUED", "EXEC", "nil")
	c.want("WATCH a b", "-CROSSSLOT Keys in request don't hash to the same slot",
		"WATCH {a}1", "OK", "WATCH {b}1", "-CROSSSLOT Keys in request don't hash to the same slot",
		"MULTI", "OK", "GET {b}1", "-CROSSSLOT Keys in request don't hash to the same slot", "DISCARD", "OK", "WATCH {b}1", "OK")
}

// TestWatchInPipeline: WATCH and its EXEC come in one write, with the session's own write between.
func TestWatchInPipeline(t *testing.T) {
	c := newBed(t, 1).dial()
	c.want("WATCH a", "OK", "SET a 1", "OK", "MULTI", "OK", "GET a", "QUEUED", "EXEC", "nil",
		"WATCH a", "OK", "MULTI", "OK", "GET a", "QUEUED", "EXEC", "[1]")
}

// TestWatchRefused: an EXEC that was sent before the refusal could be known does not go ahead without the
// watch; after that the connection is as before.
func TestWatchRefused(t *testing.T) {
	b := newBed(t, 1)
	c := b.dial()
	abort := "-EXECABORT Transaction discarded because of previous errors."
	b.shards[1].mode.Store(uint32(replica.Down))
	c.want("WATCH a", "-"+lineDown, "MULTI", "OK", "ECHO x", "QUEUED", "EXEC", abort, "WATCH a", "-"+lineDown)
	b.shards[1].mode.Store(uint32(replica.Done))
	c.want("WATCH b", "OK", "MULTI", "OK", "SET b 1", "QUEUED", "EXEC", "[OK]", "GET b", "1")
}

// TestWatchRefusedBesideAnother: the keys that are watched stay so.
func TestWatchRefusedBesideAnother(t *testing.T) {
	b := newBed(t, 1)
	c, other := b.dial(), b.dial()
	c.want("WATCH {a}1", "OK")
	b.shards[1].mode.Store(uint32(replica.Down))
	c.want("WATCH {a}2", "-"+lineDown)
	b.shards[1].mode.Store(uint32(replica.Done))
	other.want("SET {a}1 y", "OK")
	c.want("MULTI", "OK", "SET {a}2 z", "QUEUED", "EXEC", "nil")
}

// TestTransactionRedirect: MOVED comes when a command is queued, and at EXEC if things changed since.
func TestTransactionRedirect(t *testing.T) {
	b := newBed(t, 2)
	c := b.dial()
	k := b.keyIn(2, "k")
	moved := fmt.Sprintf("-MOVED %d %s", slotmap.Slot([]byte(k)), otherAddr)
	c.want("MULTI", "OK", "SET "+k+" 1", "QUEUED")
	b.moveAway(2)
	c.want("EXEC", moved, "EXEC", "-ERR EXEC without MULTI",
		"MULTI", "OK", "SET "+k+" 1", moved, "EXEC", "-EXECABORT Transaction discarded because of previous errors.")
}

func TestScatter(t *testing.T) {
	b := newBed(t, 5)
	c := b.dial()
	c.want("DBSIZE", "0", "RANDOMKEY", "nil", "KEYS *", "[]")
	var want []string
	for i := range 100 {
		key := fmt.Sprintf("k%02d", i)
		c.do("SET " + key + " v")
		want = append(want, key)
	}
	if got := c.do("DBSIZE"); got != "100" {
		t.Errorf("DBSIZE %s", got)
	}
	keys := strings.Fields(strings.Trim(c.do("KEYS k*"), "[]"))
	slices.Sort(keys)
	if !slices.Equal(keys, want) {
		t.Errorf("KEYS gave %d keys", len(keys))
	}
	for range 20 {
		if got := c.do("RANDOMKEY"); !slices.Contains(want, got) {
			t.Errorf("RANDOMKEY %s", got)
		}
	}
	c.want("SET k00 v", "OK", "DBSIZE", "100", "SET new v", "OK", "DBSIZE", "101", "FLUSHALL NOW", "-ERR syntax error",
		"FLUSHALL ASYNC", "OK", "DBSIZE", "0", "SET a 1", "OK", "FLUSHDB", "OK", "DBSIZE", "0")
	b.shards[2].mode.Store(uint32(replica.Down))
	c.want("DBSIZE", "-"+lineDown)
	b.shards[2].mode.Store(uint32(replica.Moved))
	c.want("SET "+b.keyIn(1, "a")+" 1", "OK", "DBSIZE", "1")
}

func scanAll(t *testing.T, c *conn, args string, step func(i int)) []string {
	t.Helper()
	var keys []string
	cursor := "0"
	for i := 0; ; i++ {
		if i > 1000 {
			t.Fatal("the scan does not end")
		}
		reply := c.do("SCAN " + cursor + args)
		if strings.HasPrefix(reply, "-") {
			t.Fatalf("SCAN %s: %s", cursor, reply)
		}
		next, list, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(reply, "["), "]"), " ")
		keys = append(keys, strings.Fields(strings.Trim(list, "[]"))...)
		if next == "0" {
			break
		}
		cursor = next
		if step != nil {
			step(i)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func TestScan(t *testing.T) {
	b := newBed(t, 5)
	c := b.dial()
	for i := range 300 {
		c.do(fmt.Sprintf("SET k%d v", i))
	}
	if got := scanAll(t, c, "", nil); len(got) != 300 {
		t.Errorf("%d keys of 300", len(got))
	}
	if got := scanAll(t, c, " MATCH k1* COUNT 7 TYPE string", nil); len(got) != 111 {
		t.Errorf("%d keys of 111", len(got))
	}
	if got := scanAll(t, c, " TYPE hash", nil); len(got) != 0 {
		t.Errorf("%d hashes", len(got))
	}
	// A shard that is led elsewhere from the middle of its scan on is finished by the replica here.
	follow := func(i int) {
		if i == 3 {
			for _, f := range b.shards {
				f.handle.Gauges.Role.Store(uint32(replica.RoleFollower))
			}
		}
	}
	first := len(b.shards[1].keysHere())
	if got := scanAll(t, c, " COUNT 5", follow); len(got) != first {
		t.Errorf("%d keys, shard 1 has %d", len(got), first)
	}
	c.want("SCAN x", "-ERR invalid cursor", "SCAN 0", "[0 []]", "SCAN 262143", "-ERR invalid cursor")
}

// keysHere counts by the gauge, which the fake keeps.
func (f *fakeReplica) keysHere() []struct{} { return make([]struct{}, f.handle.Gauges.Keys.Load()) }

func TestWait(t *testing.T) {
	b := newBed(t, 2)
	c := b.dial()
	f := b.shards[1]
	f.durable.Store(2)
	b.shards[2].durable.Store(1)
	c.want("WAIT 0 100", "2", "SET "+b.keyIn(1, "k")+" 1", "OK", "WAIT 2 100", "2",
		"SET "+b.keyIn(2, "k")+" 1", "OK", "WAIT 1 100", "1",
		"WAIT x 1", "-"+errNotInteger, "WAIT 1 x", "-ERR timeout is not an integer or out of range", "WAIT 1 -1", "-ERR timeout is negative")
	// What is behind a WAIT waits, what is before it is answered at once.
	c.send("PING", "WAIT 3 0", "PING")
	if got := c.reply(); got != "PONG" {
		t.Fatal(got)
	}
	eventually(t, "the wait is on", func() bool { return b.srv.clients.all()[0].blocked.Load() })
	if got := b.dial().do("INFO clients"); !strings.Contains(got, "blocked_clients:1") {
		t.Error(got)
	}
	eventually(t, "the wait ends", func() bool {
		b.send(1, dropWaits{})
		b.send(2, dropWaits{})
		return !b.srv.clients.all()[0].blocked.Load()
	})
	if got := c.reply() + " " + c.reply(); got != "1 PONG" {
		t.Error(got)
	}
}

// TestWaitForTheStopped: of a shard that is gone, led elsewhere by now, or that gives no answer, as many followers
// are counted as make a majority with its leader, whether the client set a timeout or not.
func TestWaitForTheStopped(t *testing.T) {
	b := newBed(t, 2)
	c := b.dial()
	b.change(func(r *Routes) {
		for _, id := range []slotmap.ShardID{1, 2} {
			sh, _ := r.Map.Shard(id)
			sh.Index, sh.Members = 2, append(slices.Clone(sh.Members), slotmap.Member{Replica: 3, Node: slotmap.NodeID{3}})
			r.Map, _ = r.Map.Apply(slotmap.Delta{Shard: sh})
		}
	})
	for range 3 { // the last of them is younger than the members
		c.want("SET "+b.keyIn(1, "k")+" 1", "OK", "SET "+b.keyIn(2, "k")+" 1", "OK")
	}
	ends := map[string]func(){
		"WAIT 1 0":   func() { b.change(func(r *Routes) { delete(r.Handles, 1) }) },
		"WAIT 2 0":   func() { b.shards[2].handle.Gauges.Role.Store(uint32(replica.RoleFollower)) },
		"WAIT 1 100": func() {},
	}
	for i, line := range []string{"WAIT 1 100", "WAIT 2 0", "WAIT 1 0"} {
		c.send(line)
		eventually(t, "the wait is on", func() bool { return b.srv.clients.all()[0].blocked.Load() })
		ends[line]()
		b.srv.sweepAt(b.srv.now.Load() + 100 + waitGrace + 1)
		want := "1"
		if i == 1 {
			b.send(1, dropWaits{}) // which says that it has none
			want = "0"
		}
		if got := c.reply(); got != want {
			t.Errorf("%s: %s", line, got)
		}
		if b.srv.clients.all()[0].blocked.Load() {
			t.Error("still blocked")
		}
	}
	b.send(1, dropWaits{}) // late answers change nothing
	b.send(2, dropWaits{})
	c.want("PING", "PONG")
}

// TestWaitGivenUp: a client that leaves ends its WAIT.
func TestWaitGivenUp(t *testing.T) {
	b := newBed(t, 1)
	c := b.dial()
	c.send("WAIT 5 0")
	eventually(t, "the wait is on", func() bool {
		all := b.srv.clients.all()
		return len(all) == 1 && all[0].blocked.Load()
	})
	c.Close()
	eventually(t, "the session ends", func() bool { return b.srv.clients.count() == 0 })
}

func TestAuth(t *testing.T) {
	b := newBed(t, 1, func(_ *bed, c *Config) { c.Requirepass = "secret" })
	c := b.dial()
	c.want("GET a", "-NOAUTH Authentication required.", "FOO", "-ERR unknown command 'FOO', with args beginning with: ",
		"AUTH wrong", "-"+errWrongPass, "AUTH user secret", "-"+errWrongPass, "AUTH default secret x", "-ERR syntax error",
		"HELLO 3", "-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time",
		"HELLO 3 AUTH default wrong", "-"+errWrongPass,
		"AUTH secret", "OK", "SET a 1", "OK", "GET a", "1", "RESET", "RESET", "GET a", "-NOAUTH Authentication required.",
		"AUTH default secret", "OK", "GET a", "1")
	c = b.dial()
	if got := c.do("HELLO 3 AUTH default secret SETNAME me"); !strings.HasPrefix(got, "%[server redis version 7.2.") {
		t.Error(got)
	}
	c.want("CLIENT GETNAME", "me", "GET nothing", "nil")
	// A stranger may not send much.
	c = b.dial()
	c.Write([]byte("*2\r\n$4\r\nPING\r\n$16385\r\n"))
	if got := c.reply(); got != "-ERR Protocol error: unauthenticated bulk length" {
		t.Error(got)
	}
	// But it may send its login and much behind it in one write.
	c = b.dial()
	big := strings.Repeat("x", 20_000)
	c.Write(append(pack("AUTH secret"), encodeArgs("SET", "big", big)...))
	if got := c.reply() + c.reply(); got != "OKOK" {
		t.Error(got)
	}
	b.dial().want("AUTH secret", "OK", "CONFIG GET requirepass", "[requirepass secret]")
	if got := newBed(t, 1).dial().do("AUTH x"); !strings.HasPrefix(got, "-ERR AUTH <password> called without any password configured") {
		t.Error(got)
	}
}

func TestHello(t *testing.T) {
	c := newBed(t, 1).dial()
	c.want("HELLO 4", "-NOPROTO unsupported protocol version", "HELLO x", "-ERR Protocol version is not an integer or out of range",
		"HELLO 2 FOO", "-ERR Syntax error in HELLO option 'FOO'", "HELLO 3 SETNAME a\x01b", "-"+errClientName)
	if got := c.do("HELLO"); !strings.Contains(got, "proto 2 id 1 mode cluster role master modules []") {
		t.Error(got)
	}
	c.send("GET a", "HELLO 3", "GET a")
	if got := c.reply(); got != "nil" {
		t.Error(got)
	}
	if got := c.reply(); !strings.HasPrefix(got, "%[") || !strings.Contains(got, "proto 3") {
		t.Error(got)
	}
	if c.reply(); string(c.buf) != "" {
		t.Error("more than asked for")
	}
	c.send("GET a")
	buf := make([]byte, 10)
	n, _ := c.Read(buf)
	if string(buf[:n]) != "_\r\n" {
		t.Errorf("RESP3 null is %q", buf[:n])
	}
}

func TestClientCommands(t *testing.T) {
	b := newBed(t, 1)
	c, other := b.dial(), b.dial()
	c.want("CLIENT ID", "1", "CLIENT GETNAME", "nil", "CLIENT SETNAME one", "OK", "CLIENT GETNAME", "one",
		"CLIENT SETINFO LIB-NAME mylib", "OK", "CLIENT SETINFO lib-ver 1.2", "OK", "CLIENT SETINFO x y", "-ERR Unrecognized option 'x'",
		"CLIENT NO-EVICT ON", "OK", "CLIENT NO-TOUCH on", "OK", "CLIENT NO-TOUCH maybe", "-ERR syntax error", "CLIENT SETNAME", "-ERR wrong number of arguments for 'client|setname' command")
	other.want("PING", "PONG")
	line := c.do("CLIENT INFO")
	for _, want := range []string{"id=1 ", "name=one", "lib-name=mylib", "lib-ver=1.2", "flags=eT", "cmd=client|info", "resp=2", "addr=127.0.0.1:"} {
		if !strings.Contains(line, want) {
			t.Errorf("CLIENT INFO lacks %q: %s", want, line)
		}
	}
	if list := c.do("CLIENT LIST"); strings.Count(list, "\n") != 2 {
		t.Errorf("CLIENT LIST: %q", list)
	}
	if list := c.do("CLIENT LIST ID 2"); !strings.HasPrefix(list, "id=2 ") {
		t.Errorf("CLIENT LIST ID 2: %q", list)
	}
	c.want("CLIENT LIST TYPE pubsub", "", "CLIENT LIST TYPE x", "-ERR Unknown client type 'x'", "CLIENT LIST x", "-ERR syntax error",
		"CLIENT LIST ID x", "-ERR Invalid client ID")
	c.want("CLIENT KILL 1.2.3.4:5", "-ERR No such client", "CLIENT KILL ID 99", "0", "CLIENT KILL ID 0", "-ERR client-id should be greater than 0",
		"CLIENT KILL ID 1", "0", "CLIENT KILL TYPE master", "0", "CLIENT KILL USER x", "-ERR No such user 'x'", "CLIENT KILL ID 2 SKIPME yes", "1")
	if got := other.do("PING"); got != "closed" {
		t.Error("a killed client got", got)
	}
	c.send("CLIENT KILL ID 1 SKIPME no", "PING")
	if got := c.reply() + " " + c.reply(); got != "1 closed" {
		t.Error(got)
	}
}

func TestClientReply(t *testing.T) {
	c := newBed(t, 1).dial()
	c.send("CLIENT REPLY SKIP", "SET a 1", "GET a", "CLIENT REPLY OFF", "SET a 2", "PING", "CLIENT REPLY ON", "GET a")
	if got := c.reply() + " " + c.reply() + " " + c.reply(); got != "1 OK 2" {
		t.Error(got)
	}
	c.want("CLIENT REPLY x", "-ERR syntax error")
}

func TestReset(t *testing.T) {
	c := newBed(t, 1).dial()
	c.send("HELLO 3", "CLIENT SETNAME x", "READONLY", "WATCH a", "MULTI", "SET a 1", "RESET", "GET a", "CLIENT GETNAME", "EXEC")
	for range 6 {
		c.reply()
	}
	for _, want := range []string{"RESET", "nil", "nil", "-ERR EXEC without MULTI"} {
		if got := c.reply(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if line := c.do("CLIENT INFO"); !strings.Contains(line, "flags=N ") || !strings.Contains(line, "resp=2") {
		t.Error(line)
	}
}

func TestConfig(t *testing.T) {
	c := newBed(t, 1, func(_ *bed, c *Config) { c.Params = map[string]string{"appendfsync": "always"} }).dial()
	c.want("CONFIG GET save", "[save ]", "CONFIG GET maxmemory*", "[maxmemory 0 maxmemory-clients 0 maxmemory-policy noeviction maxmemory-samples 5]", "CONFIG GET nothing", "[]",
		"CONFIG GET APPENDFSYNC timeout", "[appendfsync always timeout 0]", "CONFIG SET timeout 5 maxclients 9", "OK",
		"CONFIG GET timeout maxclients", "[maxclients 9 timeout 5]",
		"CONFIG SET timeout x", "-ERR CONFIG SET failed (possibly related to argument 'timeout') - argument couldn't be parsed into an integer",
		"CONFIG SET maxclients 0", "-ERR CONFIG SET failed (possibly related to argument 'maxclients') - argument must be between 1 and 2147483647 inclusive",
		"CONFIG SET timeout 7 save x", "-ERR CONFIG SET failed (possibly related to argument 'save') - Invalid save parameters",
		"CONFIG SET timeout 7 timeout 8", "-ERR CONFIG SET failed (possibly related to argument 'timeout') - duplicate parameter",
		"CONFIG SET foo 1", "-ERR Unknown option or number of arguments for CONFIG SET - 'foo'", "CONFIG SET timeout 1 x", "-ERR syntax error",
		"CONFIG SET protected-mode x", "-ERR CONFIG SET failed (possibly related to argument 'protected-mode') - argument must be 'yes' or 'no'",
		"CONFIG GET timeout", "[timeout 5]", "CONFIG RESETSTAT", "OK")
}

func TestConfigOfEncodings(t *testing.T) {
	c := newBed(t, 3).dial()
	c.want("CONFIG GET hash-max-ziplist-entries hash-max-listpack-value timeout", "[timeout 0 hash-max-listpack-value 64 hash-max-ziplist-entries 128]",
		"CONFIG SET hash-max-ziplist-entries 2 timeout 9 zset-max-listpack-value 3", "OK",
		"CONFIG GET hash-max-*-entries timeout", "[timeout 9 hash-max-listpack-entries 2 hash-max-ziplist-entries 2]",
		"CONFIG SET hash-max-listpack-entries -1", "-ERR CONFIG SET failed (possibly related to argument 'hash-max-listpack-entries') - argument must be between 0 and 2147483647 inclusive",
		"CONFIG SET list-max-ziplist-size -3 timeout x", "-ERR CONFIG SET failed (possibly related to argument 'timeout') - argument couldn't be parsed into an integer",
		"CONFIG GET list-max-listpack-size", "[list-max-listpack-size -2]")
	for _, key := range []string{"a", "b", "c", "d", "e"} { // of several shards
		c.want("HSET "+key+" 1 1 2 2", "2", "OBJECT ENCODING "+key, "listpack", "HSET "+key+" 3 3", "1", "OBJECT ENCODING "+key, "hashtable")
	}
}

// Where the keys of a command cannot be told, the command itself says what is wrong with it.
func TestCommandsWhoseKeysCannotBeTold(t *testing.T) {
	c := newBed(t, 2).dial()
	c.want("SINTERCARD x a", "-ERR numkeys should be greater than 0", "ZUNION 0 a", "-ERR at least 1 input key is needed for 'zunion' command",
		"ZMPOP 3 a MIN", "-ERR syntax error", "ZINTERSTORE a 5 b", "-ERR syntax error")
}

func TestInfo(t *testing.T) {
	b := newBed(t, 2)
	c := b.dial()
	c.want("SET a 1", "OK", "INCR a", "2", "SET b x", "OK", "INCR b", "-ERR value is not an integer or out of range", "GET", "-ERR wrong number of arguments for 'get' command")
	all := c.do("INFO everything")
	for _, want := range []string{
		"# Server\r\n", "redis_version:7.2.", "troupe_version:test", "redis_mode:cluster", "# Clients", "connected_clients:1", "# Memory",
		"maxmemory_policy:noeviction", "loading:0", "# Stats", "total_error_replies:2", "role:master", "master_repl_offset:", "# CPU",
		"# Modules", "cmdstat_set:calls=2,", "rejected_calls=0,failed_calls=0", "cmdstat_incr:calls=2,", "failed_calls=1",
		"cmdstat_get:calls=0,usec=0,usec_per_call=0.00,rejected_calls=1,failed_calls=0", "errorstat_ERR:count=2", "cluster_enabled:1",
		"db0:keys=2,expires=0", "# Shards\r\nshard1:slots=0-8191,role=leader,leader=", "term=0,last=0,commit=0,applied=0,",
		"# Clock\r\nclock_verdict:agrees\r\nclock_offset_ms:7\r\nclocks_known:1\r\nclock_nodes:1\r\n",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("INFO lacks %q", want)
		}
	}
	if got := c.do("INFO"); strings.Contains(got, "cmdstat") || !strings.Contains(got, "# Shards") {
		t.Error("the default sections are wrong")
	}
	if got := c.do("INFO keyspace"); got != "# Keyspace\r\ndb0:keys=2,expires=0,avg_ttl=0\r\n" {
		t.Errorf("%q", got)
	}
	if got := c.do("INFO nothing"); got != "" {
		t.Errorf("%q", got)
	}
	c.want("CONFIG RESETSTAT", "OK")
	if got := c.do("INFO commandstats"); strings.Contains(got, "cmdstat_set") {
		t.Error(got)
	}
}

func TestCluster(t *testing.T) {
	b := newBed(t, 2)
	c := b.dial()
	ip, port := endpoint(b.routes.Load().Self)
	self, other := selfID.String(), otherID.String()
	node := func(id, ip string, port int) string { return fmt.Sprintf("[%s %d %s []]", ip, port, id) }
	standby := node(other, "10.0.0.2", 7002)
	me := node(self, ip, port)
	c.want("CLUSTER MYID", self, "CLUSTER KEYSLOT foo", "12182", "CLUSTER REPLICAS "+self, "[]", "CLUSTER REPLICAS x", "-ERR Unknown node x",
		"CLUSTER LINKS", "[]", "CLUSTER SLOTS", fmt.Sprintf("[[0 8191 %s %s] [8192 16383 %s %s]]", me, standby, me, standby))
	if got := c.do("CLUSTER MYSHARDID"); len(got) != 40 {
		t.Error(got)
	}
	nodes := strings.Split(strings.TrimSpace(c.do("CLUSTER NODES")), "\n")
	if len(nodes) != 2 || nodes[0] != fmt.Sprintf("%s %s:%d@17000 myself,master - 0 0 1 connected 0-8191 8192-16383", self, ip, port) {
		t.Errorf("%q", nodes)
	}
	if f := strings.Fields(nodes[1]); len(f) != 8 || f[1] != "10.0.0.2:7002@17002" || f[2] != "master" || f[7] != "connected" {
		t.Errorf("%q", nodes[1])
	}
	info := c.do("CLUSTER INFO")
	for _, want := range []string{"cluster_state:ok", "cluster_slots_assigned:16384", "cluster_slots_ok:16384", "cluster_known_nodes:2", "cluster_size:1"} {
		if !strings.Contains(info, want) {
			t.Errorf("CLUSTER INFO lacks %s: %s", want, info)
		}
	}
	shards := c.do("CLUSTER SHARDS")
	want := fmt.Sprintf("[slots [0 8191] nodes [[id %s port %d ip %s endpoint %s role master replication-offset 0 health online]", self, port, ip, ip)
	if !strings.Contains(shards, want) {
		t.Errorf("CLUSTER SHARDS: %s", shards)
	}
	k := b.keyIn(2, "k")
	slot := strconv.Itoa(int(slotmap.Slot([]byte(k))))
	c.want("SET "+k+" 1", "OK", "CLUSTER COUNTKEYSINSLOT "+slot, "1", "CLUSTER GETKEYSINSLOT "+slot+" 10", "["+k+"]",
		"CLUSTER COUNTKEYSINSLOT 16384", "-ERR Invalid slot", "CLUSTER GETKEYSINSLOT 1 -1", "-ERR Invalid slot or number of keys",
		"CLUSTER COUNTKEYSINSLOT x", "-"+errNotInteger)
	b.moveAway(2)
	c.want("CLUSTER COUNTKEYSINSLOT "+slot, "0", "CLUSTER GETKEYSINSLOT "+slot+" 10", "[]",
		"CLUSTER SLOTS", fmt.Sprintf("[[0 8191 %s %s] [8192 16383 %s]]", me, standby, standby))
}

// TestClusterLinks: one map for each connection, which RESP2 writes as an array.
func TestClusterLinks(t *testing.T) {
	links := []link.Connection{
		{Node: otherID, Since: time.UnixMilli(1700000000123), Queued: 5, Allocated: 70},
		{Node: otherID, Inbound: true, Since: time.UnixMilli(1700000000124)},
	}
	b := newBed(t, 1, func(_ *bed, cfg *Config) { cfg.Links = func() []link.Connection { return links } })
	c := b.dial()
	to := "direction to node " + otherID.String() + " create-time 1700000000123 events rw send-buffer-allocated 70 send-buffer-used 5]"
	from := "direction from node " + otherID.String() + " create-time 1700000000124 events r send-buffer-allocated 0 send-buffer-used 0]"
	c.want("CLUSTER LINKS", "[["+to+" ["+from+"]")
	c.do("HELLO 3")
	c.want("CLUSTER LINKS", "[%["+to+" %["+from+"]")
}

// TestClusterWithoutLeader: clients are shown a full cover while a shard elects, and a state of fail.
func TestClusterWithoutLeader(t *testing.T) {
	b := newBed(t, 2)
	c := b.dial()
	g := b.shards[2].handle.Gauges
	g.Role.Store(uint32(replica.RoleCandidate))
	g.Ready.Store(false)
	if b.routes.Load().Served() {
		t.Error("Served without a leader")
	}
	if got := c.do("CLUSTER INFO"); !strings.Contains(got, "cluster_state:fail") || !strings.Contains(got, "cluster_slots_ok:8192") {
		t.Error(got)
	}
	if got := c.do("CLUSTER SLOTS"); !strings.Contains(got, "[8192 16383 [127.0.0.1") {
		t.Error(got)
	}
	g.Role.Store(uint32(replica.RoleLeader))
	g.Ready.Store(true)
	if !b.routes.Load().Served() {
		t.Error("not Served with all leaders")
	}
}

func TestHelpAndCommand(t *testing.T) {
	c := newBed(t, 1).dial()
	for _, name := range []string{"CLIENT", "CONFIG", "CLUSTER", "COMMAND", "OBJECT", "MEMORY"} {
		if got := c.do(name + " HELP"); !strings.HasPrefix(got, "["+name+" <subcommand> ") {
			t.Errorf("%s HELP: %.80s", name, got)
		}
	}
	c.want("COMMAND GETKEYS SET a b", "[a]")
	if got := c.do("COMMAND INFO get"); !strings.HasPrefix(got, "[[get 2 [readonly fast] 1 1 1 ") {
		t.Errorf("%.80s", got)
	}
	if got := c.do("TIME"); len(strings.Fields(got)) != 2 {
		t.Error(got)
	}
}

// TestForward: with forwarding on, a batch for a shard that is elsewhere goes there.
func TestForward(t *testing.T) {
	b, far := newForwardingBed(t)
	c := b.dial()
	k := b.keyIn(2, "k")
	b.moveAway(2)
	c.want("SET "+k+" 1", "OK", "GET "+k, "1", "MULTI", "OK", "INCR "+k, "QUEUED", "EXEC", "[2]")
	if got := far.askedNodes()[0]; got != otherID {
		t.Error(got)
	}
	// A replica here that does not lead says who does.
	f := b.shards[1]
	id := otherID
	f.leader.Store(&id)
	f.mode.Store(uint32(replica.Moved))
	k = b.keyIn(1, "k")
	before := len(far.askedNodes())
	if got, asked := c.do("GET "+k), len(far.askedNodes())-before; got != "-"+lineDown || asked != 2*maxHops {
		t.Errorf("after %d hops: %q", asked, got)
	}
}

// TestForwardedAndLost: what was not done for want of a leader, and a read whose answer is lost, is asked of the replica
// here once, which waits for a new leader; a write whose outcome is not known is not.
func TestForwardedAndLost(t *testing.T) {
	b, far := newForwardingBed(t)
	c := b.dial()
	k, f, id := b.keyIn(1, "k"), b.shards[1], otherID
	f.leader.Store(&id)
	for _, tt := range []struct {
		command string
		status  replica.Status
		elected bool // here, meanwhile
		want    string
		asked   int
	}{
		{"SET " + k + " 1", replica.Down, true, "OK", 1},
		{"GET " + k, replica.Unknown, true, "1", 1},
		{"INCR " + k, replica.Unknown, true, "-" + lineUnknown, 1},
		{"GET " + k, replica.Down, true, "1", 1},
		{"SET " + k + " 2", replica.Down, false, "-" + lineDown, 2},
		{"GET " + k, replica.Unknown, false, "-" + lineTryAgain, 2},
	} {
		f.mode.Store(uint32(replica.Moved))
		before := len(far.askedNodes())
		far.set(func(slotmap.NodeID) *replica.Answer {
			if tt.elected {
				f.mode.Store(uint32(replica.Done))
			}
			return &replica.Answer{Status: tt.status}
		})
		c.want(tt.command, tt.want)
		if asked := len(far.askedNodes()) - before; asked != tt.asked {
			t.Errorf("%s: forwarded %d times", tt.command, asked)
		}
	}
	// Without a replica here nobody knows when there will be a leader.
	b.moveAway(1)
	far.set(func(slotmap.NodeID) *replica.Answer { return &replica.Answer{Status: replica.Down} })
	c.want("SET "+k+" 3", "-"+lineDown)
}

// elsewhere stands in for the nodes that a test's batches are forwarded to, and for the way there.
type elsewhere struct {
	bed    *bed
	mu     sync.Mutex
	asked  []slotmap.NodeID
	answer func(to slotmap.NodeID) *replica.Answer // nil, or answering nil: the bed's own replica serves
	open   map[uint64]func(withError bool)         // what waits, by the name that it has here
}

// newForwardingBed is a server of two shards that has others carry out what it does not lead.
func newForwardingBed(t *testing.T) (*bed, *elsewhere) {
	far := &elsewhere{}
	return newBed(t, 2, func(b *bed, c *Config) { c.ForwardAll, c.Forward = true, far.of(b) }), far
}

func (e *elsewhere) of(b *bed) Forwarder {
	e.bed, e.open = b, map[uint64]func(bool){}
	return e
}

func (e *elsewhere) askedNodes() []slotmap.NodeID {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.asked)
}

func (e *elsewhere) set(answer func(slotmap.NodeID) *replica.Answer) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.answer = answer
}

// Ask implements Forwarder.
func (e *elsewhere) Ask(to slotmap.NodeID, shard slotmap.ShardID, m *replica.Batch) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked = append(e.asked, to)
	if e.answer != nil {
		if a := e.answer(to); a != nil {
			a.Batch = m
			m.Sink.Deliver(a)
			return true
		}
	}
	e.bed.shards[shard].handle.Budget.TryAcquire(m.Cost())
	there := *m
	there.Sink = &farSink{e, m, shard}
	e.bed.send(shard, &there)
	return true
}

// Copies implements Forwarder.
func (e *elsewhere) Copies(_ slotmap.NodeID, shard slotmap.ShardID, q *replica.WaitQuery) (uint64, bool) {
	e.bed.send(shard, q)
	return e.note(func(bool) {}), true
}

// note gives what waits a name.
func (e *elsewhere) note(end func(withError bool)) uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	id := uint64(1000 + len(e.open))
	e.open[id] = end
	return id
}

// Unblock implements Forwarder.
func (e *elsewhere) Unblock(id uint64, withError bool) {
	e.mu.Lock()
	end := e.open[id]
	e.open[id] = nil
	e.mu.Unlock()
	end(withError)
}

// ended counts what was ended by Unblock.
func (e *elsewhere) ended() (n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, end := range e.open {
		if end == nil {
			n++
		}
	}
	return n
}

// farSink passes on the answers to a batch.
type farSink struct {
	e     *elsewhere
	batch *replica.Batch
	shard slotmap.ShardID
}

// Deliver implements replica.Sink.
func (f *farSink) Deliver(a *replica.Answer) {
	there := *a
	there.Batch = f.batch
	if a.Status == replica.Waits {
		there.Waiter = f.e.note(func(withError bool) {
			f.e.bed.send(f.shard, &replica.Unblock{IDs: []uint64{a.Waiter}, Error: withError})
		})
	}
	f.batch.Sink.Deliver(&there)
}

// TestScanGoesOnElsewhere: the shard that a cursor is in moved to a node, and no replica of it is left here.
func TestScanGoesOnElsewhere(t *testing.T) {
	var far elsewhere
	b := newBed(t, 2, func(b *bed, c *Config) {
		c.Forward = far.of(b)
	})
	c := b.dial()
	k := b.keyIn(2, "k")
	c.want("SET "+k+" 1", "OK")
	b.moveAway(2)
	at := strconv.FormatUint(scanCursor(2, 0), 10)
	c.want("SCAN "+at, "[0 ["+k+"]]", "GET "+k, fmt.Sprintf("-MOVED %d %s", slotmap.Slot([]byte(k)), otherAddr))
	third := slotmap.NodeID{3}
	far.set(func(to slotmap.NodeID) *replica.Answer {
		if to == third {
			return nil
		}
		return &replica.Answer{Status: replica.Moved, Leader: third}
	})
	c.want("SCAN "+at, "[0 ["+k+"]]")
	for status, line := range map[replica.Status]string{
		replica.Unknown: lineTryAgain, // what is lost was a read: it may be repeated
		replica.Down:    lineDown,
		replica.Moved:   lineDown,
	} {
		far.set(func(slotmap.NodeID) *replica.Answer { return &replica.Answer{Status: status} })
		c.want("SCAN "+at, "-"+line)
	}
	far.set(func(slotmap.NodeID) *replica.Answer {
		return &replica.Answer{Status: replica.Done, Replies: []byte("*2\r\n$1\r\n5\r\n*0\r\n"), Ends: []uint32{15}}
	})
	c.want("SCAN "+at, fmt.Sprintf("[%d []]", scanCursor(2, 5)))
	if want := []slotmap.NodeID{otherID, otherID, third}; !slices.Equal(far.askedNodes()[:3], want) {
		t.Errorf("asked %v", far.askedNodes())
	}
}

// TestExpiry: replies that need the time are the shard's.
func TestExpiry(t *testing.T) {
	b := newBed(t, 1)
	c := b.dial()
	c.want("SET a 1 PX 1000", "OK", "TTL a", "1")
	b.send(1, advanceClock{by: int64(2 * time.Second / time.Millisecond)})
	c.want("GET a", "nil")
}
