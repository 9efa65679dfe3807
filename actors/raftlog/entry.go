package raftlog

import (
	"encoding/binary"
	"errors"

	"go.etcd.io/raft/v3/raftpb"
)

// An entry's value is its type (1 byte), its term (uvarint) and its data. The index is in the key.

var errEntry = errors.New("malformed entry")

func entrySize(e *raftpb.Entry) int {
	return 1 + uvarintLen(e.GetTerm()) + len(e.GetData())
}

func uvarintLen(v uint64) int {
	n := 1
	for ; v >= 0x80; v >>= 7 {
		n++
	}
	return n
}

// putEntry fills dst, which has entrySize bytes.
func putEntry(dst []byte, e *raftpb.Entry) {
	dst[0] = byte(e.GetType())
	n := binary.PutUvarint(dst[1:], e.GetTerm())
	copy(dst[1+n:], e.GetData())
}

// parseEntry gives data that aliases b.
func parseEntry(b []byte) (t raftpb.EntryType, term uint64, data []byte, err error) {
	if len(b) < 2 || b[0] > byte(raftpb.EntryConfChangeV2) {
		return 0, 0, nil, errEntry
	}
	term, n := binary.Uvarint(b[1:])
	if n <= 0 {
		return 0, 0, nil, errEntry
	}
	return raftpb.EntryType(b[0]), term, b[1+n:], nil
}

// slabEntries is how many entries share one allocation of their structs.
const slabEntries = 32

// A slab makes entries whose pointer fields point beside them. Data is copied, one allocation each, so that
// one kept value pins no other.
type slab struct{ free []slabEntry }

type slabEntry struct {
	entry       raftpb.Entry
	term, index uint64
	kind        raftpb.EntryType
}

func (s *slab) entry(index uint64, value []byte) (*raftpb.Entry, error) {
	t, term, data, err := parseEntry(value)
	if err != nil {
		return nil, err
	}
	if len(s.free) == 0 {
		s.free = make([]slabEntry, slabEntries)
	}
	e := &s.free[0]
	s.free = s.free[1:]
	e.term, e.index, e.kind = term, index, t
	e.entry.Term, e.entry.Index = &e.term, &e.index
	if t != raftpb.EntryNormal {
		e.entry.Type = &e.kind
	}
	if len(data) > 0 {
		e.entry.Data = append([]byte(nil), data...)
	}
	return &e.entry, nil
}
