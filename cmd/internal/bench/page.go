package bench

import (
	_ "embed"
	"html/template"
	"io"
	"math"
	"time"
)

//go:embed page.html
var pageText string

var pageLayout = template.Must(template.New("page").Parse(pageText))

// WriteHTML writes a page that needs nothing else: no network, no other file.
func (r *Report) WriteHTML(w io.Writer) error {
	p := page{Report: r}
	for _, t := range r.Tables {
		p.Sections = append(p.Sections, r.section(t))
	}
	return pageLayout.Execute(w, p)
}

// page is what the page shows.
type page struct {
	*Report
	Sections []section
}

// section is a table with its plots.
type section struct {
	Name, Heading string
	Rows          []pageRow
	Plots         []plot
	Notes         []string
}

// pageRow is a row of a table in words.
type pageRow struct {
	Contender, Lacks                         string
	Rate, Ratio, P50, P99, P999, CPU, PerCPU string
}

func (r *Report) section(t Table) section {
	sums := t.Summaries(r.Baseline)
	s := section{Name: t.Load.String(), Heading: r.heading(t.Load), Notes: notes(sums)}
	for _, sum := range sums {
		s.Rows = append(s.Rows, pageRow{sum.Contender, sum.Lacks, perSecond(sum.Rate), sum.RateRatio.String(),
			short(sum.P50), short(sum.P99), short(sum.P999), micros(sum.CPU), sum.CPURatio.String()})
	}
	s.Plots = []plot{
		t.plot("requests a second", rate, perSecond),
		t.plot("99th percentile of latency", func(s Sample) float64 { return us(s.P99) }, func(v float64) string {
			return short(time.Duration(v * float64(time.Microsecond)))
		}),
		t.plot("CPU of all servers a request", Sample.perOp, micros),
	}
	return s
}

// Geometry of a plot, in units of the drawing.
const (
	barsFrom = 130.0 // for the names
	barsWide = 270.0
	barHigh  = 16.0
	barEvery = 24.0
	headHigh = 26.0
)

// plot shows one figure: a bar to the median of each row, and a dot for each round.
type plot struct {
	Title                             string
	Width, Height, Left, High, Middle float64
	Bars                              []bar
}

type bar struct {
	Y, Wide     float64
	Name, Value string
	Dots        []float64
}

// plot draws the rows that have the figure; none has where it is not known.
func (t Table) plot(title string, figure func(Sample) float64, words func(float64) string) plot {
	p := plot{Title: title, Left: barsFrom, Width: barsFrom + barsWide + 70, High: barHigh, Middle: barHigh / 2, Height: headHigh}
	most := 0.0
	for _, r := range t.Rows {
		for _, v := range r.series(figure) {
			most = max(most, v)
		}
	}
	for _, r := range t.Rows {
		values := r.series(figure)
		if m := median(values); m > 0 {
			b := bar{Y: p.Height, Wide: tenths(barsWide * m / most), Name: r.Contender, Value: words(m)}
			for _, v := range values {
				b.Dots = append(b.Dots, tenths(barsFrom+barsWide*v/most))
			}
			p.Bars = append(p.Bars, b)
			p.Height += barEvery
		}
	}
	return p
}

// tenths keeps a page small: less than a tenth of a unit cannot be seen.
func tenths(v float64) float64 { return math.Round(v*10) / 10 }
