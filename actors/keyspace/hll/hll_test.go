package hll

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// add adds an element to a sketch.
func add(b []byte, element string, maxSparse int) []byte {
	if i, value := Place([]byte(element)); Raises(b, i, value) {
		return Set(b, i, value, maxSparse)
	}
	return b
}

// Values that a Redis 7.0 server gave.
func TestPlace(t *testing.T) {
	for _, c := range []struct {
		element  string
		register int
		value    uint8
	}{{"", 5938, 2}, {"a", 12711, 2}, {"b", 15780, 1}, {"hello", 9216, 1}, {"12345678", 10579, 3}, {"a longer element", 1013, 1}} {
		if i, value := Place([]byte(c.element)); i != c.register || value != c.value {
			t.Errorf("%q: %d in register %d, want %d in %d", c.element, value, i, c.value, c.register)
		}
	}
}

// The registers are the same in both encodings, and as plain numbers.
func TestEncodingsAgree(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var want Registers
		b := New()
		maxSparse := rapid.SampledFrom([]int{18, 60, 300, 3000}).Draw(rt, "max")
		near := rapid.IntRange(1, Count).Draw(rt, "near")
		for range rapid.IntRange(0, 400).Draw(rt, "sets") {
			i := rapid.IntRange(0, near-1).Draw(rt, "register")
			value := uint8(rapid.SampledFrom([]int{1, 1, 1, 2, 3, 31, 32, 33, 51}).Draw(rt, "value"))
			if Raises(b, i, value) != (want[i] < value) {
				rt.Fatalf("register %d is %d, and %d raises it: %v", i, want[i], value, Raises(b, i, value))
			}
			if want[i] >= value {
				continue
			}
			want[i] = value
			b = Set(b, i, value, maxSparse)
			if !Is(b) || !Dense(b) && len(b) > maxSparse {
				rt.Fatalf("%d bytes, dense: %v", len(b), Dense(b))
			}
		}
		whole := want.Encode(false, maxSparse)
		for name, b := range map[string][]byte{"set": b, "encoded": whole, "dense": MakeDense(b)} {
			var got Registers
			if !got.Merge(b) || got != want {
				rt.Fatalf("%s: other registers", name)
			}
		}
		if !Dense(b) && !Dense(whole) && len(whole) > len(b) {
			rt.Fatalf("encoded at once %d bytes, one by one %d", len(whole), len(b))
		}
	})
}

func TestEstimateIsNear(t *testing.T) {
	for _, maxSparse := range []int{0, 3000} {
		b, n := New(), 0
		for _, upTo := range []int{1, 10, 100, 1000, 10_000, 100_000, 1_000_000} {
			for ; n < upTo; n++ {
				b = add(b, fmt.Sprint("element ", n), maxSparse)
			}
			got, ok := Estimate(b)
			if off := math.Abs(float64(got) - float64(n)); !ok || off > math.Ceil(6*0.0081*float64(n)) {
				t.Errorf("%d elements, estimated %d", n, got)
			}
		}
	}
}

func TestEstimateOfExtremes(t *testing.T) {
	var r Registers
	if n := r.Estimate(); n != 0 {
		t.Errorf("empty: %d", n)
	}
	for i := range r {
		r[i] = maxRun
	}
	if n := r.Estimate(); n != math.MaxInt64 {
		t.Errorf("full: %d", n)
	}
	for i := range r {
		r[i] = 1<<registerBits - 1
	}
	if n, ok := Estimate(r.Encode(true, 0)); n != math.MaxInt64 || !ok {
		t.Errorf("more than full: %d, %v", n, ok)
	}
}

func TestNoted(t *testing.T) {
	b := New()
	if _, ok := Noted(b); ok {
		t.Error("a new sketch has an estimate")
	}
	copy(b[estimateAt:], []byte{7, 1, 0, 0, 0, 0, 0, 0})
	if n, ok := Noted(b); !ok || n != 263 {
		t.Errorf("%d, %v", n, ok)
	}
	if n, ok := Noted(MakeDense(b)); !ok || n != 263 {
		t.Errorf("dense: %d, %v", n, ok)
	}
	Invalidate(b)
	if _, ok := Noted(b); ok {
		t.Error("still noted")
	}
}

func TestHostileSketchesAreRefused(t *testing.T) {
	head := New()[:headerSize]
	withRuns := func(runs ...byte) []byte { return append(bytes.Clone(head), runs...) }
	full := make([]byte, 1<<20)
	for i := range full {
		full[i] = 0x7f // two bytes are a run of 16,256
	}
	wrapped := withRuns(full[:2*4]...)
	for name, b := range map[string][]byte{
		"no run":             withRuns(),
		"too few":            withRuns(0x7f, 0xfe),
		"one too many":       withRuns(0x7f, 0xff, 0x00),
		"cut off":            withRuns(0x7f),
		"past the end":       withRuns(0x7f, 0xf0, 0x83, 0x83, 0x83, 0x83, 0x83),
		"values past":        withRuns(0x7f, 0xfe, 0x83),
		"runs of zeros":      wrapped,
		"very many":          withRuns(full...),
		"text behind":        append(New(), "hello"...),
		"empty run position": withRuns(0x40),
	} {
		if _, ok := Estimate(b); ok {
			t.Errorf("%s: accepted", name)
		}
		if Valid(b) {
			t.Errorf("%s: valid", name)
		}
	}
	for name, b := range map[string][]byte{"empty": nil, "short": head[:15], "magic": []byte("HYLX" + string(head[4:])),
		"encoding": append([]byte("HYLL\x02"), head[5:]...), "dense too short": MakeDense(New())[:denseSize-1],
		"dense too long": append(MakeDense(New()), 0)} {
		if Is(b) {
			t.Errorf("%s: accepted", name)
		}
	}
}

// Any bytes are refused, or are a sketch that can be changed.
func FuzzMerge(f *testing.F) {
	f.Add(New()[headerSize:], uint16(1))
	f.Add([]byte{0x7f, 0xf0, 0x83, 0x83, 0x83, 0x83}, uint16(16383))
	f.Fuzz(func(t *testing.T, runs []byte, register uint16) {
		b := append(New()[:headerSize], runs...)
		var r Registers
		if r.Merge(b) != Valid(b) {
			t.Fatal("Merge and Valid disagree")
		}
		if !Valid(b) {
			return
		}
		i := int(register % Count)
		if r[i]++; r[i] > maxRun {
			return
		}
		var got Registers
		if b = Set(b, i, r[i], 3000); !Is(b) || !got.Merge(b) || got != r {
			t.Fatal("other registers")
		}
	})
}

func TestSelfTest(t *testing.T) {
	if err := SelfTest(100_000, 3); err != nil {
		t.Error(err)
	}
	if compare(New(), MakeDense(New()), 1000) == nil {
		t.Error("0 passes for 1000")
	}
}

func BenchmarkEstimateDense(b *testing.B) {
	sketch := MakeDense(New())
	for b.Loop() {
		Estimate(sketch)
	}
}
