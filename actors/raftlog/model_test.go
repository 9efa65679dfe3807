package raftlog

import (
	"fmt"
	"strings"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/cockroachdb/pebble/v2/vfs"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/slotmap"
)

// The model is the log as one would write it on paper: a struct per shard, entries in a slice.
type modelShard struct {
	replica, tombstone uint64
	hard               *Position // term and commit; vote = term%3
	snap               SnapshotRef
	trunc              Position
	entries            []modelEntry // from trunc.Index+1 on
}

type modelEntry struct {
	term uint64
	kind raftpb.EntryType
	data string
}

func (m *modelShard) last() uint64 { return m.trunc.Index + uint64(len(m.entries)) }

func (m *modelShard) termAt(index uint64) uint64 {
	if index == m.trunc.Index {
		return m.trunc.Term
	}
	return m.entries[index-m.trunc.Index-1].term
}

func (m *modelShard) dump() string {
	if m == nil {
		m = &modelShard{}
	}
	var b strings.Builder
	if m.replica == 0 {
		fmt.Fprintf(&b, "none tombstone=%d\n", m.tombstone)
		return b.String()
	}
	fmt.Fprintf(&b, "replica=%d tombstone=%d", m.replica, m.tombstone)
	if m.hard != nil {
		fmt.Fprintf(&b, " hard=%d/%d/%d", m.hard.Term, m.hard.Term%3, m.hard.Index)
	}
	fmt.Fprintf(&b, " snap=%s/%d/%d/%v/%x trunc=%v\n", m.snap.File, m.snap.Index, m.snap.Term,
		m.snap.ConfState.GetVoters(), m.snap.Meta, m.trunc)
	for i, e := range m.entries {
		fmt.Fprintf(&b, "%d: %d %d %q\n", m.trunc.Index+1+uint64(i), e.term, e.kind, e.data)
	}
	return b.String()
}

// dumpShard reads a shard of the real log into the same text.
func dumpShard(l *Log, shard slotmap.ShardID) (string, error) {
	st, err := l.Load(shard)
	if err != nil {
		return "", err
	}
	m := &modelShard{replica: st.Replica, tombstone: st.Tombstone, snap: st.Snapshot, trunc: st.Truncated}
	if st.Hard != nil {
		if st.Hard.GetVote() != st.Hard.GetTerm()%3 {
			return "", fmt.Errorf("vote %d of term %d", st.Hard.GetVote(), st.Hard.GetTerm())
		}
		m.hard = &Position{Index: st.Hard.GetCommit(), Term: st.Hard.GetTerm()}
	}
	for lo := st.First; st.Replica != 0 && lo <= st.Last; lo++ {
		es, err := l.Entries(shard, lo, st.Last+1, 100)
		if err != nil {
			return "", fmt.Errorf("shard %d entries from %d: %w", shard, lo, err)
		}
		for _, e := range es {
			m.entries = append(m.entries, modelEntry{e.GetTerm(), e.GetType(), string(e.GetData())})
		}
		lo = es[len(es)-1].GetIndex()
	}
	return m.dump(), nil
}

const modelShards = 4

func dump(l *Log) (string, error) {
	var b strings.Builder
	for s := slotmap.ShardID(1); s <= modelShards; s++ {
		text, err := dumpShard(l, s)
		if err != nil {
			return "", err
		}
		b.WriteString(text)
	}
	v, _ := l.Meta("m")
	fmt.Fprintf(&b, "meta %s\n", v)
	return b.String(), nil
}

func dumpLog(t testing.TB, l *Log) string {
	t.Helper()
	s, err := dump(l)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// model makes valid messages from choices, and keeps what the log must say after them.
type model struct {
	choose func(n int) int // in [0,n)
	shards [modelShards + 1]modelShard
	meta   string
	serial int
}

func (m *model) dump() string {
	var b strings.Builder
	for s := 1; s <= modelShards; s++ {
		b.WriteString(m.shards[s].dump())
	}
	fmt.Fprintf(&b, "meta %s\n", m.meta)
	return b.String()
}

var somebody = actor.NewPID("nowhere", "somebody")

// next makes one message. needsSync says that it must be durable once its turn is committed.
func (m *model) next() (msg any, needsSync bool) {
	m.serial++
	id := slotmap.ShardID(1 + m.choose(modelShards))
	s := &m.shards[id]
	if s.replica == 0 {
		return m.create(id, s), true
	}
	switch k := m.choose(20); {
	case k == 0:
		return m.install(id, s), true
	case k <= 2 && s.hard.Index > s.snap.Index:
		return m.compact(id, s), true
	case k == 3 && m.choose(4) == 0:
		*s = modelShard{tombstone: max(s.tombstone, s.replica)}
		return &Bury{Shard: id, Replica: s.tombstone, Reply: somebody}, true
	case k == 4:
		m.meta = fmt.Sprint("v", m.serial)
		return &SetMeta{Key: "m", Value: []byte(m.meta)}, true
	default:
		return m.append(id, s)
	}
}

func (m *model) snapshot(index, term uint64) SnapshotRef {
	return SnapshotRef{
		File: fmt.Sprintf("snap-%d", m.serial), Index: index, Term: term, Meta: []byte{byte(m.serial)},
		ConfState: &raftpb.ConfState{Voters: []uint64{1, uint64(m.serial)}},
	}
}

func (m *model) create(id slotmap.ShardID, s *modelShard) any {
	c := &Create{Shard: id, Replica: s.tombstone + 1 + uint64(m.choose(2)), Reply: somebody}
	*s = modelShard{tombstone: s.tombstone, replica: c.Replica, hard: &Position{Term: 1}}
	if m.choose(2) == 0 {
		c.Snapshot = m.snapshot(5, 1)
		s.snap, s.trunc, s.hard.Index = c.Snapshot, Position{5, 1}, 5
	}
	c.Hard = s.raftHard()
	return c
}

func (s *modelShard) raftHard() *raftpb.HardState {
	return &raftpb.HardState{Term: new(s.hard.Term), Vote: new(s.hard.Term % 3), Commit: new(s.hard.Index)}
}

func (m *model) install(id slotmap.ShardID, s *modelShard) any {
	index := s.last() + uint64(m.choose(5))
	snap := m.snapshot(max(index, 1), s.hard.Term)
	s.snap, s.trunc, s.entries = snap, Position{snap.Index, snap.Term}, nil
	s.hard.Index = snap.Index
	a := &Append{Shard: id, Replica: s.replica, Snapshot: &snap, Hard: s.raftHard(), Sync: true, Reply: somebody}
	a.Entries = m.grow(s, m.choose(3))
	return a
}

func (m *model) compact(id slotmap.ShardID, s *modelShard) any {
	index := s.hard.Index - uint64(m.choose(int(s.hard.Index-s.snap.Index)))
	c := &Compact{Shard: id, Replica: s.replica, Snapshot: m.snapshot(index, s.termAt(index)), Reply: somebody}
	s.snap = c.Snapshot
	c.Through = s.trunc.Index + uint64(m.choose(int(index-s.trunc.Index)+1))
	c.ThroughTerm = s.termAt(c.Through)
	s.entries = append([]modelEntry(nil), s.entries[c.Through-s.trunc.Index:]...)
	s.trunc = Position{c.Through, c.ThroughTerm}
	return c
}

// append extends the log, overwrites an uncommitted suffix, or changes the hard state alone.
func (m *model) append(id slotmap.ShardID, s *modelShard) (any, bool) {
	a := &Append{Shard: id, Replica: s.replica, Sync: m.choose(3) > 0, Reply: somebody}
	sync := a.Sync
	if m.choose(8) == 0 {
		s.hard.Term++
		sync = true
		a.Hard = s.raftHard()
	}
	n := m.choose(6)
	if free := s.last() - s.hard.Index; n > 0 && free > 0 && m.choose(5) == 0 {
		s.entries = s.entries[:len(s.entries)-1-m.choose(int(free))]
	}
	a.Entries = m.grow(s, n)
	if free := s.last() - s.hard.Index; free > 0 && m.choose(2) == 0 {
		s.hard.Index += 1 + uint64(m.choose(int(free)))
		a.Hard = s.raftHard()
	}
	return a, sync
}

func (m *model) grow(s *modelShard, n int) []*raftpb.Entry {
	if n == 0 {
		return nil
	}
	s.entries = append([]modelEntry(nil), s.entries...)
	var out []*raftpb.Entry
	for i := range n {
		e := modelEntry{term: s.hard.Term, data: fmt.Sprintf("%d-%d-%s", m.serial, i, strings.Repeat("x", m.choose(300)))}
		if m.choose(10) == 0 {
			e.kind, e.data = raftpb.EntryConfChangeV2, ""
		}
		s.entries = append(s.entries, e)
		out = append(out, &raftpb.Entry{Term: new(e.term), Index: new(s.last()), Type: new(e.kind), Data: []byte(e.data)})
	}
	return out
}

// turn stages messages and commits them, as the actor does in one turn.
func turn(l *Log, msgs ...any) (replies []reply) {
	for _, m := range msgs {
		l.writer.stage(m)
		if l.writer.full() {
			replies = append(replies, l.writer.flush()...)
		}
	}
	last := l.writer.flush()
	if replies == nil {
		return last
	}
	return append(replies, last...)
}

func config(t testing.TB, fs vfs.FS) Config {
	return Config{Dir: "data/log", FS: fs, Fatal: func(err error) { t.Errorf("fatal: %v", err) }}
}

func mustOpen(t testing.TB, cfg Config) *Log {
	t.Helper()
	l, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func mustClose(t testing.TB, l *Log) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}
