package hll

import (
	"encoding/binary"
	"fmt"
	"math"
)

// SelfTest counts n elements, which seed makes, in both encodings at once. It
// returns an error if they disagree, or an estimate is off by more than chance
// ever makes it.
func SelfTest(n int, seed uint64) error {
	few, many := New(), MakeDense(New())
	var element [8]byte
	check := 1
	for i := 1; i <= n; i++ {
		binary.LittleEndian.PutUint64(element[:], uint64(i)^seed)
		if at, value := Place(element[:]); Raises(many, at, value) {
			few, many = Set(few, at, value, 3000), Set(many, at, value, 0)
		}
		if i != check {
			continue
		}
		if err := compare(few, many, i); err != nil {
			return err
		}
		check *= 10
	}
	return nil
}

// compare compares the estimates of two sketches of n elements.
func compare(few, many []byte, n int) error {
	a, ok := Estimate(few)
	b, ok2 := Estimate(many)
	if !ok || !ok2 || a != b {
		return fmt.Errorf("the encodings disagree: %d and %d", a, b)
	}
	deviation := 6 * 1.04 / math.Sqrt(Count) * float64(n)
	if off := math.Abs(float64(a) - float64(n)); off > math.Ceil(deviation) {
		return fmt.Errorf("%d elements are estimated as %d", n, a)
	}
	return nil
}
