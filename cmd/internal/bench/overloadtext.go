package bench

import (
	"encoding/csv"
	"fmt"
	"io"
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

// Write prints what came of each round, and the medians of the ratios.
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
	for _, of := range []struct {
		name  string
		phase func(Overloaded) Phase
	}{
		{"overload", func(o Overloaded) Phase { return o.Under }}, {"stubborn", func(o Overloaded) Phase { return o.Stubborn }},
	} {
		beside := func(figure func(of, before Phase) float64) float64 {
			return r.median(func(o Overloaded) float64 { return figure(of.phase(o), o.Before) })
		}
		fmt.Fprintf(w, "  %s beside before: p99 of what was done %.2fx, rate %.2fx, RSS %.2fx; p99 of 429 beside that of what was done before %.2fx\n", of.name,
			beside(func(of, before Phase) float64 { return over(of.Accepted.P99, before.Accepted.P99) }),
			beside(func(of, before Phase) float64 { return of.rate() / before.rate() }),
			beside(func(of, before Phase) float64 { return over(of.RSS, before.RSS) }),
			beside(func(of, before Phase) float64 { return over(of.Turned.P99, before.Accepted.P99) }))
	}
	for i, round := range r.Rounds {
		for _, p := range round.phases() {
			if p.Failed > 0 || p.Mute > 0 {
				fmt.Fprintf(w, "  round %d, %s: %d failed (%s), %d of the refused were not told when to ask again\n", i+1, p.Name, p.Failed, p.Failure, p.Mute)
			}
		}
	}
}

func (r *OverloadReport) median(figure func(Overloaded) float64) float64 {
	var all []float64
	for _, round := range r.Rounds {
		all = append(all, figure(round))
	}
	return median(all)
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
