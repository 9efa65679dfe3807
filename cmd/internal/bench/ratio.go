package bench

import (
	"fmt"
	"slices"
)

const (
	// maxSpread is how far apart the ratios of single rounds may lie, the largest from the least as a share of
	// their median, for the median to tell something.
	maxSpread = 0.35
	// minRounds is how many rounds it takes to know that.
	minRounds = 3
	// maxFailed is the share of requests that may fail.
	maxFailed = 0.01
)

// Ratio is how a contender stands to the baseline.
type Ratio struct {
	Value float64
	Why   string // there is no value
}

// ratio compares two series of figures round by round.
// REQUIRES: both have one figure a round; 0 is one that is not known.
func ratio(of, base []float64) Ratio {
	if len(of) < minRounds {
		return Ratio{Why: fmt.Sprintf("it takes %d rounds", minRounds)}
	}
	if slices.Min(of) == 0 || slices.Min(base) == 0 {
		return Ratio{Why: "not measured in every round"}
	}
	each := make([]float64, len(of))
	for i := range each {
		each[i] = of[i] / base[i]
	}
	least, middle, most := slices.Min(each), median(each), slices.Max(each)
	if spread := (most - least) / middle; spread > maxSpread {
		return Ratio{Why: fmt.Sprintf("the rounds differ by %.0f %% (%.2f to %.2f), which is more than %.0f %%",
			100*spread, least, most, 100*maxSpread)}
	}
	return Ratio{Value: middle}
}

// median is the middle of some values, or of the two in the middle; 0 of none.
func median(values []float64) float64 {
	s := slices.Sorted(slices.Values(values))
	switch n := len(s); {
	case n == 0:
		return 0
	case n%2 == 1:
		return s[n/2]
	default:
		return (s[n/2-1] + s[n/2]) / 2
	}
}
