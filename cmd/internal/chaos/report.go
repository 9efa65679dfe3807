package chaos

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Report is what a run found. Times count from the beginning of the load.
type Report struct {
	Target, Script         string
	Seed                   uint64
	Length                 time.Duration // of the load
	Acknowledged           int64         // writes to keys of their own, each read back at the end
	Done, Refused, Unknown int64         // all requests of the load
	Moved                  int64         // redirects that were followed for them
	StaleChecks            int64         // reads of acknowledged writes during the load
	Jobs                   int64         // acknowledged, each to be taken once
	Histories, HistoryOps  int
	Codes                  map[string]int64  // errors by their first word
	Odd                    map[string]string // errors that no client should get: code -> first text

	Faults []Fault
	Stalls []Stall
	Points []Point `json:",omitempty"`

	Violations map[Violation]int
	Texts      []string  // the first violations, in words
	Pictures   []Picture `json:",omitempty"`
}

// Picture is a page of HTML about the broken history of a key.
type Picture struct{ Key, Page string }

// OK reports whether nothing was violated.
func (r *Report) OK() bool { return len(r.Violations) == 0 }

// Lost counts acknowledged writes that are gone or have become others.
func (r *Report) Lost() int { return r.Violations[Lost] + r.Violations[Corrupt] }

// StaleReads counts reads, and histories, that no order of the writes explains.
func (r *Report) StaleReads() int {
	return r.Violations[Stale] + r.Violations[Unlinear] + r.Violations[Undecided]
}

// Ops is how many requests came back with an answer.
func (r *Report) Ops() int64 { return r.Done + r.Refused }

// Write prints the summary.
func (r *Report) Write(w io.Writer) {
	line := func(name, format string, v ...any) { fmt.Fprintf(w, "%-18s %s\n", name, fmt.Sprintf(format, v...)) }
	line("acked writes", "%s, each read back", Grouped(r.Acknowledged))
	line("requests", "%s done, %s refused, %s unknown; %s redirects followed",
		Grouped(r.Done), Grouped(r.Refused), Grouped(r.Unknown), Grouped(r.Moved))
	line("errors", "%s", byCount(r.Codes))
	line("lost", "%d", r.Lost())
	line("stale", "%d (of %s reads that had to see a write)", r.Violations[Stale], Grouped(r.StaleChecks))
	line("non-linearizable", "%d (of %d keys, %s operations)",
		r.Violations[Unlinear]+r.Violations[Undecided], r.Histories, Grouped(int64(r.HistoryOps)))
	line("jobs", "%d queues with jobs lost or doubled (of %s jobs)", r.Violations[Misdone], Grouped(r.Jobs))
	line("phantom", "%d", r.Violations[Phantom])
	line("crashes", "%d", r.Violations[Crashed])
	for _, code := range slices.Sorted(maps.Keys(r.Odd)) {
		line("odd error", "%s", r.Odd[code])
	}
	WriteGaps(w, r.Faults)
	r.writeStalls(line)
	for _, text := range r.Texts {
		line("VIOLATION", "%s", text)
	}
	line("seed", "%d", r.Seed)
	line("verdict", "%s", r.Verdict())
}

// writeStalls tells of silences that no fault explains.
func (r *Report) writeStalls(line func(name, format string, v ...any)) {
	n, longest := 0, time.Duration(0)
	for _, s := range r.Stalls {
		if d := s.To - s.From; !s.Blamed && d >= stallTime {
			n, longest = n+1, max(longest, d)
		}
	}
	line("other stalls", "%d of %v or more, longest %v", n, stallTime, ms(longest))
}

// WriteGaps prints for each kind of fault how long shards took no write, and how the gaps are spread.
func WriteGaps(w io.Writer, faults []Fault) {
	if len(faults) == 0 {
		return
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\nfault\tcount\twrite gap: median\tp90\tmax\tnot over\t")
	for _, k := range GapsByKind(faults) {
		fmt.Fprintf(t, "%s\t%d\t%v\t%v\t%v\t%d\t\n", k.Kind, k.Count, ms(k.Median), ms(k.P90), ms(k.Max), k.Open)
	}
	t.Flush()
	fmt.Fprintln(w, "\nwrite gaps of all faults")
	bars := Histogram(faults)
	most := slices.MaxFunc(bars, func(a, b Bar) int { return a.Count - b.Count }).Count
	for _, b := range bars {
		fmt.Fprintf(w, "%12s %4d %s\n", b.Label, b.Count, strings.Repeat("█", (b.Count*40+most-1)/max(most, 1)))
	}
	fmt.Fprintln(w)
}

// Bar is a bar of a histogram.
type Bar struct {
	Label string
	Count int
}

// edges are the upper bounds of the bars of a histogram of gaps; the last bar has none.
var edges = []time.Duration{
	50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second,
}

// Histogram sorts the gaps of faults into bars.
func Histogram(faults []Fault) (bars []Bar) {
	for _, e := range edges {
		bars = append(bars, Bar{Label: "under " + e.String()})
	}
	bars = append(bars, Bar{Label: "longer"})
	for _, x := range faults {
		i, _ := slices.BinarySearchFunc(edges, x.Gap, func(e, gap time.Duration) int {
			if e <= gap {
				return -1
			}
			return 1
		})
		bars[i].Count++
	}
	return bars
}

// Verdict is "ok", or what was violated how often.
func (r *Report) Verdict() string {
	if r.OK() {
		return "ok"
	}
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(r.Violations)) {
		parts = append(parts, fmt.Sprintf("%d × %s", r.Violations[kind], kind))
	}
	return "FAILED: " + strings.Join(parts, ", ")
}

func byCount(codes map[string]int64) string {
	var parts []string
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		parts = append(parts, fmt.Sprintf("%s %s", code, Grouped(codes[code])))
	}
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, ", ")
}

func ms(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

// Grouped writes 1234567 as 1,234,567.
func Grouped(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
