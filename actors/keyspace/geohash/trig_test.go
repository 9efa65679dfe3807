package geohash

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// Package math is as good as it gets here, but for the last digit.
func TestSinesAreRight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Float64Range(-10, 10).Draw(t, "x")
		sin, cos := sinCos(x)
		if math.Abs(sin-math.Sin(x)) > 4e-16 || math.Abs(cos-math.Cos(x)) > 4e-16 {
			t.Errorf("%g: sine %g, cosine %g, want %g and %g", x, sin, cos, math.Sin(x), math.Cos(x))
		}
		h := rapid.Float64Range(0, 1).Draw(t, "h")
		if got, want := arcSineOfRoot(h), math.Asin(math.Sqrt(h)); math.Abs(got-want) > 1e-15*want+1e-300 {
			t.Errorf("%g: arc %g, want %g", h, got, want)
		}
	})
}

func TestSinesOfOddAngles(t *testing.T) {
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e300, maxAngle} {
		if sin, cos := sinCos(x); !math.IsNaN(sin) || !math.IsNaN(cos) {
			t.Errorf("%g has a sine, %g", x, sin)
		}
	}
	if sin, cos := sinCos(0); sin != 0 || cos != 1 {
		t.Errorf("of 0: %g, %g", sin, cos)
	}
	if got := arcSineOfRoot(1 + 1e-15); got != math.Pi/2 {
		t.Errorf("of more than 1: %g", got)
	}
}
