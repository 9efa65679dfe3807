package session

import (
	"strconv"
	"strings"
	"testing"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/wire/resp"
)

// dropBlocked ends all waits of a shard as a change of its leader does.
type dropBlocked struct{ status replica.Status }

// ConsensusLane keeps it in order with replica.Unblock.
func (dropBlocked) ConsensusLane() {}

func (f *fakeReplica) endBlocked(s replica.Status) {
	for id, b := range f.blocked {
		delete(f.blocked, id)
		b.Sink.Deliver(&replica.Answer{Batch: b, Status: s})
	}
	f.state.EndWaits()
}

func (f *fakeReplica) answerServed() {
	for _, end := range f.state.TakeServed() {
		b := f.blocked[end.ID]
		delete(f.blocked, end.ID)
		b.Sink.Deliver(&replica.Answer{
			Batch: b, Replies: end.Reply, Ends: []uint32{uint32(len(end.Reply))}, Index: f.index, Cancelled: end.Cancelled,
		})
	}
}

func (f *fakeReplica) unblock(m *replica.Unblock) {
	how := "timeout"
	if m.Error {
		how = "error"
	}
	args := [][]byte{[]byte("unblock"), []byte(how)}
	for _, id := range m.IDs {
		args = append(args, strconv.AppendUint(nil, id, 10))
	}
	f.index++
	var w resp.Writer
	f.state.Exec(&keyspace.Env{Index: f.index, Now: f.now}, &keyspace.Op{Args: args}, &w)
	f.answerServed()
}

func (b *bed) blockedClients() (n int) {
	for _, c := range b.srv.clients.all() {
		if c.blocked.Load() {
			n++
		}
	}
	return n
}

// block sends a command and waits until the client is blocked in it.
func (b *bed) block(c *conn, line string) {
	b.t.Helper()
	before := b.blockedClients()
	c.send(line)
	eventually(b.t, "the client is blocked", func() bool { return b.blockedClients() > before })
}

func TestBlockedIsServed(t *testing.T) {
	b := newBed(t, 1)
	c, other := b.dial(), b.dial()
	b.block(c, "BLPOP q 0")
	if got := other.do("INFO clients"); !strings.Contains(got, "blocked_clients:1") {
		t.Error(got)
	}
	if got := other.do("CLIENT LIST"); !strings.Contains(got, "flags=b") {
		t.Error(got)
	}
	other.want("RPUSH q a b", "2", "LRANGE q 0 -1", "[b]")
	if got := c.reply(); got != "[q a]" {
		t.Error(got)
	}
	if n := b.blockedClients(); n != 0 {
		t.Errorf("%d clients are blocked", n)
	}
	c.want("BLPOP q 0", "[q b]", "BLPOP q x", "-ERR timeout is not a float or out of range")
}

// What is before a command that blocks is answered at once, what is behind it waits with it.
func TestBlockedInAPipeline(t *testing.T) {
	b := newBed(t, 2)
	c, other := b.dial(), b.dial()
	q, k := b.keyIn(1, "q"), b.keyIn(2, "k")
	c.send("SET "+k+" 1", "BLPOP "+q+" 0", "INCR "+k, "BLPOP "+q+" 0", "GET "+k)
	if got := c.reply(); got != "OK" {
		t.Error(got)
	}
	eventually(t, "the client is blocked", func() bool { return b.blockedClients() == 1 })
	other.want("GET "+k, "1", "RPUSH "+q+" a b", "2")
	for _, want := range []string{"[" + q + " a]", "2", "[" + q + " b]", "2"} {
		if got := c.reply(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestBlockingInATransactionDoesNotBlock(t *testing.T) {
	b := newBed(t, 1)
	b.dial().want("MULTI", "OK", "BLPOP q 0", "QUEUED", "RPUSH q a", "QUEUED", "BLMOVE {q}2 q left left 0", "QUEUED",
		"BLPOP q 0", "QUEUED", "EXEC", "[nil 1 nil [q a]]")
}

func TestClientUnblock(t *testing.T) {
	b := newBed(t, 1)
	c, other := b.dial(), b.dial()
	c.want("CLIENT ID", "1")
	b.block(c, "BLPOP q 0")
	other.want("CLIENT UNBLOCK 1", "1")
	if got := c.reply(); got != "nil" {
		t.Error(got)
	}
	b.block(c, "BLMOVE q {q}p left right 0")
	other.want("CLIENT UNBLOCK 1 ERROR", "1", "CLIENT UNBLOCK 1 ERROR", "0", "CLIENT UNBLOCK 77", "0",
		"CLIENT UNBLOCK x", "-"+errNotInteger, "CLIENT UNBLOCK 1 x", "-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR",
		"RPUSH q a", "1", "LLEN q", "1")
	if got := c.reply(); got != "-UNBLOCKED client unblocked via CLIENT UNBLOCK" {
		t.Error(got)
	}
	for how, want := range map[string]string{" TIMEOUT": "0", " ERROR": "-UNBLOCKED client unblocked via CLIENT UNBLOCK"} {
		b.block(c, "WAIT 3 0")
		other.want("CLIENT UNBLOCK 1"+how, "1")
		if got := c.reply(); got != want {
			t.Error(got)
		}
	}
	c.want("PING", "PONG")
}

// Nobody who asks for the end of a wait is left without an answer, whatever ends it.
func TestClientUnblockTooLate(t *testing.T) {
	b := newBed(t, 1)
	c, other := b.dial(), b.dial()
	c.want("CLIENT ID", "1")
	b.block(c, "BLPOP q 0")
	b.send(1, dropBlocked{replica.Unblocked}) // comes before the query
	other.want("CLIENT UNBLOCK 1", "0")
	if got := c.reply(); got != "-"+lineUnblocked {
		t.Error(got)
	}
	victim := b.srv.clients.find(1)
	told := make(chan bool, 2)
	c.Close()
	eventually(t, "the session ends", func() bool { return b.srv.clients.count() == 1 })
	if victim.ask(&unblockQuery{answer: func(done bool) { told <- done }}) {
		t.Error("a client that has left takes a query")
	}
}

// A client that leaves, or is killed, takes nothing with it.
func TestBlockedClientLeaves(t *testing.T) {
	b := newBed(t, 1)
	other := b.dial()
	leave := map[string]func(c *conn){
		"closes":      func(c *conn) { c.Close() },
		"half-closes": func(c *conn) { c.Conn.(interface{ CloseWrite() error }).CloseWrite() },
		"is killed":   func(*conn) { other.want("CLIENT KILL SKIPME yes", "1") },
	}
	for how, end := range leave {
		c := b.dial()
		b.block(c, "BLPOP q 0")
		end(c)
		eventually(t, "the session ends", func() bool { return b.srv.clients.count() == 1 })
		other.want("RPUSH q a", "1")
		if got := other.do("LPOP q"); got != "a" {
			t.Errorf("a client that %s took it: %s", how, got)
		}
	}
}

// A client that left before its shard said that it waits takes nothing either.
func TestBlockedTooLate(t *testing.T) {
	b := newBed(t, 1)
	b.shards[1].hold.Store(true)
	c, other := b.dial(), b.dial()
	seen := make(chan *replica.Batch, 1)
	b.send(1, setSeen{seen})
	c.send("BLPOP q 0")
	<-seen
	b.send(1, setSeen{nil})
	c.Close()
	eventually(t, "the session knows", func() bool {
		c := b.srv.clients.find(1)
		_, err := c.conn.Read(make([]byte, 1))
		return err != nil
	})
	b.shards[1].hold.Store(false)
	b.send(1, release{})
	eventually(t, "the session ends", func() bool { return b.srv.clients.count() == 1 })
	other.want("RPUSH q a", "1", "LRANGE q 0 -1", "[a]")
}

// When the leader changes the wait ends with an error, and what comes behind it is asked for anew.
func TestBlockedWhileTheLeaderChanges(t *testing.T) {
	b := newBed(t, 1)
	c := b.dial()
	b.block(c, "BLPOP q 0")
	c.send("PING", "SET q 1")
	b.send(1, dropBlocked{replica.Unblocked})
	for _, want := range []string{"-" + lineUnblocked, "PONG", "OK"} {
		if got := c.reply(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	b.block(c, "BLPOP p 0")
	b.send(1, dropBlocked{replica.Unknown})
	if got := c.reply(); got != "-"+lineUnknown {
		t.Error(got)
	}
}

// Where commands are carried out elsewhere, those that block are too.
func TestBlockedElsewhere(t *testing.T) {
	b, _ := newForwardingBed(t)
	q := b.keyIn(2, "q")
	b.moveAway(2)
	c, other := b.dial(), b.dial()
	b.block(c, "BLPOP "+q+" 0")
	other.want("RPUSH "+q+" a", "1")
	if got := c.reply(); got != "["+q+" a]" {
		t.Error(got)
	}
	for _, withError := range []bool{false, true} {
		id := c.do("CLIENT ID")
		b.block(c, "BLPOP "+q+" 0")
		line, want := "CLIENT UNBLOCK "+id, "nil"
		if withError {
			line, want = line+" ERROR", "-UNBLOCKED client unblocked via CLIENT UNBLOCK"
		}
		other.want(line, "1")
		if got := c.reply(); got != want {
			t.Error(got)
		}
	}
	b.block(c, "BLPOP "+q+" 0")
	b.send(2, dropBlocked{replica.Unblocked})
	if got := c.reply(); !strings.HasPrefix(got, "-UNBLOCKED ") {
		t.Error(got)
	}
	c.want("MULTI", "OK", "BLPOP "+q+" 0", "QUEUED", "EXEC", "[nil]", "PING", "PONG")
}

// For a client that is gone nothing is popped elsewhere either.
func TestBlockedElsewhereAndGone(t *testing.T) {
	b, far := newForwardingBed(t)
	q := b.keyIn(2, "q")
	b.moveAway(2)
	c, other := b.dial(), b.dial()
	b.block(c, "BLPOP "+q+" 0")
	c.Close()
	eventually(t, "the wait is ended", func() bool { return far.ended() == 1 })
	other.want("RPUSH "+q+" a", "1", "LRANGE "+q+" 0 -1", "[a]")
}

// A connection that asks for MOVED is told so of what blocks too.
func TestBlockingIsMoved(t *testing.T) {
	var far elsewhere
	b := newBed(t, 2, func(b *bed, c *Config) { c.Forward = far.of(b) })
	b.moveAway(2)
	k := b.keyIn(2, "q")
	if got := b.dial().do("BLPOP " + k + " 0"); !strings.HasPrefix(got, "-MOVED ") || len(far.askedNodes()) > 0 {
		t.Errorf("%s, %d batches forwarded", got, len(far.askedNodes()))
	}
}

// WAIT asks who leads by now, also where the connection is told MOVED for commands.
func TestWaitAfterALeaderHasChanged(t *testing.T) {
	var far elsewhere
	b := newBed(t, 2, func(b *bed, c *Config) { c.Forward = far.of(b) })
	b.shards[1].durable.Store(2)
	b.shards[2].durable.Store(1)
	c := b.dial()
	c.want("SET "+b.keyIn(1, "k")+" 1", "OK", "SET "+b.keyIn(2, "k")+" 1", "OK", "WAIT 1 100", "1")
	b.moveAway(2)
	c.want("WAIT 1 100", "1")
}

// WAIT asks the leaders of what was written through them, wherever they are.
func TestWaitElsewhere(t *testing.T) {
	b, far := newForwardingBed(t)
	b.shards[1].durable.Store(2)
	b.shards[2].durable.Store(1)
	b.moveAway(2)
	c := b.dial()
	c.want("WAIT 1 100", "2", "SET "+b.keyIn(2, "k")+" 1", "OK", "WAIT 1 100", "1",
		"SET "+b.keyIn(1, "k")+" 1", "OK", "WAIT 1 100", "1")
	before := far.ended()
	id := c.do("CLIENT ID")
	b.block(c, "WAIT 2 0")
	b.dial().want("CLIENT UNBLOCK "+id, "1")
	if got := c.reply(); got != "0" {
		t.Error(got)
	}
	b.block(c, "WAIT 2 0")
	c.Close()
	eventually(t, "the query is given up", func() bool { return far.ended() == before+2 })
	b.send(2, dropWaits{}) // late answers are for nobody
	b.dial().want("PING", "PONG")
}

func TestWaitAOF(t *testing.T) {
	b := newBed(t, 1)
	b.shards[1].durable.Store(2)
	b.dial().want("SET k 1", "OK", "WAITAOF 1 1 0", "[1 2]", "WAITAOF 2 0 0",
		"-ERR value is out of range, value must between 0 and 1", "WAITAOF x 0 0", "-"+errNotInteger,
		"WAITAOF 0 -1 0", "-ERR value is out of range, must be positive", "WAITAOF 0 0 -1", "-ERR timeout is negative")
	b = newBed(t, 1, func(_ *bed, c *Config) { c.Fsync = "no" })
	if got := b.dial().do("WAITAOF 1 0 0"); !strings.HasPrefix(got, "-ERR WAITAOF cannot be used") {
		t.Error(got)
	}
}

// The shard says what is wrong where nobody can tell which keys are meant.
func TestKeysThatCannotBeTold(t *testing.T) {
	b := newBed(t, 3)
	numkeys := "-ERR numkeys should be greater than 0"
	b.dial().want("LMPOP zero k left", numkeys, "BLMPOP 1 -1 k left", numkeys, "LMPOP 5 k left", "-ERR syntax error",
		"MULTI", "OK", "LMPOP 0 k left", "QUEUED", "SET k 1", "QUEUED", "EXEC", "["+numkeys+" OK]",
		"MULTI", "OK", "LMPOP 0 k left", "QUEUED", "EXEC", "["+numkeys+"]")
}
