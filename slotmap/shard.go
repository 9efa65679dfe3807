package slotmap

import (
	"cmp"
	"slices"
)

// Bounds of a map; what exceeds them is refused from outside and clipped from
// inside.
const (
	MaxShards  = 4096
	MaxMembers = 32 // of one shard
)

// Member is one replica of a shard. A replica id is used once in the life of a
// shard, so a node that comes back as a member has a new one.
type Member struct {
	Replica uint64
	Node    NodeID
	Learner bool
}

func (m Member) compare(o Member) int {
	if c := cmp.Or(cmp.Compare(m.Replica, o.Replica), m.Node.Compare(o.Node)); c != 0 {
		return c
	}
	switch {
	case m.Learner == o.Learner:
		return 0
	case m.Learner:
		return -1 // a learner becomes a voter, so the voter is the newer fact
	}
	return 1
}

// Shard says who makes up a Raft group and who leads it.
type Shard struct {
	ID ShardID

	// Members as of the configuration committed at Index, by replica id.
	Index   uint64
	Members []Member

	// Leader is the replica id that leads in Term; 0 if none is known.
	Term   uint64
	Leader uint64
}

// Member returns the member of a replica id.
func (s *Shard) Member(replica uint64) (Member, bool) {
	for _, m := range s.Members {
		if m.Replica == replica && replica != 0 {
			return m, true
		}
	}
	return Member{}, false
}

// LeaderNode returns the node of the leader, if there is one and it is among
// the members.
func (s *Shard) LeaderNode() (NodeID, bool) {
	m, ok := s.Member(s.Leader)
	return m.Node, ok
}

// Voters returns how many members vote.
func (s *Shard) Voters() int {
	n := 0
	for _, m := range s.Members {
		if !m.Learner {
			n++
		}
	}
	return n
}

func (s *Shard) equal(o *Shard) bool {
	return s.ID == o.ID && s.Index == o.Index && s.Term == o.Term && s.Leader == o.Leader &&
		slices.Equal(s.Members, o.Members)
}

// merge joins two states of one shard, register by register.
func (s *Shard) merge(o *Shard) Shard {
	out := *s
	if c := cmp.Compare(o.Index, s.Index); c > 0 || c == 0 && compareMembers(o.Members, s.Members) > 0 {
		out.Index, out.Members = o.Index, o.Members
	}
	if cmp.Or(cmp.Compare(o.Term, s.Term), cmp.Compare(o.Leader, s.Leader)) > 0 {
		out.Term, out.Leader = o.Term, o.Leader
	}
	return out
}

func compareMembers(a, b []Member) int {
	return slices.CompareFunc(a, b, Member.compare)
}

// canonicalShard returns s with members of its own: by replica id, each once,
// at most MaxMembers, nil if there are none.
func canonicalShard(s Shard) Shard {
	members := slices.Clone(s.Members)
	slices.SortFunc(members, func(a, b Member) int {
		// Of two members of one id the greater comes first, and stays.
		return cmp.Or(cmp.Compare(a.Replica, b.Replica), b.compare(a))
	})
	members = slices.CompactFunc(members, func(a, b Member) bool { return a.Replica == b.Replica })
	members = slices.DeleteFunc(members, func(m Member) bool { return m.Replica == 0 })
	s.Members = slices.Clip(members[:min(len(members), MaxMembers)])
	if len(s.Members) == 0 {
		s.Members = nil
	}
	return s
}

// canonicalShards returns shards by id, each once, and one for every owner of
// runs. It does not change or keep its arguments.
func canonicalShards(shards []Shard, runs []Run) []Shard {
	all := make([]Shard, 0, len(shards))
	for _, s := range shards {
		if s.ID != 0 {
			all = append(all, canonicalShard(s))
		}
	}
	var last ShardID
	for _, r := range runs {
		if r.Shard != last {
			all = append(all, Shard{ID: r.Shard})
			last = r.Shard
		}
	}
	slices.SortStableFunc(all, func(a, b Shard) int { return cmp.Compare(a.ID, b.ID) })
	return clipShards(joinEqualIDs(all))
}

// joinEqualIDs merges neighbours of the same id, in place.
func joinEqualIDs(sorted []Shard) []Shard {
	out := sorted[:0]
	for _, s := range sorted {
		if n := len(out); n > 0 && out[n-1].ID == s.ID {
			out[n-1] = out[n-1].merge(&s)
			continue
		}
		out = append(out, s)
	}
	return out
}

// mergeShards joins two canonical lists.
func mergeShards(a, b []Shard) []Shard {
	out := make([]Shard, 0, max(len(a), len(b)))
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].ID < b[0].ID:
			out, a = append(out, a[0]), a[1:]
		case a[0].ID > b[0].ID:
			out, b = append(out, b[0]), b[1:]
		default:
			out, a, b = append(out, a[0].merge(&b[0])), a[1:], b[1:]
		}
	}
	return clipShards(append(append(out, a...), b...))
}

// clipShards keeps the lowest ids. Whatever order maps are merged in, a shard
// that is among the lowest in the end was so at each step: no fact is lost.
func clipShards(shards []Shard) []Shard {
	return slices.Clip(shards[:min(len(shards), MaxShards)])
}
