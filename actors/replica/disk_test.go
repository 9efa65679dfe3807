package replica

import (
	"fmt"
	"slices"

	"github.com/asynkron/protoactor-go/actor"
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/actors/raftlog"
	"github.com/troupedb/troupe/slotmap"
)

// disk stands in for the raftlog actor: it keeps one shard's log in memory, and what was not synced is
// lost at a crash.
type disk struct {
	system  *actor.ActorSystem
	now     logState // what a reader sees
	synced  logState // what a crash leaves
	replies []func()
	dirty   bool // a sync is due at Drained
	held    bool // the disk hangs: nothing is synced, nobody hears back
	low     bool
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

func (d *disk) lose() {
	d.now = d.synced.clone()
	d.replies, d.dirty = nil, false
}

func (l *logState) first() uint64 { return max(l.truncated, 0) + 1 }

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

// Receive implements actor.Actor.
func (d *disk) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *raftlog.Append:
		d.append(m)
	case *raftlog.Compact:
		d.compact(m)
	case *raftlog.Bury:
		d.now = logState{tombstone: max(d.now.tombstone, m.Replica)}
		d.dirty = true
		d.reply(m.Reply, &raftlog.Buried{Shard: m.Shard, Replica: m.Replica, Tag: m.Tag})
	case mailbox.Drained:
		d.flush()
	}
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
	if d.dirty {
		d.synced, d.dirty = d.now.clone(), false
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

func (d *disk) append(m *raftlog.Append) {
	l := &d.now
	if m.Hard != nil {
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
	d.dirty = d.dirty || m.Sync
	d.reply(m.Reply, &raftlog.Appended{Shard: m.Shard, Replica: m.Replica, Tag: m.Tag})
}

func (d *disk) compact(m *raftlog.Compact) {
	l := &d.now
	idx, term := l.trunc()
	l.snap = m.Snapshot
	if m.Through > idx {
		l.entries = slices.Clone(l.entries[m.Through-idx:])
		l.truncated, l.truncTerm = m.Through, m.ThroughTerm
	} else {
		l.truncated, l.truncTerm = idx, term
	}
	d.dirty = true
	d.reply(m.Reply, &raftlog.Compacted{Shard: m.Shard, Replica: m.Replica, Tag: m.Tag})
}

// Entries implements LogReader.
func (d *disk) Entries(_ slotmap.ShardID, lo, hi, maxBytes uint64) ([]*raftpb.Entry, error) {
	idx, _ := d.now.trunc()
	if lo <= idx {
		return nil, raft.ErrCompacted
	}
	return limit(slices.Clone(d.now.entries[lo-idx-1:hi-idx-1]), maxBytes), nil
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
