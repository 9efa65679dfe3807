package replica

import (
	"strings"
	"testing"
)

// A snapshot is due when as many bytes were logged as the last one has, and not at each small bound; what a
// replica finds in its log when it starts counts as well.
func TestSnapshotIsDueBySizeOfTheLast(t *testing.T) {
	c := newCluster(t, 1, 1, 1)
	c.bytes = 1000
	c.startAll()
	n := c.elect()
	c.set(n, strings.Repeat("v", 50_000))
	c.tick(heartbeatTicks)
	if n.disk.compacted != 1 {
		t.Fatalf("%d snapshots after 50 kB", n.disk.compacted)
	}
	log := func(times int) {
		for range times {
			c.must(c.send(n, kindWrite, "set", "other", strings.Repeat("w", 1000)), "+OK")
			c.tick(1)
		}
	}
	log(30)
	c.kill(n)
	c.start(n)
	c.elect()
	if n.disk.compacted != 1 {
		t.Fatalf("%d snapshots after 30 kB more", n.disk.compacted)
	}
	log(30)
	c.tick(heartbeatTicks)
	if n.disk.compacted != 2 {
		t.Fatalf("%d snapshots after 60 kB more", n.disk.compacted)
	}
}

// takings follows the replicas of a shard while their log grows, and tells for which share of the time in which a
// snapshot was being taken there was more than one.
func takings(c *Config, shard uint64, voters []uint64, size, taking int64, until int64) (overlap float64, snapshots int) {
	states := make([]snapState, len(voters))
	done := make([]int64, len(voters)) // when the snapshot under way is complete
	some, more := 0, 0
	const step = 1 << 10
	for at := int64(0); at < until; at += step {
		busy := 0
		for i := range states {
			s := &states[i]
			s.size = size
			s.grew(step)
			if at >= done[i] && c.snapshotDue(1, s, snapshotPlace(shard, voters, voters[i])) {
				s.bytes, done[i] = 0, at+taking
				snapshots++
			}
			if at < done[i] {
				busy++
			}
		}
		if busy > 0 {
			some++
		}
		if busy > 1 {
			more++
		}
	}
	return float64(more) / float64(some), snapshots
}

// Three replicas take their snapshots in turns, for the most part, whatever the shard.
func TestReplicasTakeSnapshotsInTurns(t *testing.T) {
	c := &Config{SnapshotEntries: 1 << 40, SnapshotBytes: 1 << 20}
	for shard := uint64(1); shard <= 12; shard++ {
		overlap, n := takings(c, shard, []uint64{3, 7, 8}, 16<<20, 16<<20/pacePerByte, 16<<30)
		if overlap > 0.1 || n < 2000 {
			t.Errorf("shard %d: in %.0f %% of the time of %d snapshots two replicas take one", shard, 100*overlap, n)
		}
	}
}

// No bound is exceeded by more than a quarter, and the places of a shard's replicas differ.
func TestSnapshotPlaces(t *testing.T) {
	for shard := uint64(1); shard <= 64; shard++ {
		seen := map[uint64]bool{}
		for _, id := range []uint64{4, 9, 2} {
			place := snapshotPlace(shard, []uint64{2, 4, 9}, id)
			if seen[place] {
				t.Errorf("shard %d: two replicas have place %d", shard, place)
			}
			seen[place] = true
			if bound := later(1<<20, place); bound < 1<<20 || bound > 1<<20+1<<18 {
				t.Errorf("shard %d, place %d: %d bytes instead of %d", shard, place, bound, 1<<20)
			}
		}
	}
}
