package raftlog

import (
	"fmt"

	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/actors/plant"
	"github.com/troupedb/troupe/slotmap"
)

// stage adds one message to the batch.
func (w *writer) stage(msg any) {
	if w.log.failed.Load() {
		return
	}
	w.log.counters.messages.Add(1)
	var err error
	switch m := msg.(type) {
	case *Append:
		err = w.stageAppend(m)
	case *Compact:
		err = w.stageCompact(m)
	case *Create:
		err = w.stageCreate(m)
	case *Bury:
		err = w.stageBury(m)
	case *SetMeta:
		err = w.stageMeta(m)
	}
	if err != nil {
		w.log.fail(err)
	}
}

// member says whether the message is for the replica that lives here. One for a buried replica may still be
// under way; one for any other is a bug, and dropping it would stop that replica in silence.
func (w *writer) member(shard slotmap.ShardID, replica uint64) (bool, error) {
	r := w.records[shard]
	switch {
	case r != nil && r.replica == replica && replica != 0:
		return true, nil
	case r != nil && replica <= r.tombstone:
		return false, nil
	}
	return false, fmt.Errorf("raftlog: shard %d: message for replica %d, which was not created", shard, replica)
}

func (w *writer) stageAppend(m *Append) error {
	if ok, err := w.member(m.Shard, m.Replica); !ok {
		return err
	}
	r := w.record(m.Shard)
	w.sync = w.sync || m.Sync && w.log.cfg.Fsync == Always && !plant.AckBeforeSync.On()
	w.due = w.due || len(m.Entries) > 0 || m.Reply != nil
	if m.Snapshot != nil {
		if err := w.install(m.Shard, r, m.Snapshot); err != nil {
			return err
		}
	}
	if err := w.putEntries(m.Shard, r, m.Entries); err != nil {
		return err
	}
	if len(m.Entries) > 0 {
		w.group.appends(m.Shard)
	}
	w.setHard(r, m.Hard)
	if r.hasHard && r.commit > r.last {
		return fmt.Errorf("raftlog: shard %d: commit %d beyond the last entry %d", m.Shard, r.commit, r.last)
	}
	w.answer(m.Reply, &Appended{Shard: m.Shard, Replica: m.Replica, Tag: m.Tag})
	return nil
}

// setHard takes over a hard state. Term and vote are promises to other nodes, whatever the fsync mode.
func (w *writer) setHard(r *record, h *raftpb.HardState) {
	if h == nil {
		return
	}
	if !r.hasHard || r.term != h.GetTerm() || r.vote != h.GetVote() {
		w.urge()
	}
	r.hasHard, r.term, r.vote, r.commit = true, h.GetTerm(), h.GetVote(), h.GetCommit()
	r.covers(r.snapshot.Index)
	if plant.VoteNotSaved.On() {
		r.vote = 0
	}
}

// install replaces the whole log by a snapshot.
func (w *writer) install(shard slotmap.ShardID, r *record, s *SnapshotRef) error {
	if s.Index < r.truncated.Index || s.Index < r.snapshot.Index {
		return fmt.Errorf("raftlog: shard %d: snapshot at %d is older than the log", shard, s.Index)
	}
	w.dropEntries(shard, r.truncated.Index+1, r.last)
	r.truncated = Position{s.Index, s.Term}
	r.last = s.Index
	r.covers(s.Index)
	return w.putSnapshot(shard, r, s)
}

// putEntries appends at the first entry's index, which drops all that was there from it on.
func (w *writer) putEntries(shard slotmap.ShardID, r *record, entries []*raftpb.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	first, last := entries[0].GetIndex(), entries[len(entries)-1].GetIndex()
	if first <= r.truncated.Index || first > r.last+1 {
		return fmt.Errorf("raftlog: shard %d: append at %d, and the log has %d to %d", shard, first, r.truncated.Index+1, r.last)
	}
	for i, e := range entries {
		if e.GetIndex() != first+uint64(i) {
			return fmt.Errorf("raftlog: shard %d: entry %d follows %d", shard, e.GetIndex(), first+uint64(i)-1)
		}
		putEntry(w.batch.Put(uint32(shard), e.GetIndex(), entrySize(e)), e)
	}
	w.dropEntries(shard, last+1, r.last)
	r.last = last
	w.log.counters.entries.Add(uint64(len(entries)))
	return nil
}

// dropEntries deletes the entries from first through last, if there are any.
func (w *writer) dropEntries(shard slotmap.ShardID, first, last uint64) {
	if first <= last {
		w.batch.Cut(uint32(shard), first, last)
	}
}

func (w *writer) putSnapshot(shard slotmap.ShardID, r *record, s *SnapshotRef) error {
	if err := s.check(); err != nil {
		return fmt.Errorf("raftlog: shard %d: %w", shard, err)
	}
	r.snapshot = Position{s.Index, s.Term}
	w.urge()
	w.batch.Set(snapshotKey(shard), appendSnapshot(nil, s))
	return nil
}

func (w *writer) stageCompact(m *Compact) error {
	if ok, err := w.member(m.Shard, m.Replica); !ok {
		return err
	}
	if r := w.records[m.Shard]; m.Snapshot.Index <= r.snapshot.Index {
		w.answer(m.Reply, &Compacted{Shard: m.Shard, Replica: m.Replica, Tag: m.Tag, Stale: true})
		return nil
	}
	r := w.record(m.Shard)
	if m.Through > m.Snapshot.Index || m.Snapshot.Index > r.last {
		return fmt.Errorf("raftlog: shard %d: compaction through %d with a snapshot at %d, and the log ends at %d",
			m.Shard, m.Through, m.Snapshot.Index, r.last)
	}
	if m.Through > r.truncated.Index {
		through := m.Through
		if plant.LogGap.On() {
			through++
		}
		w.dropEntries(m.Shard, r.truncated.Index+1, through)
		r.truncated = Position{m.Through, m.ThroughTerm}
	}
	r.covers(m.Snapshot.Index)
	w.answer(m.Reply, &Compacted{Shard: m.Shard, Replica: m.Replica, Tag: m.Tag})
	return w.putSnapshot(m.Shard, r, &m.Snapshot)
}

func (w *writer) stageCreate(m *Create) error {
	created := &Created{Shard: m.Shard, Replica: m.Replica, Tag: m.Tag}
	old := w.records[m.Shard]
	switch {
	case m.Shard == nodeShard || m.Replica == 0:
		return fmt.Errorf("raftlog: replica %d of shard %d can't be created", m.Replica, m.Shard)
	case old != nil && m.Replica <= old.tombstone:
		created.Err = ErrBuried
	case old != nil && old.replica != 0:
		created.Err = ErrExists
	}
	w.answer(m.Reply, created)
	if created.Err != nil {
		return nil
	}
	r := w.record(m.Shard)
	r.replica = m.Replica
	w.urge()
	w.setHard(r, m.Hard)
	if m.Snapshot.File == "" {
		return nil
	}
	return w.install(m.Shard, r, &m.Snapshot)
}

func (w *writer) stageBury(m *Bury) error {
	if m.Shard == nodeShard || m.Replica == 0 {
		return fmt.Errorf("raftlog: replica %d of shard %d can't be buried", m.Replica, m.Shard)
	}
	r := w.record(m.Shard)
	r.tombstone = max(r.tombstone, m.Replica)
	w.urge()
	w.answer(m.Reply, &Buried{Shard: m.Shard, Replica: m.Replica, Tag: m.Tag})
	if r.replica > r.tombstone {
		return nil // a later replica lives on
	}
	w.dropEntries(m.Shard, r.truncated.Index+1, r.last)
	*r = record{counter: r.counter, tombstone: r.tombstone}
	w.batch.Delete(snapshotKey(m.Shard))
	return nil
}

func (w *writer) stageMeta(m *SetMeta) error {
	w.record(nodeShard)
	w.urge()
	key, value := m.Key, append([]byte(nil), m.Value...)
	w.done = append(w.done, func() {
		w.log.meta.set(key, value)
		if m.Done != nil {
			m.Done()
		}
	})
	w.batch.Set(metaKey(key), value)
	return nil
}
