package replica

import (
	"cmp"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/actors/plant"
	"github.com/troupedb/troupe/actors/raftlog"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/resp"
)

// How many expired keys an entry removes at most: before its own operations, and if it has none. The latter is what the
// leader of a shard at rest proposes in each tick while there are expired keys: a million is worked off in seconds, in
// slices of a few milliseconds.
const (
	expirePerEntry     = 100
	expirePerIdleEntry = 2000
)

// mostExpired is how many expired keys an entry with these operations removes.
func mostExpired(ops []byte) int {
	if len(ops) == 0 {
		return expirePerIdleEntry
	}
	return expirePerEntry
}

// applier is the actor that owns the replicated state machine of one shard. It evaluates what the
// replica actor hands over, in order: committed entries, and reads whose index is covered.
type applier struct {
	cfg     *Config
	replica *actor.PID
	gauges  *Gauges

	state   *keyspace.State
	applied uint64
	term    uint64 // of the entry at applied
	now     int64  // the shard's clock: the newest committed stamp
	members Membership
	tick    uint64 // the replica's, as far as it told
	blocked blocked

	leaving int64 // bytes that an operation frees that is on its way, 0: there is none
	vain    bool  // the last one deleted nothing: all that it named was modified in between

	w     resp.Writer
	rd    keyspace.OpReader
	op    keyspace.Op
	near  [][]byte // scratch: see lookAhead
	env   keyspace.Env
	snap  *snapshotting
	leads uint64 // the term in which this replica led when it handed entries over, or 0
	own   bool   // the entry in hand is of that term: no other replica published it, nor this one in an earlier life

	replySize int // of the reads of the last batch, on average
}

// apply carries committed entries in order of index, with what rides on them.
type apply struct {
	entries   []*raftpb.Entry
	carried   []carried         // by index, ascending
	changes   []memberChange    // by index, ascending
	responses []*raftpb.Message // to be stepped by the replica once applied
	tick      uint64
	handed    time.Time
	leads     uint64 // the term in which the replica leads, 0: it does not
	bytes     int    // of the entries
	canWait   bool   // the replica has nothing to do once this is applied, that it knows of
}

// carried are the batches that wait for the entry at index.
type carried struct {
	index   uint64
	batches []*Batch
}

// memberChange is the membership that the entry at index makes.
type memberChange struct {
	index   uint64
	members Membership
}

// read asks to evaluate batches at the state as it is: everything up to their index was handed over.
type read struct {
	batches []*Batch
	now     int64 // the leader's clock estimate; 0 on a follower: its own shard clock
	seed    uint64
}

// restore replaces the state by that of a snapshot, or by an empty one that owns nothing where no file is named.
type restore struct{ ref raftlog.SnapshotRef }

// applied tells the replica that everything in an apply was evaluated.
type applied struct {
	responses  []*raftpb.Message
	index      uint64
	nextExpiry int64
	waiting    bool // operations wait for answers
	lost       []uint64
	bytes      int
	canWait    bool
}

// ConsensusLane marks applied for the front lane of the replica's mailbox.
func (*applied) ConsensusLane() {}

// CanWait implements mailbox.Patient.
func (m *applied) CanWait() bool { return m.canWait }

// restored tells the replica what a restored state holds.
type restored struct {
	index      uint64
	now        int64 // the shard's clock
	runs       []slotmap.Run
	nextExpiry int64
}

// ConsensusLane marks restored for the front lane of the replica's mailbox.
func (*restored) ConsensusLane() {}

// behindClock returns batches whose reads met a key that expires between the shard's clock and the
// leader's: they are answered once that time is committed.
type behindClock struct{ batches []*Batch }

// ConsensusLane marks behindClock for the front lane: it holds requests that were admitted already.
func (*behindClock) ConsensusLane() {}

// Receive implements actor.Actor.
func (a *applier) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *apply:
		a.apply(ctx, m)
	case *read:
		a.read(ctx, m)
	case *restore:
		a.restore(ctx, m.ref)
	case *takeSnapshot:
		a.beginSnapshot(ctx, m.hurry)
	case *blockWritten:
		a.blockWritten(ctx, m)
	case *snapshotTick:
		a.snapshotTick(ctx, m)
	case *deposed:
		a.gauges.Dry.Store(false)
		a.leave(0)
		a.deposed(m.last)
	case *overdue:
		a.overdue(ctx, m.tick)
	case *forgetBlocked:
		a.endBlocked(Unknown)
	case *forgetEviction:
		a.leave(0)
	case *overfull:
		a.follow()
		a.relieve(ctx)
	case *actor.Stopping:
		a.cancelSnapshot()
		a.endBlocked(Unknown)
	}
}

// yieldEntries is how many entries are applied in one go. Under load there are one or two; a node that replays its
// logs after a restart has thousands in each shard, and its replicas must vote meanwhile, as others may lack a
// leader: they would stand in line behind the whole time slices of all appliers.
const yieldEntries = 4

func (a *applier) apply(ctx actor.Context, m *apply) {
	a.tick, a.leads = m.tick, m.leads
	a.follow()
	for i, e := range m.entries {
		if i%yieldEntries == yieldEntries-1 {
			runtime.Gosched()
		}
		var batches []*Batch
		if len(m.carried) > 0 && m.carried[0].index == e.GetIndex() {
			batches, m.carried = m.carried[0].batches, m.carried[1:]
		}
		if len(m.changes) > 0 && m.changes[0].index == e.GetIndex() {
			a.members, m.changes = m.changes[0].members, m.changes[1:]
		}
		a.applyEntry(e, batches)
		a.answerServed()
		a.maybeEndBlocked()
		a.observe(e)
	}
	a.publish()
	ctx.Send(a.replica, &applied{
		responses: m.responses, index: a.applied, nextExpiry: a.state.NextExpiry(),
		waiting: len(a.blocked.byID) > 0, lost: a.blocked.lost,
		bytes: m.bytes, canWait: m.canWait && len(a.blocked.lost) == 0,
	})
	a.blocked.lost = nil
	a.gauges.ApplyTime.Observe(time.Since(m.handed))
	a.snapshotGrew(ctx, len(m.entries), m.bytes)
	a.relieve(ctx)
}

func (a *applier) applyEntry(e *raftpb.Entry, batches []*Batch) {
	if e.GetIndex() != a.applied+1 {
		panic(fmt.Sprintf("replica: entry %d handed over after %d", e.GetIndex(), a.applied))
	}
	if e.GetTerm() != a.term {
		a.newTerm()
	}
	a.applied, a.term = e.GetIndex(), e.GetTerm()
	a.own = a.term == a.leads
	if e.GetType() != raftpb.EntryNormal || len(e.GetData()) == 0 {
		return
	}
	h, ops, err := DecodeHeader(e.GetData())
	if errors.Is(err, errVersion) {
		panic(fmt.Sprintf("shard %d, entry %d: %v", a.cfg.Shard, e.GetIndex(), err))
	}
	if err != nil {
		// Every replica sees the same bytes, and takes the entry for one without operations.
		a.cfg.Logger.Error("entry ignored", "shard", a.cfg.Shard, "index", e.GetIndex(), "err", err)
		answerAll(a.cfg, batches, Unknown)
		return
	}
	a.now = max(a.now, h.Stamp)
	if plant.LocalExpiry.On() {
		a.now = max(a.now, a.cfg.Clock().Wall)
	}
	a.env = keyspace.Env{Index: a.applied, Now: a.now, ReadNow: a.now, Seed: h.Seed, Keep: h.Keep}
	a.listen(a.own)
	a.state.Tick(&a.env, mostExpired(ops))
	a.rd.Reset(ops)
	for _, b := range batches {
		a.evaluate(b, b.Count)
	}
	a.evaluateRest()
	a.notify()
	a.count(a.own)
	if plant.AppliedTwice.On() && a.applied%64 == 0 {
		a.rd.Reset(ops)
		a.evaluateRest()
	}
}

// evaluate runs the next n operations and answers the batch that they came in. An operation on a slot
// that the shard does not own has no effect and an empty reply.
func (a *applier) evaluate(b *Batch, n int) {
	begin := time.Now()
	ans := a.answer(b, n, 16*n)
	a.state.SetQuiet(b.Quiet)
	for range n {
		if !a.nextOp() {
			panic(fmt.Sprintf("replica: entry %d holds fewer operations than were proposed", a.applied))
		}
		a.exec()
		ans.Ends = append(ans.Ends, uint32(a.w.Len()))
		if n > 1 {
			a.forsake()
		}
	}
	a.cfg.release(b)
	a.notify()
	if w, ok := a.state.Blocked(); ok && n == 1 {
		a.hold(b, w)
		return
	}
	ans.Replies = a.w.Bytes()
	ans.Elapsed = time.Since(begin)
	if plant.ErrorAfterCommit.On() && a.applied%32 == 0 {
		ans = &Answer{Batch: b, Status: Down}
	}
	b.Sink.Deliver(ans)
}

// answer begins the answer to a batch of n operations, whose replies are written from now on. They are expected to take
// so many bytes.
func (a *applier) answer(b *Batch, n, size int) *Answer {
	ans := b.Into
	if ans == nil {
		ans = &Answer{}
	}
	*ans = Answer{Batch: b, Index: a.applied, Replies: ans.Replies[:0], Ends: ans.Ends[:0]}
	if cap(ans.Replies) == 0 { // what is lent had room for the answer before
		ans.Replies = make([]byte, 0, size)
	}
	if cap(ans.Ends) < n {
		ans.Ends = make([]uint32, 0, n)
	}
	a.w.Reset(ans.Replies, b.Proto)
	return ans
}

// nextOp reads the next operation, and now and then lets the state look ahead.
func (a *applier) nextOp() bool {
	if a.rd.Buffered() == 0 {
		a.state.Ahead(&a.rd, a.env.Read)
	}
	return a.rd.Next(&a.op)
}

// maxReplies is the most that the replies to one batch take, in bytes; Answer.Ends could tell no more than
// 4 GiB. Whoever asks for more is answered an error in place of what does not fit.
const maxReplies = 1 << 30

const errLargeReply = "ERR the replies of this pipeline are larger than what may be held at a time: ask for less at once"

// exec evaluates an operation that somebody waits for.
func (a *applier) exec() {
	from := a.w.Len()
	a.w.SetLimit(cmp.Or(a.cfg.MaxReplies, maxReplies))
	a.state.Exec(&a.env, &a.op, &a.w)
	if a.w.Overflowed() {
		a.w.Truncate(from)
		a.w.Error(errLargeReply)
	}
}

// evaluateRest runs operations that nobody on this node waits for.
func (a *applier) evaluateRest() {
	a.w.Reset(nil, 2)
	a.w.SetDiscard(true)
	a.state.SetQuiet(false)
	for a.nextOp() {
		a.state.Exec(&a.env, &a.op, &a.w)
		a.forsake()
	}
	a.w.SetDiscard(false)
	if err := a.rd.Err(); err != nil {
		a.cfg.Logger.Error("rest of an entry ignored", "shard", a.cfg.Shard, "index", a.applied, "err", err)
	}
}

func (a *applier) read(ctx actor.Context, m *read) {
	var behind []*Batch
	a.listen(Role(a.gauges.Role.Load()) == RoleLeader)
	a.follow()
	a.env = keyspace.Env{
		Index: a.applied, Now: a.now, ReadNow: max(a.now, m.now), Seed: m.seed, Read: true,
		Keep: m.now == 0 || a.cfg.paused(),
	}
	a.lookAhead(m.batches)
	for _, b := range m.batches {
		if !a.readBatch(b) {
			behind = append(behind, b)
		}
	}
	if behind != nil {
		ctx.Send(a.replica, &behindClock{behind})
	}
}

// lookAhead lets the state look ahead at batches of one or two operations each.
func (a *applier) lookAhead(batches []*Batch) {
	if len(batches) < 2 {
		return
	}
	for _, b := range batches[:min(len(batches), keyspace.AheadMax)] {
		a.near = append(a.near, b.Ops)
	}
	a.state.AheadOfEach(a.near)
	clear(a.near)
	a.near = a.near[:0]
}

// readBatch answers a batch of reads, unless one of them needs a later time than is committed.
func (a *applier) readBatch(b *Batch) bool {
	begin := time.Now()
	ans := a.answer(b, b.Count, a.expect(b.Count))
	a.state.SetQuiet(b.Quiet)
	a.rd.Reset(b.Ops)
	a.state.ResetNeedsLog()
	for a.nextOp() {
		a.exec()
		ans.Ends = append(ans.Ends, uint32(a.w.Len()))
	}
	if a.state.NeedsLog() && !plant.EarlyExpiry.On() {
		a.state.TakeEvents() // it will happen again
		a.count(false)
		return false
	}
	a.notify()
	a.count(true)
	ans.Replies = a.w.Bytes()
	a.replySize = len(ans.Replies) / max(b.Count, 1)
	ans.Elapsed = time.Since(begin)
	a.cfg.release(b)
	b.Sink.Deliver(ans)
	return true
}

// expect is how much the replies to n reads will take if they are as long as the last ones.
func (a *applier) expect(n int) int { return min((a.replySize+8)*n, maxExpected) }

// maxExpected is how many bytes are allocated for replies before there is any.
const maxExpected = 64 << 10

// restore loads an installed snapshot. What cannot be read was checked when it arrived and when it was
// written, so it is damage of this disk, and ends the node.
func (a *applier) restore(ctx actor.Context, ref raftlog.SnapshotRef) {
	a.cancelSnapshot()
	a.endBlocked(Unknown)
	a.leave(0)
	a.vain = false
	if ref.File == "" {
		a.state = keyspace.New(keyspace.Config{MaxValue: maxValue})
		return
	}
	state, h, err := a.cfg.loadSnapshot(ref)
	if err != nil {
		a.cfg.Fatal(fmt.Errorf("shard %d cannot load its snapshot: %w; if the disk is well, %s", a.cfg.Shard, err, raftlog.Advice))
		return
	}
	a.state, a.applied, a.term, a.now, a.members = state, h.Index, h.Term, max(a.now, h.Now), h.Members
	a.observe(nil)
	a.publish()
	ctx.Send(a.replica, &restored{index: a.applied, now: a.now, runs: a.state.Slots(), nextExpiry: a.state.NextExpiry()})
}

func (a *applier) observe(e *raftpb.Entry) {
	if a.cfg.Observe != nil {
		a.cfg.Observe(&Applied{
			Shard: a.cfg.Shard, Replica: a.cfg.Replica, Index: a.applied, Term: a.term, Now: a.now,
			Entry: e, Members: a.members, State: a.state,
		})
	}
}

func (a *applier) publish() {
	a.gauges.Applied.Store(a.applied)
	a.gauges.Keys.Store(int64(a.state.Keys()))
	a.gauges.Expires.Store(int64(a.state.Expires()))
	a.gauges.Bytes.Store(a.state.Bytes())
	a.gauges.Aside.Store(a.state.Aside())
	a.gauges.Leaving.Store(a.leaving) // behind Bytes, lest what went is asked for once more
	blocking, gone := a.state.BlockingKeys()
	a.gauges.Blocking.Store(int64(blocking))
	a.gauges.BlockingGone.Store(int64(gone))
}

// count shows how keys were used since it was called last. Of what a replica applies for another, or once more, it
// shows what became of the data alone: the rest is counted where it was asked for.
func (a *applier) count(own bool) {
	c := a.state.TakeCounts()
	if c == (keyspace.Counts{}) {
		return
	}
	a.gauges.Changes.Add(c.Changes)
	a.gauges.Freed.Add(c.Freed)
	if c.Evictions > 0 {
		a.leaving, a.vain = 0, c.Evicted == 0
	}
	if own {
		a.gauges.Expired.Add(c.Expired)
		a.gauges.Evicted.Add(c.Evicted)
		a.gauges.Hits.Add(c.Hits)
		a.gauges.Misses.Add(c.Misses)
	}
}

// answerAll ends batches that were not evaluated.
func answerAll(cfg *Config, batches []*Batch, s Status) {
	answerMoved(cfg, batches, s, slotmap.NodeID{})
}

func answerMoved(cfg *Config, batches []*Batch, s Status, leader slotmap.NodeID) {
	if plant.UnknownRefused.On() && s == Unknown {
		s = Down
	}
	for _, b := range batches {
		cfg.gauges.Refused[s].Add(uint64(b.Count))
		if !plant.LeakedBudget.On() || s != Moved {
			cfg.release(b)
		}
		b.Sink.Deliver(&Answer{Batch: b, Status: s, Leader: leader})
	}
}
