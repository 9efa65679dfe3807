package raftlog

import (
	"fmt"
	"strings"

	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/wire/pack"
)

// record is a shard's fixed part, written with every batch that touches the shard.
//
// Invariants: truncated.Index <= last; truncated.Index <= snapshot.Index when there is a snapshot;
// truncated.Index <= commit <= last when hasHard.
type record struct {
	counter   uint64 // batches that touched the shard, this one included
	replica   uint64
	tombstone uint64
	hasHard   bool
	term      uint64
	vote      uint64
	commit    uint64
	snapshot  Position
	truncated Position
	last      uint64
}

const (
	recordVersion = 1
	recordFields  = 13

	snapshotVersion = 1
	snapshotFields  = 10
	maxSnapshotName = 255
	maxSnapshotMeta = 16 << 20
	maxMembers      = 1024
)

func (r *record) append(dst []byte) []byte {
	dst = pack.AppendArray(dst, recordFields)
	dst = pack.AppendUint(dst, recordVersion)
	dst = pack.AppendBool(dst, r.hasHard)
	for _, v := range [...]uint64{
		r.counter, r.replica, r.tombstone, r.term, r.vote, r.commit,
		r.snapshot.Index, r.snapshot.Term, r.truncated.Index, r.truncated.Term, r.last,
	} {
		dst = pack.AppendUint(dst, v)
	}
	return dst
}

func decodeRecord(b []byte) (r record, err error) {
	p := pack.NewReader(b)
	n, v := p.ArrayLen(recordFields), p.Uint()
	r.hasHard = p.Bool()
	for _, dst := range [...]*uint64{
		&r.counter, &r.replica, &r.tombstone, &r.term, &r.vote, &r.commit,
		&r.snapshot.Index, &r.snapshot.Term, &r.truncated.Index, &r.truncated.Term, &r.last,
	} {
		*dst = p.Uint()
	}
	if err := p.Finish(); err != nil {
		return record{}, fmt.Errorf("record: %w", err)
	}
	if n != recordFields || v != recordVersion {
		return record{}, fmt.Errorf("record of version %d with %d fields", v, n)
	}
	return r, nil
}

func (r *record) hard() *raftpb.HardState {
	if !r.hasHard {
		return nil
	}
	return &raftpb.HardState{Term: new(r.term), Vote: new(r.vote), Commit: new(r.commit)}
}

// covers raises the commit index to an index that is known to be committed, since a snapshot has it.
func (r *record) covers(index uint64) {
	if r.hasHard {
		r.commit = max(r.commit, index)
	}
}

func appendSnapshot(dst []byte, s *SnapshotRef) []byte {
	dst = pack.AppendArray(dst, snapshotFields)
	dst = pack.AppendUint(dst, snapshotVersion)
	dst = pack.AppendString(dst, s.File)
	dst = pack.AppendUint(dst, s.Index)
	dst = pack.AppendUint(dst, s.Term)
	dst = pack.AppendBool(dst, s.ConfState.GetAutoLeave())
	for _, ids := range [...][]uint64{
		s.ConfState.GetVoters(), s.ConfState.GetLearners(),
		s.ConfState.GetVotersOutgoing(), s.ConfState.GetLearnersNext(),
	} {
		dst = pack.AppendArray(dst, len(ids))
		for _, id := range ids {
			dst = pack.AppendUint(dst, id)
		}
	}
	return pack.AppendBytes(dst, s.Meta)
}

func decodeSnapshot(b []byte) (s SnapshotRef, err error) {
	p := pack.NewReader(b)
	n, v := p.ArrayLen(snapshotFields), p.Uint()
	s.File, s.Index, s.Term = p.String(maxSnapshotName), p.Uint(), p.Uint()
	auto := p.Bool()
	c := &raftpb.ConfState{}
	for _, ids := range [...]*[]uint64{&c.Voters, &c.Learners, &c.VotersOutgoing, &c.LearnersNext} {
		*ids = readIDs(p)
	}
	s.Meta = append([]byte(nil), p.Bytes(maxSnapshotMeta)...)
	if err := p.Finish(); err != nil {
		return SnapshotRef{}, fmt.Errorf("snapshot: %w", err)
	}
	if n != snapshotFields || v != snapshotVersion {
		return SnapshotRef{}, fmt.Errorf("snapshot of version %d with %d fields", v, n)
	}
	if auto {
		c.AutoLeave = new(true)
	}
	s.ConfState = c
	return s, s.check()
}

func readIDs(p *pack.Reader) []uint64 {
	n := p.ArrayLen(maxMembers)
	if n == 0 {
		return nil
	}
	ids := make([]uint64, n)
	for i := range ids {
		ids[i] = p.Uint()
	}
	return ids
}

// check refuses a name that could lead out of the snapshot directory.
func (s *SnapshotRef) check() error {
	if s.File == "" || s.File == "." || s.File == ".." || len(s.File) > maxSnapshotName || strings.ContainsAny(s.File, "/\\\x00") {
		return fmt.Errorf("snapshot file name %q", s.File)
	}
	if s.Index == 0 || s.Term == 0 {
		return fmt.Errorf("snapshot at index %d, term %d", s.Index, s.Term)
	}
	return nil
}
