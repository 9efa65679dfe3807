package page

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/troupedb/troupe/cmd/internal/chaos"
	"github.com/troupedb/troupe/cmd/internal/script"
)

//go:embed page.html
var text string

var layout = template.Must(template.New("page").Funcs(template.FuncMap{
	"ms": ms, "grouped": chaos.Grouped, "class": class,
	"add": func(a, b float64) float64 { return a + b },
}).Parse(text))

// Write writes the page about a run.
func Write(w io.Writer, rep *chaos.Report, s *script.Script) error {
	return layout.Execute(w, view(rep, s))
}

// data is what the page shows.
type data struct {
	*chaos.Report
	About, Text string // of the script
	Cards       []card
	Chart       chart
	Kinds       []chaos.KindGaps
	Bars        []column
	Errors      []string
}

// card is a figure that matters.
type card struct{ Name, Value, Class string }

// column is a bar of the histogram.
type column struct {
	chaos.Bar
	Share float64 // of the longest, in percent
}

// chart is the timeline.
type chart struct {
	Left, Right, Height, Width float64
	Seconds                    []tick
	Bands                      []bar // faults, behind everything
	Faults                     []bar
	Throughput, Latency        plot
	Shards                     []row
	ShardsY                    float64
}

// plot is a coordinate system with lines.
type plot struct {
	Y, Bottom            float64 // in the drawing
	Ticks                []tick
	Area, Line           string
	Refused, Unknown, Hi string
}

// row is a shard.
type row struct {
	Y      float64
	ID     int
	Stalls []bar
}

func view(rep *chaos.Report, s *script.Script) data {
	d := data{Report: rep, About: s.About, Text: s.String(), Cards: cards(rep), Chart: timeline(rep)}
	d.Kinds = chaos.GapsByKind(rep.Faults)
	most := 1
	for _, b := range chaos.Histogram(rep.Faults) {
		most = max(most, b.Count)
	}
	for _, b := range chaos.Histogram(rep.Faults) {
		d.Bars = append(d.Bars, column{b, 100 * float64(b.Count) / float64(most)})
	}
	for _, code := range slices.Sorted(maps.Keys(rep.Codes)) {
		d.Errors = append(d.Errors, fmt.Sprintf("%s %s", code, chaos.Grouped(rep.Codes[code])))
	}
	return d
}

func cards(rep *chaos.Report) []card {
	bad := func(name string, n int) card {
		if n > 0 {
			return card{name, fmt.Sprint(n), "bad"}
		}
		return card{name, "0", "good"}
	}
	longest := time.Duration(0)
	for _, s := range rep.Stalls {
		longest = max(longest, s.To-s.From)
	}
	return []card{
		{"acknowledged writes", chaos.Grouped(rep.Acknowledged), ""},
		bad("lost", rep.Lost()),
		bad("stale or impossible reads", rep.StaleReads()),
		bad("refused, but done", rep.Violations[chaos.Phantom]),
		{"operations", chaos.Grouped(rep.Ops()), ""},
		{"faults", fmt.Sprint(len(rep.Faults)), ""},
		{"longest write gap", ms(longest).String(), ""},
	}
}

// timeline lays the parts of the drawing out from top to bottom.
func timeline(rep *chaos.Report) chart {
	s := scale{max(rep.Length, time.Second)}
	c := chart{Left: left, Right: left + width, Width: left + width + 16, Seconds: s.seconds()}
	faults, rows := s.lanes(rep.Faults)
	c.Faults = faults
	y := gap + float64(rows)*laneUnit + gap
	c.Throughput = throughput(rep.Points, s, y)
	y += plotUnit + gap
	c.Latency = latency(rep.Points, s, y)
	y += plotUnit + gap
	c.Shards, c.ShardsY = shards(rep.Stalls, s), y
	c.Height = y + float64(len(c.Shards))*shardUnit + gap
	for _, f := range rep.Faults {
		b := s.bar(f.At, f.End, 0, 0)
		b.Class = class(f.Kind)
		c.Bands = append(c.Bands, b)
	}
	return c
}

func throughput(points []chaos.Point, s scale, y float64) plot {
	most := 1.0
	for _, p := range points {
		most = max(most, perSecond(p.Done), perSecond(p.Refused+p.Unknown))
	}
	a := axis{0, nice(most)}
	done := func(p chaos.Point) float64 { return perSecond(p.Done) }
	pl := plot{
		Y: y, Bottom: y + plotUnit, Area: s.area(points, a, done), Line: s.line(points, a, done),
		Refused: s.line(points, a, func(p chaos.Point) float64 { return perSecond(p.Refused) }),
		Unknown: s.line(points, a, func(p chaos.Point) float64 { return perSecond(p.Unknown) }),
	}
	for _, share := range []float64{0, 0.5, 1} {
		pl.Ticks = append(pl.Ticks, tick{round(a.y(share * a.top)), chaos.Grouped(int64(share * a.top))})
	}
	return pl
}

func latency(points []chaos.Point, s scale, y float64) plot {
	a := axis{0.0001, 10}
	value := func(of func(chaos.Point) time.Duration) func(chaos.Point) float64 {
		return func(p chaos.Point) float64 { return of(p).Seconds() }
	}
	pl := plot{
		Y: y, Bottom: y + plotUnit,
		Line: s.line(points, a, value(func(p chaos.Point) time.Duration { return p.P50 })),
		Hi:   s.line(points, a, value(func(p chaos.Point) time.Duration { return p.P99 })),
	}
	for v, text := range map[float64]string{0.0001: "100 µs", 0.001: "1 ms", 0.01: "10 ms", 0.1: "100 ms", 1: "1 s", 10: "10 s"} {
		pl.Ticks = append(pl.Ticks, tick{round(a.y(v)), text})
	}
	slices.SortFunc(pl.Ticks, func(a, b tick) int { return int(a.At - b.At) })
	return pl
}

func shards(stalls []chaos.Stall, s scale) (rows []row) {
	byID := map[int][]bar{}
	for _, st := range stalls {
		b := s.bar(st.From, st.To, 0, 0)
		b.Text = fmt.Sprintf("shard %d took no write for %v", st.Shard, ms(st.To-st.From))
		if b.Class = "stall"; !st.Blamed {
			b.Class = "stall unblamed"
		}
		byID[st.Shard] = append(byID[st.Shard], b)
	}
	for i, id := range slices.Sorted(maps.Keys(byID)) {
		rows = append(rows, row{float64(i) * shardUnit, id, byID[id]})
	}
	return rows
}
