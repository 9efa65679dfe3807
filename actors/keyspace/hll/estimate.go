package hll

import "math"

// Estimate returns how many distinct elements a sketch has seen, about; ok is
// false if it is not valid. REQUIRES: Is(b).
func Estimate(b []byte) (n uint64, ok bool) {
	var r Registers
	if !r.Merge(b) {
		return 0, false
	}
	return r.Estimate(), true
}

// Estimate returns how many distinct elements the registers have seen, about.
func (r *Registers) Estimate() uint64 {
	const alpha = 0.5 / math.Ln2
	var histogram [256]int // values above maxRun, which no element has, are nothing
	for _, value := range r {
		histogram[value]++
	}
	z := Count * tau(float64(Count-histogram[maxRun])/Count)
	for k := maxRun - 1; k >= 1; k-- {
		z = (z + float64(histogram[k])) * 0.5
	}
	z += float64(Count * sigma(float64(histogram[0])/Count))
	estimate := math.Round(alpha * Count * Count / z)
	if !(estimate < 1<<63) {
		return math.MaxInt64
	}
	return uint64(estimate)
}

// sigma corrects for registers that are still zero, tau for full ones; both are
// so named in the paper.
func sigma(x float64) float64 {
	if x == 1 {
		return math.Inf(1)
	}
	y, z := 1.0, x
	for before := math.Inf(1); before != z; {
		x *= x
		before = z
		z += float64(x * y)
		y += y
	}
	return z
}

func tau(x float64) float64 {
	if x == 0 || x == 1 {
		return 0
	}
	y, z := 1.0, 1-x
	for before := math.Inf(1); before != z; {
		x = math.Sqrt(x)
		before = z
		y *= 0.5
		square := float64((1 - x) * (1 - x))
		z -= float64(square * y)
	}
	return z / 3
}
