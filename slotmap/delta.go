package slotmap

// Delta is what one shard tells about itself: its members, its leader and the
// slots that it claims, or a part of that. Its runs are claims of that shard,
// whatever their Shard field says.
type Delta struct {
	Shard Shard
	Runs  []Run
}

// Delta returns all that m knows of one shard.
func (m *Map) Delta(id ShardID) Delta {
	s, ok := m.Shard(id)
	if !ok {
		s.ID = id
	}
	return Delta{Shard: s, Runs: m.RunsOf(id)}
}

// Apply merges d into m as Merge would merge the map that says just d.
func (m *Map) Apply(d Delta) (*Map, bool) {
	if d.Shard.ID == 0 {
		return m, false
	}
	d = d.canonical()
	return m.join(d.Runs, []Shard{d.Shard})
}

// canonical returns what d says in the one form that is sent and merged.
func (d Delta) canonical() Delta {
	runs := make([]Run, len(d.Runs))
	for i, r := range d.Runs {
		r.Shard = d.Shard.ID
		runs[i] = r
	}
	return Delta{Shard: canonicalShard(d.Shard), Runs: canonicalRuns(runs)}
}

// Split cuts d into deltas whose encoded size is at most maxBytes and that say
// the same together, applied in any order. Only the first one carries members
// and leader; these are never cut, so with a maxBytes less than they take
// (under 1150 bytes for MaxMembers) the first one is larger than asked for.
// Likewise a later part carries at least one run.
func (d Delta) Split(maxBytes int) []Delta {
	d = d.canonical()
	parts := []Delta{{Shard: d.Shard}}
	size := d.sizeWithout()
	for _, r := range d.Runs {
		n := len(appendClaim(nil, r))
		last := &parts[len(parts)-1]
		if size+n > maxBytes && (len(parts) == 1 || len(last.Runs) > 0) {
			parts = append(parts, Delta{Shard: Shard{ID: d.Shard.ID}})
			last = &parts[len(parts)-1]
			size = last.sizeWithout()
		}
		last.Runs = append(last.Runs, r)
		size += n
	}
	return parts
}

// sizeWithout returns the encoded size but for the runs, with room for the
// largest head of their array.
func (d Delta) sizeWithout() int {
	const headGrowth = 4
	return len(Delta{Shard: d.Shard}.AppendMsgpack(nil)) + headGrowth
}
