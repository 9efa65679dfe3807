//go:build plant

package sim

import (
	"flag"
	"regexp"
	"testing"
	"time"

	"github.com/troupedb/troupe/actors/plant"
)

var (
	bug      = flag.String("sim.bug", "", "plant this bug only")
	patience = flag.Duration("sim.patience", 10*time.Minute, "how long to look for each planted bug")
)

// The simulation is worth what it would find: each planted bug must be found by some seed before long, and by
// a checker that tells what it is.
func TestPlantedBugsAreFound(t *testing.T) {
	for _, b := range plant.All {
		if *bug != "" && *bug != string(b) {
			continue
		}
		t.Run(string(b), func(t *testing.T) {
			plant.Set(b)
			defer plant.Set("")
			mustBeFound(t, regexp.MustCompile(plant.Words[b]))
		})
	}
}

func mustBeFound(t *testing.T, words *regexp.Regexp) {
	began := time.Now()
	for seed := *from; time.Since(began) < *patience; seed++ {
		r := Run(Options{Seed: seed})
		if r.Failure == "" {
			continue
		}
		took := time.Since(began).Round(time.Second)
		if words.MatchString(r.Failure) {
			t.Logf("seed %d, after %v: %.300s", seed, took, r.Failure)
			return
		}
		t.Logf("in other words: seed %d, after %v: %.300s", seed, took, r.Failure)
	}
	t.Errorf("not found in %v", *patience)
}
