package wire

import (
	"github.com/troupedb/troupe/wire/pack"
)

func (m *Survey) AppendMsgpack(dst []byte) []byte { return appendOnly(dst, m.ID) }

func (m *Surveyed) AppendMsgpack(dst []byte) []byte {
	dst = pack.AppendArray(dst, 4)
	dst = pack.AppendUint(dst, m.ID)
	dst = pack.AppendArray(dst, len(m.Replicas))
	for i := range m.Replicas {
		dst = m.Replicas[i].appendMsgpack(dst)
	}
	dst = pack.AppendUint(dst, m.Syncs)
	return pack.AppendUint(dst, m.SyncTime)
}

func readSurveyed(r *pack.Reader) *Surveyed {
	fields(r, 4)
	m := &Surveyed{ID: r.Uint(), Replicas: []Standing{}}
	for range r.ArrayLen(MaxStandings) {
		s := readStanding(r)
		if r.Err() != nil {
			return m
		}
		m.Replicas = append(m.Replicas, s)
	}
	m.Syncs, m.SyncTime = r.Uint(), r.Uint()
	return m
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
