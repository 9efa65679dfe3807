package sim

import (
	"flag"
	"os"
	"runtime/debug"
	"testing"
	"time"
)

var (
	oneSeed = flag.Uint64("sim.seed", 0, "simulate this seed only, and write down all that happens")
	seeds   = flag.Int("sim.seeds", 5, "how many seeds to simulate")
	from    = flag.Uint64("sim.from", 1, "the first of these seeds")
	replays = flag.Int("sim.replays", 8, "how many seeds to simulate twice")
)

func TestMain(m *testing.M) {
	flag.Parse()
	debug.SetGCPercent(400)
	os.Exit(m.Run())
}

// TestSimulation runs clusters through whatever their seeds think of.
func TestSimulation(t *testing.T) {
	if *oneSeed != 0 {
		r := Run(Options{Seed: *oneSeed, Trace: os.Stdout})
		t.Logf("seed %d, trace hash %016x\n%v", r.Seed, r.Trace, r.Tally)
		if r.Failure != "" {
			t.Fatal(r.Failure)
		}
		return
	}
	n := uint64(*seeds)
	if testing.Short() {
		n = (n + 3) / 4
	}
	var all Tally
	for seed := *from; seed < *from+n; seed++ {
		r := Run(Options{Seed: seed})
		all.Add(r.Tally)
		if r.Failure != "" {
			t.Fatalf("seed %d: %s\nrun it again: go run ./cmd/troupe-sim --seed %d --trace", seed, r.Failure, seed)
		}
	}
	if uint64(all.Undecided) > 2+n/10 {
		t.Errorf("%d histories are undecided", all.Undecided)
	}
	if n >= 5 && (all.Jobs == 0 || all.Messages == 0) { // not every plan has such clients
		t.Errorf("%d entries of streams are acknowledged, and %d messages heard: little was tried", all.Jobs, all.Messages)
	}
	t.Logf("%d seeds from %d\n%v", n, *from, all)
}

// brisk makes a run short.
func brisk(p *Plan) { p.troubled = min(p.troubled, 20*time.Second) }

// The same seed is the same run, to the last packet.
func TestSameSeedSameRun(t *testing.T) {
	n := uint64(*replays)
	if testing.Short() {
		n = (n + 3) / 4
	}
	same := 0
	for seed := *from; seed < *from+n; seed++ {
		a, b := Run(Options{Seed: seed, Tune: brisk}), Run(Options{Seed: seed, Tune: brisk})
		if a.Trace != b.Trace || a.Failure != b.Failure {
			t.Errorf("seed %d: trace %016x, then %016x; %q, then %q", seed, a.Trace, b.Trace, a.Failure, b.Failure)
			continue
		}
		same++
	}
	t.Logf("%d of %d", same, n)
}
