package replica

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/actors/raftlog"
	"github.com/troupedb/troupe/wire"
)

const (
	realLog       = "data/log"
	realSnapshots = "data/snapshots"
	realName      = "a value of the node"
)

// realDisk is a node's disk with the real log store and real snapshot files on it, in a file system in memory. It
// notes what the log was told, message by message, and how much of that it has acknowledged as durable: after a
// crash the log must be as it was after some message of these, from the last durable one on.
type realDisk struct {
	c      *cluster
	mem    *vfs.MemFS
	fs     vfs.FS // mem, as the node sees it
	log    *raftlog.Log
	pid    *actor.PID
	rng    *rand.Rand
	inject errorfs.Injector // nil: none
	faulty bool             // an error of it may end the node
	lines  lines

	mu     sync.Mutex // crash points and fatal errors come from goroutines of the store as well
	states []logState // after each message
	low    int        // the last one that is durable for sure
	said   promise
	fatal  error

	installs, compactions int
}

// promise is what a node has told others and may never take back.
type promise struct {
	term, vote uint64 // the newest term that it has spoken in, and whom it has given its vote there
	ackTerm    uint64 // its newest word that it holds the log up to an index
	ack        uint64
}

// newRealDisk puts a node's disk in the place of the one that newCluster gave it.
func newRealDisk(c *cluster, n *node, seed uint64, inject errorfs.Injector) *realDisk {
	d := &realDisk{c: c, mem: vfs.NewCrashableMem(), rng: rand.New(rand.NewPCG(seed, 5)), inject: inject}
	d.mount()
	if err := raftlog.MakeDir(d.mem, realSnapshots); err != nil {
		c.t.Fatal(err)
	}
	from := n.disk.now
	data, err := readFile(vfs.Default, vfs.Default.PathJoin(c.nodeDir(n), from.snap.File))
	if err == nil {
		err = writeFile(d.mem, d.mem.PathJoin(realSnapshots, from.snap.File), data)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	d.states = []logState{{}}
	n.real = d
	return d
}

func (d *realDisk) mount() {
	d.fs = d.mem
	if d.inject != nil {
		d.fs = errorfs.Wrap(d.mem, d.inject)
	}
}

// start opens the log, and creates the replica in it the first time.
func (d *realDisk) start(c *cluster, n *node) {
	log, err := d.open(n.life)
	if err != nil {
		d.fail(n.life, err)
		return
	}
	d.log = log
	if first := d.states[d.low].replica == 0; first {
		if err := log.SetMetaNow("name", []byte(realName)); err != nil {
			c.fail("n%d: %v", n.i, err)
		}
	}
	d.pid = d.spawn(n, "raftlog/store", log.Producer())
	d.spawn(n, "raftlog", func() actor.Actor { return &scribe{d} })
	if d.states[d.low].replica == 0 {
		n.system.Root.Send(n.system.NewLocalPID("raftlog"), &raftlog.Create{
			Shard: testShard, Replica: n.disk.now.replica, Snapshot: n.disk.now.snap, Hard: n.disk.now.hard,
		})
		for d.states[d.low].replica == 0 && c.sched.Step() {
		}
	}
}

func (d *realDisk) spawn(n *node, name string, p actor.Producer) *actor.PID {
	stop := mailbox.StopNode(func(reason any) { d.fail(n.life, fmt.Errorf("%v", reason)) })
	pid, err := n.system.Root.SpawnNamed(actor.PropsFromProducer(p, actor.WithMailbox(mailbox.New()),
		actor.WithDispatcher(n.life), actor.WithGuardian(stop)), name)
	if err != nil {
		d.c.t.Fatal(err)
	}
	return pid
}

// open opens the log, unless the process ends of it: the store may try for ever then.
func (d *realDisk) open(l *mailbox.Life) (*raftlog.Log, error) {
	type result struct {
		log *raftlog.Log
		err error
	}
	done := make(chan result, 2)
	var opened atomic.Bool
	cfg := raftlog.Config{Dir: realLog, FS: d.fs, Fatal: func(err error) {
		d.fail(l, err)
		if !opened.Load() {
			done <- result{err: err}
			select {}
		}
	}}
	go func() {
		log, err := raftlog.Open(cfg)
		opened.Store(true)
		done <- result{log, err}
	}()
	r := <-done
	return r.log, r.err
}

// fail ends the node: nothing of it runs any more.
func (d *realDisk) fail(l *mailbox.Life, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fatal == nil && !l.Over() {
		d.fatal = err
	}
}

func (d *realDisk) stopped() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.fatal
}

// equip makes a replica that lives on this disk.
func (d *realDisk) equip(cfg *Config) {
	l := d.c.nodes[cfg.Self[0]-1].life
	st, err := d.log.Load(testShard)
	if err != nil {
		d.fail(l, err)
	}
	cfg.State, cfg.Replica, cfg.Log = st, st.Replica, d.log
	cfg.Fatal = func(err error) { d.fail(l, err) }
	cfg.Logger = slog.New(slog.NewTextHandler(&d.lines, nil))
}

// crash is a power failure: of what was not synced, some is left. The next life begins with that.
func (d *realDisk) crash() {
	d.mu.Lock()
	p := d.point(d.rng)
	d.mu.Unlock()
	l, err := reopen(p.fs)
	if err != nil {
		d.c.fail("after a crash: %v", err)
		return
	}
	at, ok := p.state(l)
	if !ok {
		d.c.fail("after a crash: the log is\n%s\nit was\n%s", l, p.states[0])
	}
	d.mem, d.states, d.low, d.fatal = p.fs, []logState{at}, 0, nil
	d.mount()
}

// point is the disk as a power failure would leave it now. REQUIRES: mu.
func (d *realDisk) point(rng *rand.Rand) crashPoint {
	percent := []int{0, 20, 60, 100}[rng.IntN(4)]
	return crashPoint{
		fs:     d.mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rng}),
		states: slices.Clone(d.states[d.low:]), said: d.said,
	}
}

// crashPoint is a disk after a crash, the states of the log in question, and what the node had promised.
type crashPoint struct {
	fs     *vfs.MemFS
	states []logState
	said   promise
}

// state is the one among those in question that the log is in.
func (p *crashPoint) state(l logState) (logState, bool) {
	text := l.String()
	for _, s := range p.states {
		if s.String() == text {
			return s, true
		}
	}
	return logState{}, false
}

// note follows what the log is told, and returns the number of the message.
func (d *realDisk) note(op func(*logState)) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	next := d.states[len(d.states)-1].clone()
	op(&next)
	d.states = append(d.states, next)
	return len(d.states) - 1
}

// durable follows the log's word that a message is on disk.
func (d *realDisk) durable(n *node, seq int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.low = max(d.low, seq)
	n.disk.now = d.states[d.low]
	n.disk.synced = n.disk.now
}

// sends follows what the node tells others; one that has stopped tells nothing.
func (d *realDisk) sends(msg any) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if r, ok := msg.(*wire.Raft); ok && d.fatal == nil {
		d.said.hear(r.Message)
	}
	return d.fatal == nil
}

func (p *promise) hear(m *raftpb.Message) {
	switch m.GetType() {
	case raftpb.MsgPreVote, raftpb.MsgPreVoteResp, raftpb.MsgHeartbeatResp:
		return // they promise no term: raft lets them go before it is on disk
	}
	if m.GetTerm() > p.term {
		p.term, p.vote = m.GetTerm(), 0
	}
	switch {
	case m.GetReject():
	case m.GetType() == raftpb.MsgVoteResp:
		p.vote = m.GetTo()
	case m.GetType() == raftpb.MsgAppResp:
		p.ackTerm, p.ack = m.GetTerm(), m.GetIndex()
	}
}

// scribe stands before the log, and notes what goes in and out.
type scribe struct{ d *realDisk }

// noted is the tag of what it passes on.
type noted struct {
	seq     int
	durable bool // the reply promises it
	to      *actor.PID
	tag     any
}

// Receive implements actor.Actor.
func (a *scribe) Receive(ctx actor.Context) {
	d := a.d
	switch m := ctx.Message().(type) {
	case *raftlog.Create:
		out := *m
		seq := d.note(func(l *logState) { l.replica, l.snap, l.hard = m.Replica, m.Snapshot, m.Hard })
		out.Reply, out.Tag = ctx.Self(), noted{seq: seq, durable: true}
		ctx.Send(d.pid, &out)
	case *raftlog.Append:
		out := *m
		seq := d.note(func(l *logState) { l.append(m) })
		if m.Snapshot != nil {
			d.installs++
		}
		if m.Reply != nil {
			out.Reply, out.Tag = ctx.Self(), noted{seq, m.Sync || m.Snapshot != nil, m.Reply, m.Tag}
		}
		ctx.Send(d.pid, &out)
	case *raftlog.Compact:
		out := *m
		seq := d.note(func(l *logState) { l.compact(m) })
		d.compactions++
		out.Reply, out.Tag = ctx.Self(), noted{seq, true, m.Reply, m.Tag}
		ctx.Send(d.pid, &out)
	case *raftlog.Bury:
		out := *m
		seq := d.note(func(l *logState) { *l = logState{tombstone: max(l.tombstone, m.Replica)} })
		out.Reply, out.Tag = ctx.Self(), noted{seq, true, m.Reply, m.Tag}
		ctx.Send(d.pid, &out)
	case *raftlog.Created:
		a.answer(ctx, m.Tag, nil)
	case *raftlog.Appended:
		back := *m
		back.Tag = m.Tag.(noted).tag
		a.answer(ctx, m.Tag, &back)
	case *raftlog.Compacted:
		back := *m
		back.Tag = m.Tag.(noted).tag
		a.answer(ctx, m.Tag, &back)
	case *raftlog.Buried:
		back := *m
		back.Tag = m.Tag.(noted).tag
		a.answer(ctx, m.Tag, &back)
	}
}

func (a *scribe) answer(ctx actor.Context, tag, m any) {
	t := tag.(noted)
	if t.durable {
		a.d.durable(a.d.c.nodes[0], t.seq)
	}
	if t.to != nil {
		ctx.Send(t.to, m)
	}
}

// String is the whole of a log. A commit index below the snapshot's says no more than the snapshot.
func (l logState) String() string {
	var b strings.Builder
	at, term := l.trunc()
	fmt.Fprintf(&b, "replica %d, tombstone %d, snapshot %s %d/%d %v %x, truncated %d/%d", l.replica, l.tombstone,
		l.snap.File, l.snap.Index, l.snap.Term, l.snap.ConfState.GetVoters(), l.snap.Meta, at, term)
	if l.hard != nil {
		fmt.Fprintf(&b, ", term %d, vote %d, commit %d", l.hard.GetTerm(), l.hard.GetVote(), max(l.hard.GetCommit(), l.snap.Index))
	}
	b.WriteByte('\n')
	for _, e := range l.entries {
		fmt.Fprintf(&b, "%d/%d %v %x\n", e.GetIndex(), e.GetTerm(), e.GetType(), e.GetData())
	}
	return b.String()
}

// reopen reads the whole log of a disk, and closes it.
func reopen(fs vfs.FS) (logState, error) {
	var fatal error
	log, err := raftlog.Open(raftlog.Config{Dir: realLog, FS: fs, Fatal: func(err error) { fatal = err }})
	if err != nil {
		return logState{}, err
	}
	l, err := readLog(log)
	return l, errors.Join(err, log.Close(), fatal)
}

func readLog(log *raftlog.Log) (logState, error) {
	st, err := log.Load(testShard)
	l := logState{replica: st.Replica, tombstone: st.Tombstone, hard: st.Hard, snap: st.Snapshot,
		truncated: st.Truncated.Index, truncTerm: st.Truncated.Term}
	for at := st.First; err == nil && st.Replica != 0 && at <= st.Last; {
		var es []*raftpb.Entry
		if es, err = log.Entries(testShard, at, st.Last+1, 1<<20); err == nil {
			l.entries = append(l.entries, es...)
			at += uint64(len(es))
		}
	}
	return l, err
}

// lines are what a node logged.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
