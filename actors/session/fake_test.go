package session

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupedb/troupe/actors/clock"
	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/actors/pubsub"
	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/gossip"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/resp"
)

// fakeReplica applies batches at once to a state of its own.
type fakeReplica struct {
	handle *replica.Handle
	state  *keyspace.State
	index  uint64
	now    int64

	// mode is read at each batch: Done serves, anything else refuses with it.
	mode    *atomic.Uint32
	leader  *atomic.Pointer[slotmap.NodeID]
	hold    *atomic.Bool // keep batches until release
	held    []*replica.Batch
	seen    chan *replica.Batch // if not nil, gets every batch
	durable *atomic.Int64       // followers that WAIT counts
	waits   []*replica.WaitQuery
	refuse  int // counts down to the batch that is refused; 0: none is
	blocked map[uint64]*replica.Batch
}

type (
	release      struct{}
	advanceClock struct{ by int64 }
	dropWaits    struct{}
)

func (f *fakeReplica) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *replica.Batch:
		spoil(m.Into)
		if f.seen != nil {
			f.seen <- m
		}
		if f.hold.Load() {
			f.held = append(f.held, m)
			return
		}
		f.answer(m)
	case release:
		for _, b := range f.held {
			f.answer(b)
		}
		f.held = nil
	case setSeen:
		f.seen = m.seen
	case serveAgain:
		f.mode.Store(uint32(replica.Done))
	case refuseOnce:
		f.refuse = m.after + 1
	case advanceClock:
		f.now += m.by
	case *replica.Unblock:
		f.unblock(m)
	case dropBlocked:
		f.endBlocked(m.status)
	case *replica.WaitQuery:
		if n := int(f.durable.Load()); n >= m.Need {
			m.Reply(n, true)
			return
		}
		f.waits = append(f.waits, m)
	case dropWaits:
		for _, q := range f.waits {
			q.Reply(int(f.durable.Load()), true)
		}
		f.waits = nil
	}
}

// spoil overwrites memory that was lent: whoever lends it has no more use for what is there.
func spoil(a *replica.Answer) {
	if a != nil {
		all := a.Replies[:cap(a.Replies)]
		for i := range all {
			all[i] = 'X'
		}
		clear(a.Ends[:cap(a.Ends)])
	}
}

func (f *fakeReplica) answer(b *replica.Batch) {
	f.handle.Budget.Release(b.Cost())
	st := replica.Status(f.mode.Load())
	if f.refuse > 0 {
		if f.refuse--; f.refuse == 0 {
			st = replica.Down
		}
	}
	if st != replica.Done {
		a := &replica.Answer{Batch: b, Status: st}
		if p := f.leader.Load(); p != nil {
			a.Leader = *p
		}
		b.Sink.Deliver(a)
		return
	}
	env := keyspace.Env{Index: f.index, Now: f.now, ReadNow: f.now, Read: !b.Write, Seed: f.index}
	if b.Write {
		f.index++
		env.Index = f.index
		f.state.Tick(&env, 100)
	}
	a := b.Into
	if a == nil {
		a = &replica.Answer{}
	}
	*a = replica.Answer{Batch: b, Index: f.index, Elapsed: time.Microsecond, Replies: a.Replies[:0], Ends: a.Ends[:0]}
	var w resp.Writer
	var rd keyspace.OpReader
	var op keyspace.Op
	w.Reset(a.Replies, b.Proto)
	rd.Reset(b.Ops)
	for rd.Next(&op) {
		f.state.Exec(&env, &op, &w)
		a.Ends = append(a.Ends, uint32(w.Len()))
	}
	if rd.Err() != nil || len(a.Ends) != b.Count {
		panic(fmt.Sprintf("batch of %d operations holds %d: %v", b.Count, len(a.Ends), rd.Err()))
	}
	a.Replies = w.Bytes()
	f.handle.Gauges.Keys.Store(int64(f.state.Keys()))
	counts := f.state.TakeCounts()
	f.handle.Gauges.Hits.Add(counts.Hits)
	f.handle.Gauges.Misses.Add(counts.Misses)
	if w, ok := f.state.Blocked(); ok {
		f.blocked[w.ID] = b
		a.Status, a.Waiter = replica.Waits, w.ID
	}
	b.Sink.Deliver(a)
	f.answerServed()
}

// bed is a node with fake replicas, and a second node that exists in the map only.
type bed struct {
	t      testing.TB
	system *actor.ActorSystem
	routes atomic.Pointer[Routes]
	shards map[slotmap.ShardID]*fakeReplica
	srv    *Server
	logs   *logBuffer
	broker *actor.PID

	maxValue int // longest string; 0: the default
}

var (
	selfID  = slotmap.NodeID{1}
	otherID = slotmap.NodeID{2}
)

const otherAddr = "10.0.0.2:7002"

type logBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

type bedOption func(*bed, *Config)

// newBed starts a node with the given number of shards, all led by it.
func newBed(t testing.TB, shards int, opts ...bedOption) *bed {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &bed{t: t, shards: map[slotmap.ShardID]*fakeReplica{}, logs: &logBuffer{}}
	quiet := func(*actor.ActorSystem) *slog.Logger { return slog.New(slog.DiscardHandler) }
	b.system = actor.NewActorSystem(actor.WithLoggerFactory(quiet),
		actor.WithDeadLetterThrottleInterval(time.Millisecond))
	cfg := Config{
		System: b.system, Routes: func() *Routes { return b.routes.Load() }, Listener: l, Version: "test",
		Clock:  func() clock.Now { return clock.Now{Wall: 7, Agreed: clock.Judge(clock.Reading{}, nil, 1)} },
		Logger: slog.New(slog.NewTextHandler(b.logs, nil)),
	}
	for _, o := range opts {
		o(b, &cfg)
	}
	b.spawnShards(shards, l.Addr().String())
	broker := pubsub.New(pubsub.Config{
		System: b.system, Serves: b.serves, Members: func(uint16) []slotmap.NodeID { return []slotmap.NodeID{selfID, otherID} },
	})
	cfg.PubSub = broker.Stats
	cfg.Broker = b.system.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return broker }, actor.WithMailbox(mailbox.New())))
	b.broker = cfg.Broker
	if b.srv, err = Serve(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.close)
	return b
}

func (b *bed) serves(slot uint16) bool {
	id, _ := b.routes.Load().Map.Owner(slot)
	return b.routes.Load().Handles[id] != nil
}

func (b *bed) close() {
	b.srv.Close()
	for _, f := range b.shards {
		_ = b.system.Root.StopFuture(f.handle.PID).Wait()
	}
	b.system.Shutdown()
}

func (b *bed) spawnShards(n int, addr string) {
	runs := slotmap.Even(n)
	r := &Routes{
		Handles: map[slotmap.ShardID]*replica.Handle{}, Down: map[slotmap.NodeID]bool{},
		Self:    gossip.Node{ID: selfID, Client: addr, Peer: "127.0.0.1:17000"},
		Cluster: slotmap.ClusterID{7},
	}
	r.Nodes = map[slotmap.NodeID]gossip.Node{
		selfID: r.Self, otherID: {ID: otherID, Client: otherAddr, Peer: "10.0.0.2:17002"},
	}
	var shards []slotmap.Shard
	for id := slotmap.ShardID(1); int(id) <= n; id++ {
		b.shards[id] = b.spawnShard(id, runs)
		r.Handles[id] = b.shards[id].handle
		shards = append(shards, slotmap.Shard{
			ID: id, Index: 1, Term: 1, Leader: 1,
			Members: []slotmap.Member{{Replica: 1, Node: selfID}, {Replica: 2, Node: otherID}},
		})
	}
	r.Map = slotmap.New(runs, shards)
	b.routes.Store(r)
}

func (b *bed) spawnShard(id slotmap.ShardID, runs []slotmap.Run) *fakeReplica {
	var own []slotmap.Run
	for _, r := range runs {
		if r.Shard == id {
			own = append(own, r)
		}
	}
	f := &fakeReplica{
		state: keyspace.New(keyspace.Config{Key: [16]byte{byte(id)}, Slots: own, MaxValue: b.maxValue}),
		mode:  new(atomic.Uint32), leader: new(atomic.Pointer[slotmap.NodeID]), hold: new(atomic.Bool),
		durable: new(atomic.Int64), now: 1_700_000_000_000, blocked: map[uint64]*replica.Batch{},
		handle: &replica.Handle{Shard: id, Budget: mailbox.NewBudget(1<<20, 64<<20), Gauges: &replica.Gauges{Replica: 1}},
	}
	f.handle.Gauges.Role.Store(uint32(replica.RoleLeader))
	f.handle.Gauges.Ready.Store(true)
	f.handle.PID = b.system.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return f }, actor.WithMailbox(mailbox.New())))
	return f
}

// change publishes routes that differ from the present ones.
func (b *bed) change(edit func(r *Routes)) {
	old := b.routes.Load()
	next := *old
	next.Handles = map[slotmap.ShardID]*replica.Handle{}
	for id, h := range old.Handles {
		next.Handles[id] = h
	}
	next.Nodes = map[slotmap.NodeID]gossip.Node{}
	for id, n := range old.Nodes {
		next.Nodes[id] = n
	}
	next.Down = map[slotmap.NodeID]bool{}
	edit(&next)
	b.routes.Store(&next)
}

// moveAway makes the other node lead a shard of which this node has no replica.
func (b *bed) moveAway(id slotmap.ShardID) {
	b.change(func(r *Routes) {
		delete(r.Handles, id)
		r.Map, _ = r.Map.Apply(slotmap.Delta{Shard: slotmap.Shard{
			ID: id, Index: 2, Term: 2, Leader: 2, Members: []slotmap.Member{{Replica: 2, Node: otherID}},
		}})
	})
}

func (b *bed) send(id slotmap.ShardID, msg any) { b.system.Root.Send(b.shards[id].handle.PID, msg) }

// conn is a raw client.
type conn struct {
	t testing.TB
	net.Conn
	buf []byte
}

func (b *bed) dial() *conn {
	b.t.Helper()
	c, err := net.Dial("tcp", b.srv.Addr().String())
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { c.Close() })
	return &conn{t: b.t, Conn: c}
}

// patience bounds each wait for something that must come.
const patience = 20 * time.Second

func (c *conn) Read(p []byte) (int, error) {
	c.SetReadDeadline(time.Now().Add(patience))
	return c.Conn.Read(p)
}

func (c *conn) Write(p []byte) (int, error) {
	c.SetWriteDeadline(time.Now().Add(patience))
	return c.Conn.Write(p)
}

func pack(lines ...string) (out []byte) {
	for _, l := range lines {
		out = append(out, encodeArgs(words(l)...)...)
	}
	return out
}

func words(line string) []string {
	if line == "" {
		return nil
	}
	return strings.Split(line, " ")
}

func encodeArgs(args ...string) []byte {
	b := fmt.Appendf(nil, "*%d\r\n", len(args))
	for _, a := range args {
		b = fmt.Appendf(b, "$%d\r\n%s\r\n", len(a), a)
	}
	return b
}

func (c *conn) send(lines ...string) {
	c.t.Helper()
	if _, err := c.Write(pack(lines...)); err != nil {
		c.t.Fatal(err)
	}
}

// reply reads one reply and renders it.
func (c *conn) reply() string {
	c.t.Helper()
	for {
		v, n, err := resp.ParseReply(c.buf)
		if err == nil {
			text := render(v)
			c.buf = c.buf[n:]
			return text
		}
		if err != resp.ErrIncomplete {
			c.t.Fatalf("%v in %q", err, c.buf)
		}
		chunk := make([]byte, 64<<10)
		n, err = c.Read(chunk)
		if err != nil {
			return "closed"
		}
		c.buf = append(c.buf, chunk[:n]...)
	}
}

func (c *conn) do(line string) string {
	c.t.Helper()
	c.send(line)
	return c.reply()
}

// want checks replies to a pipeline, given as command, reply, command, reply …
func (c *conn) want(pairs ...string) {
	c.t.Helper()
	var lines []string
	for i := 0; i < len(pairs); i += 2 {
		lines = append(lines, pairs[i])
	}
	c.send(lines...)
	for i := 0; i < len(pairs); i += 2 {
		if got := c.reply(); got != pairs[i+1] {
			c.t.Errorf("%s: %q, want %q", pairs[i], got, pairs[i+1])
		}
	}
}

func render(v resp.Value) string {
	switch v.Kind {
	case resp.Null:
		return "nil"
	case resp.Error:
		return "-" + string(v.Str)
	case resp.Integer:
		return fmt.Sprint(v.Int)
	case resp.Double:
		return fmt.Sprint(v.Float)
	case resp.Boolean:
		return fmt.Sprint(v.Int == 1)
	case resp.Array, resp.Set, resp.Map, resp.Push:
		var items []string
		for _, i := range v.Items {
			items = append(items, render(i))
		}
		open := map[resp.Kind]string{resp.Array: "[", resp.Set: "~[", resp.Map: "%[", resp.Push: ">["}[v.Kind]
		return open + strings.Join(items, " ") + "]"
	}
	return string(v.Str)
}

// eventually polls until ok, for what has no reply to wait for.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}

// keyIn gives a key in the n-th shard of a map of even shards.
func (b *bed) keyIn(id slotmap.ShardID, name string) string {
	for i := 0; ; i++ {
		key := fmt.Sprintf("{%d}%s", i, name)
		if owner, _ := b.routes.Load().Map.Owner(slotmap.Slot([]byte(key))); owner == id {
			return key
		}
	}
}
