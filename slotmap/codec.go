package slotmap

import (
	"fmt"

	"github.com/troupedb/troupe/wire/pack"
)

// format heads every encoded map and delta, so that a later layout can be told
// apart.
const format = 1

// Values that a run, a shard and a member take in the flat arrays below.
const (
	runWidth    = 4 // first, last, shard, epoch
	claimWidth  = 3 // first, last, epoch
	shardWidth  = 5 // id, index, members, term, leader
	memberWidth = 3 // replica, node, learner
)

// AppendMsgpack appends the map as [format, [runs, flat], [shards]]. Equal maps
// yield equal bytes.
func (m *Map) AppendMsgpack(dst []byte) []byte {
	dst = pack.AppendArray(dst, 3)
	dst = pack.AppendUint(dst, format)
	dst = pack.AppendArray(dst, len(m.Runs())*runWidth)
	for _, r := range m.Runs() {
		dst = pack.AppendUint(dst, uint64(r.First))
		dst = pack.AppendUint(dst, uint64(r.Last))
		dst = pack.AppendUint(dst, uint64(r.Shard))
		dst = pack.AppendUint(dst, r.Epoch)
	}
	dst = pack.AppendArray(dst, len(m.Shards()))
	for i := range m.Shards() {
		dst = appendShard(dst, &m.shards[i])
	}
	return dst
}

// AppendMsgpack appends the delta as [format, shard, [runs, flat]]. Members and
// runs may stand in any order.
func (d Delta) AppendMsgpack(dst []byte) []byte {
	d = d.canonical()
	dst = pack.AppendArray(dst, 3)
	dst = pack.AppendUint(dst, format)
	dst = appendShard(dst, &d.Shard)
	dst = pack.AppendArray(dst, len(d.Runs)*claimWidth)
	for _, r := range d.Runs {
		dst = appendClaim(dst, r)
	}
	return dst
}

func appendClaim(dst []byte, r Run) []byte {
	dst = pack.AppendUint(dst, uint64(r.First))
	dst = pack.AppendUint(dst, uint64(r.Last))
	return pack.AppendUint(dst, r.Epoch)
}

func appendShard(dst []byte, s *Shard) []byte {
	dst = pack.AppendArray(dst, shardWidth)
	dst = pack.AppendUint(dst, uint64(s.ID))
	dst = pack.AppendUint(dst, s.Index)
	dst = pack.AppendArray(dst, len(s.Members)*memberWidth)
	for i := range s.Members {
		m := &s.Members[i]
		dst = pack.AppendUint(dst, m.Replica)
		dst = pack.AppendBytes(dst, m.Node[:])
		dst = pack.AppendBool(dst, m.Learner)
	}
	dst = pack.AppendUint(dst, s.Term)
	return pack.AppendUint(dst, s.Leader)
}

// DecodeMap reads what Map.AppendMsgpack wrote. The result keeps nothing of b.
func DecodeMap(b []byte) (*Map, error) {
	var r pack.Reader
	r.Reset(b)
	readFormat(&r)
	runs := readRuns(&r)
	shards := readShards(&r)
	if err := r.Finish(); err != nil {
		return nil, fmt.Errorf("slot map: %w", err)
	}
	return New(runs, shards), nil
}

// DecodeDelta reads what Delta.AppendMsgpack wrote. The result keeps nothing
// of b.
func DecodeDelta(b []byte) (Delta, error) {
	var r pack.Reader
	r.Reset(b)
	readFormat(&r)
	var d Delta
	readShard(&r, &d.Shard, 0)
	d.Runs = readClaims(&r, d.Shard.ID)
	if err := r.Finish(); err != nil {
		return Delta{}, fmt.Errorf("slot map delta: %w", err)
	}
	return d, nil
}

func readFormat(r *pack.Reader) {
	n := r.ArrayLen(3)
	if f := r.Uint(); r.Err() == nil && (n != 3 || f != format) {
		invalid(r, "format %d of %d fields, want %d of 3", f, n, format)
	}
}

func readRuns(r *pack.Reader) []Run {
	runs := make([]Run, flatLen(r, Count, runWidth))
	for i := range runs {
		runs[i].Range = readRange(r)
		runs[i].Shard = ShardID(r.UintMax(1<<32 - 1))
		runs[i].Epoch = r.Uint()
	}
	checkRuns(r, runs)
	return runs
}

func readClaims(r *pack.Reader, id ShardID) []Run {
	n := flatLen(r, Count, claimWidth)
	if n == 0 {
		return nil
	}
	runs := make([]Run, n)
	for i := range runs {
		runs[i].Range = readRange(r)
		runs[i].Shard = id
		runs[i].Epoch = r.Uint()
	}
	checkRuns(r, runs)
	return runs
}

func readRange(r *pack.Reader) Range {
	return Range{uint16(r.UintMax(Count - 1)), uint16(r.UintMax(Count - 1))}
}

func checkRuns(r *pack.Reader, runs []Run) {
	if r.Err() == nil && !ordered(runs) {
		invalid(r, "runs out of order, overlapping or without owner")
	}
}

func readShards(r *pack.Reader) []Shard {
	shards := make([]Shard, r.ArrayLen(MaxShards))
	var last ShardID
	for i := range shards {
		readShard(r, &shards[i], last)
		last = shards[i].ID
	}
	return shards
}

// readShard reads a shard whose id must be greater than last.
func readShard(r *pack.Reader, s *Shard, last ShardID) {
	n := r.ArrayLen(shardWidth)
	s.ID = ShardID(r.UintMax(1<<32 - 1))
	s.Index = r.Uint()
	s.Members = readMembers(r)
	s.Term = r.Uint()
	s.Leader = r.Uint()
	if r.Err() == nil && (n != shardWidth || s.ID <= last) {
		invalid(r, "shard %d of %d fields after shard %d", s.ID, n, last)
	}
}

func readMembers(r *pack.Reader) []Member {
	n := flatLen(r, MaxMembers, memberWidth)
	if n == 0 {
		return nil
	}
	members := make([]Member, n)
	var last uint64
	for i := range members {
		m := &members[i]
		m.Replica = r.Uint()
		m.Node = readNodeID(r)
		m.Learner = r.Bool()
		if r.Err() == nil && m.Replica <= last {
			invalid(r, "member %d after member %d", m.Replica, last)
		}
		last = m.Replica
	}
	return members
}

func readNodeID(r *pack.Reader) (id NodeID) {
	b := r.Bytes(len(id))
	if r.Err() == nil && len(b) != len(id) {
		invalid(r, "node id of %d bytes", len(b))
	}
	copy(id[:], b)
	return id
}

// flatLen reads the head of a flat array of up to max items of width values.
func flatLen(r *pack.Reader, max, width int) int {
	n := r.ArrayLen(max * width)
	if n%width != 0 {
		invalid(r, "%d values, not a multiple of %d", n, width)
		return 0
	}
	return n / width
}

func invalid(r *pack.Reader, format string, args ...any) {
	r.Fail(fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), ErrInvalid))
}
