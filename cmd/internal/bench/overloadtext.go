package bench

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"text/tabwriter"
)

// String is one line.
func (p Phase) String() string {
	return fmt.Sprintf("%d connections ask %s: %s done, %.0f %% refused", p.Clients, perSecond(p.askedRate()), perSecond(p.rate()), 100*p.refusedShare())
}

func (p Phase) askedRate() float64 { return float64(p.Asked) / p.Elapsed.Seconds() }

func (p Phase) rate() float64 { return float64(p.Done) / p.Elapsed.Seconds() }

func (p Phase) refusedShare() float64 { return float64(p.Refused) / float64(max(p.Asked, 1)) }

// perAnswer is the servers' CPU in microseconds, for each answer, whatever it was; 0 if it is not known.
func (p Phase) perAnswer() float64 {
	return Sample{Outcome: Outcome{Done: p.Asked}, CPU: p.CPU}.perOp()
}

// Write prints what came of each round, and how that stands to what was before.
func (r *OverloadReport) Write(w io.Writer) {
	fmt.Fprintf(w, "\n%s as JSON over HTTP, %d B values, %d keys; phases of %v\n", r.Load.Test.Name, r.Load.Value, r.Load.Keys, r.Load.Length)
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(out, "phase\tconns\tasked\tdone\t429\tp50\tp99\t429 p50\t429 p99\town p99\tCPU/answer\tRSS\t\n")
	for _, round := range r.Rounds {
		for _, p := range round.phases() {
			fmt.Fprintf(out, "%s\t%d\t%s\t%s\t%.0f %%\t%s\t%s\t%s\t%s\t%s\t%s\t%d MiB\t\n", p.Name, p.Clients,
				perSecond(p.askedRate()), perSecond(p.rate()), 100*p.refusedShare(), short(p.Accepted.P50), short(p.Accepted.P99),
				short(p.Turned.P50), short(p.Turned.P99), short(p.Own.P99), micros(p.perAnswer()), p.RSS>>20)
		}
	}
	out.Flush()
	r.writeRatios(w)
	for i, round := range r.Rounds {
		for _, p := range round.phases() {
			if p.Failed > 0 || p.Mute > 0 {
				fmt.Fprintf(w, "  round %d, %s: %d failed (%s), %d of the refused were not told when to ask again\n", i+1, p.Name, p.Failed, p.Failure, p.Mute)
			}
		}
	}
}

// compared are figures of a phase beside the same before it; of what was refused, beside what was done.
var compared = []struct {
	name string
	of   func(p, before Phase) float64
}{
	{"p50", func(p, before Phase) float64 { return over(p.Accepted.P50, before.Accepted.P50) }},
	{"p99", func(p, before Phase) float64 { return over(p.Accepted.P99, before.Accepted.P99) }},
	{"429 p50", func(p, before Phase) float64 { return over(p.Turned.P50, before.Accepted.P50) }},
	{"429 p99", func(p, before Phase) float64 { return over(p.Turned.P99, before.Accepted.P99) }},
	{"rate", func(p, before Phase) float64 { return p.rate() / before.rate() }},
	{"RSS", func(p, before Phase) float64 { return over(p.RSS, before.RSS) }},
}

// spread is the median of ratios, the least and the most; "-" if all are of nothing.
func spread(ratios []float64) string {
	if slices.Max(ratios) == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2fx (%.2f to %.2f)", median(ratios), slices.Min(ratios), slices.Max(ratios))
}

// writeRatios prints how the phases after the first stand to it: the medians of the rounds, the least and the most.
func (r *OverloadReport) writeRatios(w io.Writer) {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(out, "  beside before")
	for _, c := range compared {
		fmt.Fprint(out, "\t", c.name)
	}
	fmt.Fprintln(out)
	for i := 1; i < len(Overloaded{}.phases()); i++ {
		fmt.Fprint(out, "  ", r.Rounds[0].phases()[i].Name)
		for _, c := range compared {
			var all []float64
			for _, round := range r.Rounds {
				all = append(all, c.of(round.phases()[i], round.Before))
			}
			fmt.Fprint(out, "\t", spread(all))
		}
		fmt.Fprintln(out)
	}
	out.Flush()
}

func over[T ~int64](a, b T) float64 { return float64(a) / float64(max(b, 1)) }

// WriteOverloads writes every phase as a line of CSV. What is not known is empty.
func WriteOverloads(w io.Writer, all []*OverloadReport) error {
	out := csv.NewWriter(w)
	out.Write([]string{"test", "round", "phase", "connections", "seconds", "asked", "done", "refused", "refused_without_retry_after", "failed",
		"p50_us", "p99_us", "refused_p50_us", "refused_p99_us", "own_wait_p50_us", "own_wait_p99_us", "server_cpu_us_per_answer", "rss_bytes"})
	for _, r := range all {
		for i, round := range r.Rounds {
			for _, p := range round.phases() {
				out.Write(p.line(r.Load.Test.Name, i+1))
			}
		}
	}
	out.Flush()
	return out.Error()
}

func (p Phase) line(test string, round int) []string {
	line := []string{test, strconv.Itoa(round), p.Name, strconv.Itoa(p.Clients), figure(p.Elapsed.Seconds())}
	for _, n := range []int64{p.Asked, p.Done, p.Refused, p.Mute, p.Failed} {
		line = append(line, strconv.FormatInt(n, 10))
	}
	return append(line, figure(us(p.Accepted.P50)), figure(us(p.Accepted.P99)), figure(us(p.Turned.P50)), figure(us(p.Turned.P99)),
		figure(us(p.Own.P50)), figure(us(p.Own.P99)), figure(p.perAnswer()), strconv.FormatInt(p.RSS, 10))
}
