package bench

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"
)

// Write prints the tables side by side, each with what there is to say about it.
func (r *Report) Write(w io.Writer) {
	for _, t := range r.Tables {
		fmt.Fprintf(w, "\n%s\n", r.heading(t.Load))
		sums := t.Summaries(r.Baseline)
		writeTable(w, sums)
		for _, note := range notes(sums) {
			fmt.Fprintln(w, "  "+note)
		}
	}
}

func writeTable(w io.Writer, sums []Summary) {
	wide := len("system")
	for _, s := range sums {
		wide = max(wide, len(s.Contender))
	}
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(out, "%-*s\trate\tratio\tp50\tp99\tp99.9\tCPU/op\tratio\t\n", wide, "system")
	for _, s := range sums {
		if s.Lacks == "" {
			fmt.Fprintf(out, "%-*s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", wide, s.Contender, perSecond(s.Rate), s.RateRatio,
				short(s.P50), short(s.P99), short(s.P999), micros(s.CPU), s.CPURatio)
		}
	}
	out.Flush()
	for _, s := range sums {
		if s.Lacks != "" {
			fmt.Fprintf(w, "  %-*s  %s\n", wide, s.Contender, s.Lacks)
		}
	}
}

// WriteWorst prints all loads in one table, those where a system takes the most CPU beside the baseline first. What has
// no such ratio comes last.
func (r *Report) WriteWorst(w io.Writer) {
	type line struct {
		load Load
		Summary
	}
	var all []line
	for _, t := range r.Tables {
		for _, s := range t.Summaries(r.Baseline) {
			if s.Contender != r.Baseline && s.Lacks == "" {
				all = append(all, line{t.Load, s})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b line) int { return cmp.Compare(b.CPURatio.Value, a.CPURatio.Value) })
	fmt.Fprintf(w, "\nall loads, the worst ratio of CPU to %s first\n", r.Baseline)
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(out, "load\tsystem\tCPU/op\tratio\trate\tratio\t\n")
	for _, l := range all {
		fmt.Fprintf(out, "%v\t%s\t%s\t%s\t%s\t%s\t\n", l.load, l.Contender, micros(l.CPU), l.CPURatio, perSecond(l.Rate), l.RateRatio)
	}
	out.Flush()
}

// heading says what a table is about.
func (r *Report) heading(l Load) string {
	return fmt.Sprintf("%v: %d connections, %d B values, %d keys; %d rounds of %v by %s; ratios to %s",
		l, l.Clients, l.Value, l.Keys, r.Rounds, l.Length, r.Client, r.Baseline)
}

// notes are the reasons for what is missing in a table, and what failed.
func notes(sums []Summary) (all []string) {
	for _, s := range sums {
		if s.RateRatio.Why != "" {
			all = append(all, fmt.Sprintf("%s: no ratio of rates: %s", s.Contender, s.RateRatio.Why))
		}
		if s.CPURatio.Why != "" && s.CPURatio.Why != s.RateRatio.Why {
			all = append(all, fmt.Sprintf("%s: no ratio of CPU: %s", s.Contender, s.CPURatio.Why))
		}
		if s.Failed > 0 && !s.failing() {
			all = append(all, fmt.Sprintf("%s: %d of %d requests failed: %s", s.Contender, s.Failed, s.Requested, s.Failure))
		}
	}
	return all
}

// String is the ratio, or "-" where there is none.
func (r Ratio) String() string {
	if r.Why != "" || r.Value == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2fx", r.Value)
}

// perSecond writes a rate to three digits.
func perSecond(v float64) string {
	switch {
	case v >= 999.5e3:
		return fmt.Sprintf("%.2f M/s", v/1e6)
	case v >= 99.95e3:
		return fmt.Sprintf("%.0f k/s", v/1e3)
	case v >= 1e3:
		return fmt.Sprintf("%.1f k/s", v/1e3)
	}
	return fmt.Sprintf("%.0f /s", v)
}

// micros writes microseconds; 0 is not known.
func micros(v float64) string {
	if v == 0 {
		return "n/a"
	}
	return fmt.Sprintf("%.2f µs", v)
}

// short writes a latency to about three digits; 0 is not known.
func short(d time.Duration) string {
	switch {
	case d == 0:
		return "-"
	case d < time.Millisecond:
		return d.Round(time.Microsecond).String()
	case d < time.Second:
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(10 * time.Millisecond).String()
}

// WriteCSV writes every sample as a line. What is not known is empty.
func (r *Report) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	out.Write([]string{"client", "test", "pipeline", "connections", "value_bytes", "keys", "system", "round", "requests",
		"failed", "seconds", "per_second", "p50_us", "p99_us", "p999_us",
		"server_cpu_us_per_request", "percent_of_rate"})
	for _, t := range r.Tables {
		for _, row := range t.Rows {
			for i, s := range row.Samples {
				out.Write(r.line(t.Load, row.Contender, i+1, s))
			}
		}
	}
	out.Flush()
	return out.Error()
}

func (r *Report) line(l Load, contender string, round int, s Sample) []string {
	number := strconv.Itoa
	return []string{r.Client, l.Test.Name, number(l.Pipeline), number(l.Clients), number(l.Value), number(l.Keys),
		contender, number(round), strconv.FormatInt(s.Done, 10), strconv.FormatInt(s.Failed, 10),
		figure(s.Elapsed.Seconds()), figure(s.Rate()), figure(us(s.P50)), figure(us(s.P99)), figure(us(s.P999)), figure(s.perOp()),
		number(cmp.Or(l.Percent, 100))}
}

func us(d time.Duration) float64 { return d.Seconds() * 1e6 }

// figure writes a number that is not known as nothing.
func figure(v float64) string {
	if v == 0 {
		return ""
	}
	return strconv.FormatFloat(v, 'f', 3, 64)
}
