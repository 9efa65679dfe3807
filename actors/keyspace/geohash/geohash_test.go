package geohash

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func drawPoint(t *rapid.T) Point {
	return Point{rapid.Float64Range(-MaxLon, MaxLon).Draw(t, "lon"), rapid.Float64Range(-MaxLat, MaxLat).Draw(t, "lat")}
}

func TestKnownPlaces(t *testing.T) {
	palermo, catania := Point{13.361389, 38.115556}, Point{15.087269, 37.502669}
	if got := Encode(palermo); got != 3479099956230698 {
		t.Errorf("hash %d", got)
	}
	if got := string(Text(palermo)); got != "sqc8b49rny0" {
		t.Errorf("text %s", got)
	}
	if got := Distance(palermo, catania); math.Abs(got-166274.26) > 0.01 {
		t.Errorf("distance %f", got)
	}
}

func TestDecodeIsNearWhatWasEncoded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPoint(t)
		if got := Decode(Encode(p)); math.Abs(got.Lon-p.Lon) > 1e-5 || math.Abs(got.Lat-p.Lat) > 1e-5 {
			t.Errorf("%v comes back as %v", p, got)
		}
	})
}

// What is in a shape must be in one of the ranges that are searched: as far as half the way to a pole, beyond
// which nine cells do not always cover a circle, in Redis either.
func TestSearchCoversTheShape(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Shape{Unit: 1, Center: Point{rapid.Float64Range(-170, 170).Draw(t, "lon"), rapid.Float64Range(-60, 60).Draw(t, "lat")}}
		s.Radius = rapid.Float64Range(0, 300_000).Draw(t, "radius")
		p := Point{
			s.Center.Lon + rapid.Float64Range(-3, 3).Draw(t, "east"),
			s.Center.Lat + rapid.Float64Range(-3, 3).Draw(t, "north"),
		}
		if _, in := s.Distance(p); !in {
			return
		}
		hash := Encode(p)
		for _, r := range s.Search() {
			if r.Low <= hash && hash < r.High {
				return
			}
		}
		t.Errorf("%v is in %+v but in none of %v", p, s, s.Search())
	})
}

func TestSearchRangesAreApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Shape{Unit: 1, Center: drawPoint(t), Radius: rapid.Float64Range(0, 3e7).Draw(t, "radius")}
		ranges := s.Search()
		for i, a := range ranges {
			for _, b := range ranges[:i] {
				if a.Low < b.High && b.Low < a.High {
					t.Errorf("%v: %v and %v overlap", s, a, b)
				}
			}
		}
	})
}

func TestOfScore(t *testing.T) {
	for _, tc := range []struct {
		score float64
		want  uint64
	}{
		{0, 0}, {5.9, 5}, {-1, math.MaxUint64}, {-1e300, 1 << 63}, {math.Inf(-1), 1 << 63},
		{1 << 63, 1 << 63}, {1 << 64, 0}, {math.Inf(1), 0}, {1e300, 0},
	} {
		if got := OfScore(tc.score); got != tc.want {
			t.Errorf("%g: %d, want %d", tc.score, got, tc.want)
		}
	}
}
