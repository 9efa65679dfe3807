//go:build plant

package replica

import (
	"testing"

	"github.com/troupedb/troupe/actors/plant"
)

// The proof of recovery is worth what it would find.
func TestRecoveryFindsPlantedBugs(t *testing.T) {
	for _, bug := range []plant.Bug{plant.AckBeforeSync, plant.VoteNotSaved, plant.UnsyncedSnapshot, plant.LogGap} {
		t.Run(string(bug), func(t *testing.T) {
			plant.Set(bug)
			defer plant.Set("")
			for seed := uint64(1); seed <= 20; seed++ {
				if _, _, err := powerFailures(t, seed); err != nil {
					t.Logf("%.200s", err.Error())
					return
				}
			}
			t.Fatal("not found")
		})
	}
}
