package chaos

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// Report is what a run found.
type Report struct {
	Seed                   uint64
	Acknowledged           int64 // writes to keys of their own, each read back at the end
	Done, Refused, Unknown int64 // all requests of the load
	Moved                  int64 // redirects that were followed for them
	StaleChecks            int64 // reads of acknowledged writes during the load
	Histories, HistoryOps  int
	Gaps                   Gaps
	Codes                  map[string]int64  // errors by their first word
	Odd                    map[string]string // errors that no client should get: code -> first text
	Faults                 map[Fault]int
	Texts                  []string // the first violations, in words
}

// OK reports whether nothing was violated.
func (r *Report) OK() bool { return len(r.Faults) == 0 }

// Write prints the summary.
func (r *Report) Write(w io.Writer) {
	g := r.Gaps
	line := func(name, format string, v ...any) { fmt.Fprintf(w, "%-18s %s\n", name, fmt.Sprintf(format, v...)) }
	line("kills", "%d", g.Kills)
	line("acked writes", "%s", grouped(r.Acknowledged))
	line("requests", "%s done, %s refused, %s unknown; %s redirects followed",
		grouped(r.Done), grouped(r.Refused), grouped(r.Unknown), grouped(r.Moved))
	line("errors", "%s", byCount(r.Codes))
	line("lost", "%d", r.Faults[Lost]+r.Faults[Corrupt])
	line("stale", "%d (of %s reads that had to see a write)", r.Faults[Stale], grouped(r.StaleChecks))
	line("non-linearizable", "%d (of %d keys, %s operations)",
		r.Faults[Unlinear]+r.Faults[Undecided], r.Histories, grouped(int64(r.HistoryOps)))
	line("phantom", "%d", r.Faults[Phantom])
	line("crashes", "%d", r.Faults[Crashed])
	line("write gap", "median %v, p90 %v, max %v%s", ms(g.Median), ms(g.P90), ms(g.Max), open(g.Open))
	line("other stalls", "%d of %v or more, longest %v", g.Stalls, stallTime, ms(g.LongestStall))
	for _, code := range slices.Sorted(maps.Keys(r.Odd)) {
		line("odd error", "%s", r.Odd[code])
	}
	for _, text := range r.Texts {
		line("VIOLATION", "%s", text)
	}
	line("seed", "%d", r.Seed)
	line("verdict", "%s", r.verdict())
}

func (r *Report) verdict() string {
	if r.OK() {
		return "ok"
	}
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(r.Faults)) {
		parts = append(parts, fmt.Sprintf("%d × %s", r.Faults[kind], kind))
	}
	return "FAILED: " + strings.Join(parts, ", ")
}

func open(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d not over when the load ended)", n)
}

func byCount(codes map[string]int64) string {
	var parts []string
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		parts = append(parts, fmt.Sprintf("%s %s", code, grouped(codes[code])))
	}
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, ", ")
}

func ms(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

// grouped writes 1234567 as 1,234,567.
func grouped(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
