package replica

import "math"

// maybeSnapshot asks the applier for a snapshot when it is due, or when raft wants one for a replica that has fallen
// behind.
func (r *replica) maybeSnapshot() {
	grown := r.applied - min(r.applied, r.snaps.index)
	if r.snaps.running || grown == 0 || r.snaps.index == 0 || r.tick < r.snaps.again {
		return
	}
	place := snapshotPlace(uint64(r.cfg.Shard), r.members.Conf.GetVoters(), r.cfg.Replica)
	wanted := r.storage.wanted && r.applied >= r.storage.snapFrom
	if !r.cfg.snapshotDue(grown, &r.snaps, place) && !wanted {
		return
	}
	r.snaps.running, r.snaps.begun = true, r.snaps.bytes
	r.toApplier(&takeSnapshot{hurry: r.hurries()})
}

// snapshotDue reports whether the log has grown enough since the last snapshot: beyond the size of that, so that a
// restart replays no more than it loads (the rule of Redis's auto-aof-rewrite-percentage 100), or by so many entries
// that looking at them takes as long. By its place a replica waits for up to a quarter more.
func (c *Config) snapshotDue(grown uint64, s *snapState, place uint64) bool {
	if grown >= later(c.SnapshotEntries, place) {
		return true
	}
	size := max(c.SnapshotBytes, s.size)
	return c.SnapshotBytes > 0 && uint64(s.bytes) >= later(uint64(size), place)
}

// While a replica takes a snapshot it is slower, and its node's disk too. The replicas of a shard see the same log grow,
// and would all take theirs at the same entry; so would all shards of a node that grow alike. So each has a place of
// snapshotPlaces, by which its snapshots are some 10 % apart from those of the others of three voters, and some 3 % from
// those of the node's next shard: most of the time a majority is quick. As the periods differ, two may meet after some time,
// and part again.
const snapshotPlaces = 9

// later adds place thirty-seconds to a bound.
func later(bound, place uint64) uint64 {
	if more := bound / 32 * place; more <= math.MaxUint64-bound {
		return bound + more
	}
	return math.MaxUint64
}

// snapshotPlace is the place of a replica among the voters of its shard.
func snapshotPlace(shard uint64, voters []uint64, id uint64) uint64 {
	rank := uint64(0)
	for _, v := range voters {
		if v < id {
			rank++
		}
	}
	return (3*rank + shard) % snapshotPlaces
}
