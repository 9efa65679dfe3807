package keyspace

import (
	"math"
	"math/big"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// An integer is accepted exactly if it is what the number is printed as.
func TestParseIntModel(t *testing.T) {
	texts := rapid.OneOf(
		rapid.StringMatching(`[-+]?[0-9]{0,21}`),
		rapid.Custom(func(t *rapid.T) string { return strconv.FormatInt(rapid.Int64().Draw(t, "n"), 10) }),
		rapid.SampledFrom([]string{"9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
			"18446744073709551615", "18446744073709551616", "-0", "00", "", "-", "1 ", "0x1"}))
	rapid.Check(t, func(t *rapid.T) {
		s := texts.Draw(t, "text")
		want, err := strconv.ParseInt(s, 10, 64)
		wantOK := err == nil && strconv.FormatInt(want, 10) == s
		if got, ok := parseInt([]byte(s)); ok != wantOK || ok && got != want {
			t.Fatalf("%q: %d, %v", s, got, ok)
		}
	})
}

func TestAddIntModel(t *testing.T) {
	ints := rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{0, 1, -1, math.MaxInt64, math.MinInt64}))
	rapid.Check(t, func(t *rapid.T) {
		a, b := ints.Draw(t, "a"), ints.Draw(t, "b")
		want := new(big.Int).Add(big.NewInt(a), big.NewInt(b))
		if got, ok := addInt(a, b); ok != want.IsInt64() || ok && got != want.Int64() {
			t.Fatalf("%d + %d = %d, %v", a, b, got, ok)
		}
	})
}

// Doubles are a part of the format: their shortest texts read back exactly.
func TestLongDoubleHoldsDoubles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.Float64().Draw(t, "f")
		d := newLongDouble()
		if !d.parse(strconv.AppendFloat(nil, f, 'g', 17, 64)) {
			t.Fatalf("%g is refused", f)
		}
		if got, _ := d.f.Float64(); got != f {
			t.Fatalf("%g read as %g", f, got)
		}
	})
}

func FuzzLongDouble(f *testing.F) {
	for _, s := range oddFloats {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d := newLongDouble()
		if !d.parse(text) || !d.finite() {
			return
		}
		again := newLongDouble()
		printed := d.appendText(nil)
		if !again.parse(printed) {
			t.Fatalf("%q is printed as %q, which is no number", text, printed)
		}
	})
}
