package clock

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// at is a node whose monotonic clock began at 0, when the agreed time was base, with a wall clock that is off.
func at(base, mono, off int64) Now {
	return Now{Wall: base + mono + off, Mono: mono, Agreed: Judge(Reading{Wall: base}, nil, 1)}
}

// alone is a node that hears too few others.
func alone(wall, mono int64) Now { return Now{Wall: wall, Mono: mono} }

func TestFollowsAWallClockThatAgrees(t *testing.T) {
	var s Shard
	for _, off := range []int64{0, Tolerance, -Tolerance + 100} {
		mono := 10_000 + off
		if got := s.Now(at(1_000_000, mono, off)); got != 1_000_000+mono+off {
			t.Errorf("off by %d: %d", off, got)
		}
		s = Shard{}
	}
}

func TestAheadOfTheWallClockItRunsSlower(t *testing.T) {
	for _, step := range []int64{1, 2, 3, 7, 100, 1000} {
		var s Shard
		s.Observe(110_000, 0)
		for mono := int64(0); mono <= 10_000; mono += step {
			if got, want := s.Now(at(100_000, mono, 0)), 110_000+mono*9/10; got != want {
				t.Fatalf("asked every %d ms, after %d ms: %d, want %d", step, mono, got, want)
			}
		}
	}
}

func TestItMeetsTheWallClock(t *testing.T) {
	var s Shard
	s.Observe(100_300, 0)
	for mono, want := range map[int64]int64{3000: 103_000, 2990: 102_991} {
		c := s
		if got := c.Now(at(100_000, mono, 0)); got != want {
			t.Errorf("after %d ms: %d, want %d", mono, got, want)
		}
	}
}

func TestAWrongWallClockIsNotFollowed(t *testing.T) {
	for _, off := range []int64{Tolerance + 1, -Tolerance - 1, 3_600_000, -3_600_000, -100_000} {
		var s Shard
		s.Observe(100_000, 0)
		for mono := int64(0); mono < 5000; mono += 500 {
			if got := s.Now(at(100_000, mono, off)); got != 100_000+mono {
				t.Errorf("off by %d, after %d ms: %d", off, mono, got)
			}
		}
	}
}

func TestWithoutAMajorityItCountsOn(t *testing.T) {
	var s Shard
	s.Observe(50_000, 1000)
	for _, wall := range []int64{0, 49_000, 60_000, 3_600_000} {
		c := s
		if got := c.Now(alone(wall, 3000)); got != 52_000 {
			t.Errorf("wall clock %d: %d", wall, got)
		}
	}
}

// After a stop the clock of the shard jumps to the agreed time, also where the leader's own is wrong.
func TestAfterAStop(t *testing.T) {
	for _, off := range []int64{0, 3_600_000, -3_600_000} {
		var s Shard
		s.Observe(100_000, 0)
		if got := s.Now(alone(86_500_000+off, 10)); got != 100_010 {
			t.Errorf("off by %d, nobody heard: %d", off, got)
		}
		if got := s.Now(at(86_500_000, 20, off)); got != 86_500_020 {
			t.Errorf("off by %d: %d", off, got)
		}
	}
}

// A leader whose own clock is wrong and that finds the shard ahead brings it back as gently as another.
func TestAWrongLeaderBringsItBack(t *testing.T) {
	var s Shard
	s.Observe(103_000, 0)
	for mono, want := range map[int64]int64{0: 103_000, 10_000: 112_000, 30_000: 130_000, 40_000: 140_000} {
		c := s
		if got := c.Now(at(100_000, mono, 3_600_000)); got != want {
			t.Errorf("after %d ms: %d, want %d", mono, got, want)
		}
	}
}

func TestItNeverRunsBackwards(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s Shard
		last := int64(0)
		for range rapid.IntRange(1, 50).Draw(t, "n") {
			any := rapid.OneOf(rapid.Int64(), rapid.Int64Range(0, 10_000))
			if rapid.Bool().Draw(t, "observe") {
				stamp := any.Draw(t, "stamp")
				s.Observe(stamp, any.Draw(t, "at"))
				last = max(last, stamp)
			}
			n := Now{Wall: any.Draw(t, "wall"), Mono: any.Draw(t, "mono")}
			n.Agreed = Agreed{Known: rapid.Bool().Draw(t, "known"), base: any.Draw(t, "base")}
			got := s.Now(n)
			if got < last {
				t.Fatalf("%d after %d", got, last)
			}
			last = got
		}
	})
}

const good = 100 // how far a right wall clock is from the true time

// world is a cluster in which most wall clocks are right.
type world struct {
	t     *rapid.T
	truth int64
	nodes []*node
}

type node struct {
	mono  int64 // ahead of the truth by that
	wall  int64
	wrong bool
	heard map[int]Reading
	shard Shard
}

func newWorld(t *rapid.T) *world {
	w := &world{t: t, truth: 1_700_000_000_000}
	n := rapid.IntRange(1, 5).Draw(t, "nodes")
	wrong := rapid.IntRange(0, (n-1)/2).Draw(t, "wrong")
	for i := range n {
		m := &node{mono: rapid.Int64Range(-1_000_000, 0).Draw(t, "mono") - w.truth, wrong: i < wrong, heard: map[int]Reading{}}
		m.shard.Observe(w.truth, m.mono+w.truth)
		w.nodes = append(w.nodes, m)
	}
	return w
}

func (w *world) show(n *node) int64 {
	if n.wrong {
		return w.truth + n.wall
	}
	return w.truth + rapid.Int64Range(-good, good).Draw(w.t, "off")
}

// hear has a node read another's clock, with an error.
func (w *world) hear(n *node, i int) {
	err := rapid.Int64Range(0, MaxError-1).Draw(w.t, "error")
	shift := rapid.Int64Range(-err, err).Draw(w.t, "shift")
	n.heard[i] = Reading{Wall: w.show(w.nodes[i]), Mono: n.mono + w.truth + shift, Error: err}
}

func (w *world) now(n *node) Now {
	now := Now{Wall: w.show(n), Mono: n.mono + w.truth}
	var peers []Reading
	for i, r := range n.heard {
		if w.nodes[i] != n {
			peers = append(peers, r)
		}
	}
	now.Agreed = Judge(Reading{Wall: now.Wall, Mono: now.Mono}, peers, len(w.nodes))
	return now
}

// A majority of right clocks keeps the shard's clock right, whoever leads, whoever hears whom, and whatever
// the other clocks do.
func TestAMajorityKeepsTheTime(t *testing.T) {
	const bound = 2*Tolerance + MaxError + good
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		last := w.truth
		t.Repeat(map[string]func(*rapid.T){
			"time passes": func(t *rapid.T) {
				w.truth += rapid.OneOf(rapid.Int64Range(0, 1000), rapid.Int64Range(0, 3_600_000)).Draw(t, "ms")
			},
			"a wrong clock jumps": func(t *rapid.T) {
				if n := rapid.SampledFrom(w.nodes).Draw(t, "node"); n.wrong {
					n.wall = rapid.OneOf(rapid.Int64Range(-2000, 2000), rapid.Int64Range(-1e12, 1e12)).Draw(t, "by")
				}
			},
			"hears": func(t *rapid.T) {
				w.t = t
				w.hear(rapid.SampledFrom(w.nodes).Draw(t, "who"), rapid.IntRange(0, len(w.nodes)-1).Draw(t, "whom"))
			},
			"leads": func(t *rapid.T) {
				w.t = t
				lead := rapid.SampledFrom(w.nodes).Draw(t, "leader")
				now := w.now(lead)
				stamp := lead.shard.Now(now)
				switch {
				case stamp < last:
					t.Fatalf("backwards by %d", last-stamp)
				case stamp > w.truth+bound:
					t.Fatalf("ahead of the true time by %d", stamp-w.truth)
				case now.Agreed.Known && stamp < w.truth-bound:
					t.Fatalf("behind the true time by %d", w.truth-stamp)
				}
				last = stamp
				for _, n := range w.nodes {
					n.shard.Observe(stamp, n.mono+w.truth)
				}
			},
		})
	})
}

func TestFarStampsDoNotOverflow(t *testing.T) {
	var s Shard
	s.Observe(math.MaxInt64-3, 0)
	if got := s.Now(alone(0, 100)); got != math.MaxInt64-3 {
		t.Errorf("%d", got)
	}
}
