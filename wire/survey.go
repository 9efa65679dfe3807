package wire

import (
	"github.com/troupedb/troupe/wire/pack"
)

func (m *Survey) AppendMsgpack(dst []byte) []byte { return appendOnly(dst, m.ID) }

func (m *Surveyed) AppendMsgpack(dst []byte) []byte {
	dst = pack.AppendArray(dst, 5)
	dst = pack.AppendUint(dst, m.ID)
	dst = pack.AppendArray(dst, len(m.Replicas))
	for i := range m.Replicas {
		dst = m.Replicas[i].appendMsgpack(dst)
	}
	for _, t := range [...]*Times{&m.Syncs, &m.Reads, &m.Writes} {
		dst = t.appendMsgpack(dst)
	}
	return dst
}

func readSurveyed(r *pack.Reader) *Surveyed {
	fields(r, 5)
	m := &Surveyed{ID: r.Uint(), Replicas: []Standing{}}
	for range r.ArrayLen(MaxStandings) {
		s := readStanding(r)
		if r.Err() != nil {
			return m
		}
		m.Replicas = append(m.Replicas, s)
	}
	m.Syncs, m.Reads, m.Writes = readTimes(r), readTimes(r), readTimes(r)
	return m
}

func (t *Times) appendMsgpack(dst []byte) []byte {
	dst = pack.AppendArray(dst, 1+len(t.Below))
	dst = pack.AppendUint(dst, t.Sum)
	for _, n := range t.Below {
		dst = pack.AppendUint(dst, n)
	}
	return dst
}

func readTimes(r *pack.Reader) (t Times) {
	n := r.ArrayLen(1 + MaxBounds)
	if n == 0 {
		invalid(r, "times without a sum")
	}
	t.Sum = r.Uint()
	for i := 1; i < n && r.Err() == nil; i++ {
		t.Below = append(t.Below, r.Uint())
	}
	return t
}

func (s *Standing) appendMsgpack(dst []byte) []byte {
	dst = pack.AppendArray(dst, 12)
	dst = pack.AppendUint(dst, uint64(s.Shard))
	dst = pack.AppendUint(dst, uint64(s.Role))
	for _, v := range [...]uint64{s.Replica, s.Term, s.Last, s.Commit, s.Applied, s.Snapshot, s.Written, s.Read} {
		dst = pack.AppendUint(dst, v)
	}
	dst = pack.AppendInt(dst, s.Keys)
	return pack.AppendInt(dst, s.Bytes)
}

func readStanding(r *pack.Reader) (s Standing) {
	fields(r, 12)
	s.Shard, s.Role = readShard(r), uint8(r.UintMax(maxRole))
	for _, v := range [...]*uint64{&s.Replica, &s.Term, &s.Last, &s.Commit, &s.Applied, &s.Snapshot, &s.Written, &s.Read} {
		*v = r.Uint()
	}
	s.Keys, s.Bytes = r.Int(), r.Int()
	return s
}

// maxRole is the last of the roles that a replica may have.
const maxRole = 3
