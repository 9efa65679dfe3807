package geohash

import "math"

// Sines and cosines are made here and not by package math, which rounds differently on some processors: what a
// search finds and stores has to be the same on every replica. They are right to within a few units of the last
// digit.

// maxAngle is beyond any angle that matters; for those above there is no answer.
const maxAngle = 1 << 20

// A quarter of a circle in two parts: the first has so few bits that small multiples of it are exact.
const (
	quarterHigh = 1.57079632673412561417e+00
	quarterLow  = 6.07710050650619224932e-11
)

// The series of sine and cosine, the highest power first.
var (
	sines = [...]float64{1. / 355687428096000, -1. / 1307674368000, 1. / 6227020800, -1. / 39916800, 1. / 362880,
		-1. / 5040, 1. / 120, -1. / 6, 1}
	cosines = [...]float64{1. / 20922789888000, -1. / 87178291200, 1. / 479001600, -1. / 3628800, 1. / 40320,
		-1. / 720, 1. / 24, -1. / 2, 1}
)

// sinCos returns the sine and the cosine of an angle in radians.
func sinCos(x float64) (sin, cos float64) {
	if !(math.Abs(x) < maxAngle) {
		return math.NaN(), math.NaN()
	}
	quarters := math.Round(x * (2 / math.Pi))
	rest := (x - float64(quarters*quarterHigh)) - float64(quarters*quarterLow)
	square := float64(rest * rest)
	sin, cos = rest*series(sines[:], square), series(cosines[:], square)
	switch int(quarters) & 3 {
	case 1:
		return cos, -sin
	case 2:
		return -sin, -cos
	case 3:
		return -cos, sin
	}
	return sin, cos
}

func series(factors []float64, x float64) (sum float64) {
	for _, f := range factors {
		sum = float64(sum*x) + f
	}
	return sum
}

func sine(x float64) float64 {
	sin, _ := sinCos(x)
	return sin
}

func cosine(x float64) float64 {
	_, cos := sinCos(x)
	return cos
}

// arcSineOfRoot returns the angle whose sine is the root of h, which is between 0 and 1 but for rounding.
func arcSineOfRoot(h float64) float64 {
	h = min(h, 1)
	if h > 0.5 { // near the top of the sine its angle is told better by the cosine
		return math.Pi/2 - arcSineOfRoot(1-h)
	}
	x := math.Sqrt(h)
	angle := x + float64(x*h/6)
	for range 4 { // Newton's method doubles the digits each time
		sin, cos := sinCos(angle)
		angle += (x - sin) / cos
	}
	return angle
}
