package replica

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/asynkron/protoactor-go/actor"
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/actors/raftlog"
	"github.com/troupedb/troupe/slotmap"
)

// disk stands in for the raftlog actor: it keeps one shard's log in memory, and what was not synced may
// be lost at a crash. Writes are staged as they come, committed (readable, replied to) at Drained, and
// survive a crash for sure from the next sync on.
type disk struct {
	system  *actor.ActorSystem
	now     logState          // what a reader sees
	synced  logState          // what every crash leaves
	staged  []func(*logState) // not committed yet
	journal []func(*logState) // committed since the last sync
	replies []func()
	dirty   bool // a sync is due at Drained
	held    bool // the disk hangs: nothing is committed, nobody hears back
	low     bool // its free space is below the mark
	noRoom  bool // for snapshots
	claims  int  // not given back

	installed, compacted int // snapshots received and made
	read                 int // bytes of entries that were read back

	// Planted bugs.
	lies     bool // acknowledges without a sync
	forgets  int  // entries of the synced tail that a crash takes
	perjures bool // a crash takes the vote
}

// logState is one shard's records.
type logState struct {
	replica, tombstone   uint64
	hard                 *raftpb.HardState
	snap                 raftlog.SnapshotRef
	truncated, truncTerm uint64
	entries              []*raftpb.Entry
}

func newDisk() *disk { return &disk{} }

func (l logState) clone() logState {
	l.entries = slices.Clone(l.entries)
	return l
}

func (l *logState) load() raftlog.State {
	st := raftlog.State{Replica: l.replica, Hard: l.hard, Snapshot: l.snap, Tombstone: l.tombstone}
	st.Truncated.Index, st.Truncated.Term = l.trunc()
	st.First, st.Last = st.Truncated.Index+1, st.Truncated.Index+uint64(len(l.entries))
	return st
}

func (l *logState) trunc() (uint64, uint64) {
	if l.truncated > 0 {
		return l.truncated, l.truncTerm
	}
	return l.snap.Index, l.snap.Term
}

// format replaces everything, durably.
func (d *disk) format(l logState) {
	d.synced, d.now = l.clone(), l
	d.staged, d.journal, d.replies, d.dirty = nil, nil, nil, false
}

// crash leaves what was synced, and the first part of what was only written.
func (d *disk) crash(rng *rand.Rand) {
	l := d.synced.clone()
	for _, op := range d.journal[:rng.IntN(len(d.journal)+1)] {
		op(&l)
	}
	if n := min(d.forgets, len(l.entries)); n > 0 {
		l.entries = l.entries[:len(l.entries)-n]
		last := l.load().Last
		l.hard = &raftpb.HardState{Term: l.hard.Term, Vote: l.hard.Vote, Commit: new(min(last, l.hard.GetCommit()))}
	}
	if d.perjures && l.hard != nil {
		l.hard = &raftpb.HardState{Term: l.hard.Term, Vote: new(uint64(0)), Commit: l.hard.Commit}
	}
	d.format(l)
}

// Receive implements actor.Actor.
func (d *disk) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *raftlog.Append:
		if m.Snapshot != nil {
			d.installed++
		}
		d.stage(m.Sync || m.Snapshot != nil, func(l *logState) { l.append(m) })
		d.reply(m.Reply, &raftlog.Appended{Shard: m.Shard, Replica: m.Replica, Tag: m.Tag})
	case *raftlog.Compact:
		d.compacted++
		done := &raftlog.Compacted{Shard: m.Shard, Replica: m.Replica, Tag: m.Tag}
		d.stage(true, func(l *logState) { done.Stale = !l.compact(m) })
		d.reply(m.Reply, done)
	case *raftlog.Bury:
		d.stage(true, func(l *logState) { *l = logState{tombstone: max(l.tombstone, m.Replica)} })
		d.reply(m.Reply, &raftlog.Buried{Shard: m.Shard, Replica: m.Replica, Tag: m.Tag})
	case mailbox.Drained:
		d.flush()
	}
}

func (d *disk) stage(sync bool, op func(*logState)) {
	d.staged, d.dirty = append(d.staged, op), d.dirty || sync
}

func (d *disk) reply(to *actor.PID, m any) {
	if to == nil {
		return
	}
	system := d.system
	d.replies = append(d.replies, func() { system.Root.Send(to, m) })
}

func (d *disk) flush() {
	if d.held {
		return
	}
	for _, op := range d.staged {
		op(&d.now)
	}
	d.journal, d.staged = append(d.journal, d.staged...), nil
	if d.dirty && !d.lies {
		d.synced, d.journal, d.dirty = d.now.clone(), nil, false
	}
	replies := d.replies
	d.replies = nil
	for _, r := range replies {
		r()
	}
}

// release lets a held disk go on.
func (d *disk) release() {
	d.held = false
	d.flush()
}

func (l *logState) append(m *raftlog.Append) {
	if m.Replica <= l.tombstone {
		return
	}
	if m.Replica != l.replica {
		panic(fmt.Sprintf("append of replica %d to the log of replica %d", m.Replica, l.replica))
	}
	if m.Hard != nil {
		if m.Hard.GetTerm() < l.hard.GetTerm() || m.Hard.GetCommit() < l.hard.GetCommit() {
			panic(fmt.Sprintf("hard state %v after %v", m.Hard, l.hard))
		}
		l.hard = m.Hard
	}
	if m.Snapshot != nil {
		l.snap, l.entries, l.truncated, l.truncTerm = *m.Snapshot, nil, m.Snapshot.Index, m.Snapshot.Term
	}
	if len(m.Entries) > 0 {
		idx, _ := l.trunc()
		keep := int64(m.Entries[0].GetIndex()) - int64(idx) - 1
		if keep < 0 || keep > int64(len(l.entries)) {
			panic(fmt.Sprintf("append at %d to a log of %d..%d", m.Entries[0].GetIndex(), idx+1, idx+uint64(len(l.entries))))
		}
		l.entries = append(slices.Clip(l.entries[:keep]), m.Entries...)
	}
	if last := l.load().Last; l.hard.GetCommit() > last {
		panic(fmt.Sprintf("commit %d beyond the last entry %d", l.hard.GetCommit(), last))
	}
}

// compact is false where a newer snapshot is there already.
func (l *logState) compact(m *raftlog.Compact) bool {
	if m.Replica != l.replica || m.Snapshot.Index <= l.snap.Index {
		return false
	}
	idx, term := l.trunc()
	if m.Through > m.Snapshot.Index || m.Snapshot.Index > l.load().Last {
		panic(fmt.Sprintf("compaction through %d with a snapshot at %d of a log that ends at %d", m.Through, m.Snapshot.Index, l.load().Last))
	}
	l.snap = m.Snapshot
	if m.Through > idx {
		l.entries = slices.Clone(l.entries[m.Through-idx:])
		idx, term = m.Through, m.ThroughTerm
	}
	l.truncated, l.truncTerm = idx, term
	return true
}

// Entries implements LogReader.
func (d *disk) Entries(_ slotmap.ShardID, lo, hi, maxBytes uint64) ([]*raftpb.Entry, error) {
	idx, _ := d.now.trunc()
	if lo <= idx {
		return nil, raft.ErrCompacted
	}
	found := limit(slices.Clone(d.now.entries[lo-idx-1:hi-idx-1]), maxBytes)
	for _, e := range found {
		d.read += len(e.GetData())
	}
	return found, nil
}

// Term implements LogReader.
func (d *disk) Term(_ slotmap.ShardID, index uint64) (uint64, error) {
	idx, term := d.now.trunc()
	if index == idx {
		return term, nil
	}
	if index < idx {
		return 0, raft.ErrCompacted
	}
	return d.now.entries[index-idx-1].GetTerm(), nil
}

// Back implements LogReader.
func (d *disk) Back(_ slotmap.ShardID, lo, last uint64, bytes int64) uint64 {
	idx, _ := d.now.trunc()
	for ; last > max(lo, idx) && bytes > 0; last-- {
		bytes -= int64(len(d.now.entries[last-idx-1].GetData()))
	}
	if bytes > 0 {
		return lo
	}
	return last
}

var _ LogReader = (*disk)(nil)

// claim is what a snapshot asks before it is taken.
func (d *disk) claim(int64) (release func(), ok bool) {
	if d.noRoom {
		return nil, false
	}
	d.claims++
	return func() { d.claims-- }, true
}
