//go:build plant

package sim

import (
	"flag"
	"testing"
	"time"

	"github.com/troupedb/troupe/actors/plant"
)

var (
	bug      = flag.String("sim.bug", "", "plant this bug only")
	patience = flag.Duration("sim.patience", 10*time.Minute, "how long to look for each planted bug")
)

// The simulation is worth what it would find: each planted bug must be found by some seed before long.
func TestPlantedBugsAreFound(t *testing.T) {
	for _, b := range plant.All {
		if *bug != "" && *bug != string(b) {
			continue
		}
		t.Run(string(b), func(t *testing.T) {
			plant.Set(b)
			defer plant.Set("")
			mustBeFound(t)
		})
	}
}

func mustBeFound(t *testing.T) {
	began := time.Now()
	for seed := *from; time.Since(began) < *patience; seed++ {
		if r := Run(Options{Seed: seed}); r.Failure != "" {
			t.Logf("seed %d, after %v: %.300s", seed, time.Since(began).Round(time.Second), r.Failure)
			return
		}
	}
	t.Errorf("not found in %v", *patience)
}
