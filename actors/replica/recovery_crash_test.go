package replica

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

var (
	crashSeeds = flag.Int("troupe.crash.seeds", 3, "how many seeds of power failures; 15 make more than 1,000")
	crashFrom  = flag.Uint64("troupe.crash.from", 1, "the first of these seeds")
)

// crashing notes a crash point before some of the writes.
type crashing struct {
	d     *realDisk
	rng   *rand.Rand
	every int
	found []crashPoint
}

// MaybeError implements errorfs.Injector.
func (c *crashing) MaybeError(op errorfs.Op) error {
	if op.Kind.ReadOrWrite() != errorfs.OpIsWrite {
		return nil
	}
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	if c.rng.IntN(c.every) == 0 {
		c.found = append(c.found, c.d.point(c.rng))
	}
	return nil
}

// String implements errorfs.Injector.
func (c *crashing) String() string { return "crashing" }

// Wherever the power fails in a replica's life, its log, its snapshot and its state machine come back together as
// they were, with all that was acknowledged.
func TestRecoveryFromPowerFailure(t *testing.T) {
	var points, installs, compactions, changes, crashes int
	seeds := *crashSeeds
	if testing.Short() {
		seeds = min(seeds, 1)
	}
	for i := range uint64(seeds) {
		s, c, err := powerFailures(t, *crashFrom+i)
		if err != nil {
			t.Fatal(err)
		}
		points += len(c.found)
		installs, compactions = installs+c.d.installs, compactions+c.d.compactions
		changes, crashes = changes+s.watch.changes, crashes+s.crashes
	}
	t.Logf("%d crash points, in lives with %d snapshots received, %d made, %d memberships, %d power failures that life went on after",
		points, installs, compactions, changes, crashes)
	if seeds >= 3 && (points < 200 || installs == 0 || compactions == 0 || changes == 0 || crashes == 0) {
		t.Fatal("too little happened")
	}
}

func powerFailures(t *testing.T, seed uint64) (*saga, *crashing, error) {
	s := newSaga(t, seed)
	c := &crashing{rng: rand.New(rand.NewPCG(seed, 8)), every: 4} // of its writes one in four is a crash point
	c.d = newRealDisk(s.cluster, s.one, seed, c)
	s.soft = true
	s.startAll()
	s.run(60)
	s.end()
	if s.failed != "" {
		return s, c, fmt.Errorf("seed %d: %s", seed, s.failed)
	}
	for i := range c.found {
		if err := s.check(&c.found[i]); err != nil {
			return s, c, fmt.Errorf("seed %d, crash point %d of %d: %w", seed, i, len(c.found), err)
		}
	}
	return s, c, nil
}
