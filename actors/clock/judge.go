package clock

import "slices"

const (
	// Tolerance is how far a wall clock may be from the median of the cluster's and count as right.
	Tolerance = 500
	// MaxError is how uncertain a reading of a peer's clock may be and be of use.
	MaxError = 250
)

const (
	driftPPM = 500                 // by how much two clocks may run apart, as NTP bounds it
	maxWall  = 253_402_300_800_000 // 10000-01-01: no clock shows more
	ppm      = 1_000_000
	maxAge   = MaxError * ppm / driftPPM // of a reading without any error when it was made
)

// Reading is what a wall clock showed.
type Reading struct {
	Wall  int64 // since 1970
	Mono  int64 // our monotonic clock at that moment
	Error int64 // how much sooner or later than Mono that moment may have been
}

// Agreed is the time that most of the cluster's wall clocks agree on, told along our monotonic clock. The
// zero value is none.
type Agreed struct {
	Known bool
	Told  int   // clocks that were judged, our own included
	Nodes int   // of so many nodes
	base  int64 // the agreed time when our monotonic clock was 0
}

// At is the agreed time at a moment of the monotonic clock.
// REQUIRES: a.Known.
func (a Agreed) At(mono int64) int64 { return a.base + mono }

// Judge finds the time that most of nodes agree on: the median of our own clock and the peers', if more than
// half of the nodes are within Tolerance of it. Of an even number of clocks it is the lower one in the middle: a
// shard's clock that is behind can be helped. So a minority of wrong clocks changes nothing, and where no
// majority can be heard there is no agreed time.
func Judge(own Reading, peers []Reading, nodes int) Agreed {
	bases := []int64{own.Wall - own.Mono}
	for _, r := range peers {
		if r.usable(own.Mono) {
			bases = append(bases, r.Wall-r.Mono)
		}
	}
	nodes = max(nodes, len(bases))
	slices.Sort(bases)
	median := bases[(len(bases)-1)/2]
	near := 0
	for _, b := range bases {
		if within(b, median) {
			near++
		}
	}
	return Agreed{Known: near > nodes/2, Told: len(bases), Nodes: nodes, base: median}
}

// usable reports whether a reading still tells enough: since it was made the clocks may have run apart.
func (r Reading) usable(mono int64) bool {
	age := mono - r.Mono
	if r.Wall < 0 || r.Wall > maxWall || r.Error < 0 || r.Error > MaxError || age < -MaxError || age > maxAge {
		return false
	}
	return r.Error+max(age, 0)*driftPPM/ppm <= MaxError
}

func within(a, b int64) bool { return a-b <= Tolerance && b-a <= Tolerance }
