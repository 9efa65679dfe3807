package bench

import (
	"strings"
	"testing"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		of   []float64
		want float64
	}{
		{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1}, 5}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 3, 2}, 2.5},
	} {
		if got := median(c.of); got != c.want {
			t.Errorf("%v: %v, want %v", c.of, got, c.want)
		}
	}
}

func TestRatio(t *testing.T) {
	for name, c := range map[string]struct {
		of, base []float64
		want     float64
		why      string
	}{
		"equal":                {[]float64{1, 2, 3}, []float64{1, 2, 3}, 1, ""},
		"drift cancels":        {[]float64{10, 20, 80}, []float64{20, 40, 160}, 0.5, ""},
		"just close enough":    {[]float64{100, 83, 117}, []float64{100, 100, 100}, 1, ""},
		"too far apart":        {[]float64{100, 80, 120}, []float64{100, 100, 100}, 0, "the rounds differ by 40 % (0.80 to 1.20)"},
		"one outlier of five":  {[]float64{1, 1, 1, 1, 2}, []float64{1, 1, 1, 1, 1}, 0, "differ by 100 %"},
		"too few":              {[]float64{1, 1}, []float64{1, 1}, 0, "it takes 3 rounds"},
		"nothing":              {nil, nil, 0, "it takes 3 rounds"},
		"a figure is missing":  {[]float64{1, 0, 1}, []float64{1, 1, 1}, 0, "not measured"},
		"the base lacks a one": {[]float64{1, 1, 1}, []float64{1, 1, 0}, 0, "not measured"},
	} {
		got := ratio(c.of, c.base)
		if got.Value != c.want || !strings.Contains(got.Why, c.why) || (got.Why == "") != (c.why == "") {
			t.Errorf("%s: %+v, want %v, %q", name, got, c.want, c.why)
		}
		if text := got.String(); (text == "-") != (c.why != "") {
			t.Errorf("%s: shown as %s", name, text)
		}
	}
}
