package segment

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func placeAt(n uint32) place { return place{segment: 1, offset: n, size: 1} }

func TestStreamPut(t *testing.T) {
	for _, c := range []struct {
		name       string
		have       []uint64
		put        uint64
		ok         bool
		old        place
		first, end uint64
	}{
		{"empty", nil, 7, true, place{}, 7, 8},
		{"empty, at zero", nil, 0, true, place{}, 0, 1},
		{"next", []uint64{7}, 8, true, place{}, 7, 9},
		{"first again", []uint64{7, 8, 9}, 7, true, placeAt(0), 7, 10},
		{"last again", []uint64{7, 8, 9}, 9, true, placeAt(2), 7, 10},
		{"before", []uint64{7}, 6, false, place{}, 7, 8},
		{"a gap", []uint64{7}, 9, false, place{}, 7, 8},
		{"no index after it", []uint64{math.MaxUint64 - 1}, math.MaxUint64, false, place{}, math.MaxUint64 - 1, math.MaxUint64},
	} {
		var s stream
		for i, index := range c.have {
			if _, ok := s.put(index, placeAt(uint32(i))); !ok {
				t.Fatal(c.name)
			}
		}
		old, ok := s.put(c.put, placeAt(99))
		if ok != c.ok || old != c.old || s.first != c.first || s.end != c.end {
			t.Errorf("%s: %v, %v, %d to %d", c.name, old, ok, s.first, s.end)
		}
		if ok && *s.at(c.put) != placeAt(99) {
			t.Errorf("%s: is not there", c.name)
		}
	}
}

func TestStreamCut(t *testing.T) {
	for _, c := range []struct {
		name        string
		first, last uint64
		ok          bool
		dropped     []uint32
		lo, end     uint64
	}{
		{"prefix", 10, 11, true, []uint32{10, 11}, 12, 15},
		{"prefix from before", 0, 10, true, []uint32{10}, 11, 15},
		{"suffix", 13, 14, true, []uint32{13, 14}, 10, 13},
		{"suffix and beyond", 14, math.MaxUint64, true, []uint32{14}, 10, 14},
		{"all", 10, 14, true, []uint32{10, 11, 12, 13, 14}, 10, 10},
		{"all and more", 0, math.MaxUint64, true, []uint32{10, 11, 12, 13, 14}, 10, 10},
		{"before", 0, 9, true, nil, 10, 15},
		{"after", 15, 20, true, nil, 10, 15},
		{"backwards", 12, 11, true, nil, 10, 15},
		{"the middle", 11, 13, false, nil, 10, 15},
	} {
		var s stream
		for i := uint64(10); i < 15; i++ {
			s.put(i, placeAt(uint32(i)))
		}
		var dropped []uint32
		ok := s.cut(c.first, c.last, func(p place) { dropped = append(dropped, p.offset) })
		if ok != c.ok || !slices.Equal(dropped, c.dropped) || s.first != c.lo || s.end != c.end {
			t.Errorf("%s: %v, %v, %d to %d", c.name, ok, dropped, s.first, s.end)
		}
	}
	var empty stream
	if !empty.cut(0, math.MaxUint64, func(place) { t.Error("dropped from an empty stream") }) {
		t.Error("empty")
	}
}

// Chunks come and go at both ends; a stream has no more of them than its entries need.
func TestStreamChunks(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	var s stream
	want := map[uint64]place{}
	n := uint32(0)
	for step := range 3000 {
		switch k := rng.IntN(10); {
		case k < 5 || s.first == s.end:
			index := s.end
			if s.first == s.end {
				index = uint64(rng.IntN(3000))
			}
			for range rng.IntN(3*chunkLen) + 1 {
				n++
				if _, ok := s.put(index, placeAt(n)); !ok {
					t.Fatal(index)
				}
				want[index] = placeAt(n)
				index++
			}
		case k < 7:
			s.cut(0, s.first+rng.Uint64N(s.end-s.first), func(place) {})
		case k < 9:
			s.cut(s.end-1-rng.Uint64N(s.end-s.first), math.MaxUint64, func(place) {})
		default:
			index := s.first + rng.Uint64N(s.end-s.first)
			n++
			if old, ok := s.put(index, placeAt(n)); !ok || old != want[index] {
				t.Fatalf("step %d: %d was %v, %v", step, index, old, want[index])
			}
			want[index] = placeAt(n)
		}
		if most := (s.end-s.first)/chunkLen + 2; s.first < s.end && uint64(len(s.chunks)) > most || s.first == s.end && len(s.chunks) > 0 {
			t.Fatalf("step %d: %d chunks for %d to %d", step, len(s.chunks), s.first, s.end)
		}
		if step%10 == 0 {
			for i := s.first; i < s.end; i++ {
				if *s.at(i) != want[i] {
					t.Fatalf("step %d: %d of %d to %d is %v and not %v", step, i, s.first, s.end, *s.at(i), want[i])
				}
			}
		}
	}
}

func TestStreamCopyIsFrozen(t *testing.T) {
	var s stream
	for i := range uint64(3 * chunkLen) {
		s.put(i, placeAt(uint32(i)))
	}
	c := s.copy()
	for i := range uint64(3 * chunkLen) {
		s.put(i, placeAt(0))
	}
	s.cut(0, 2*chunkLen, func(place) {})
	for i := range uint64(3 * chunkLen) {
		if *c.at(i) != placeAt(uint32(i)) {
			t.Fatalf("%d is %v", i, *c.at(i))
		}
	}
}
