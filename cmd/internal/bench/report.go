package bench

import (
	"fmt"
	"slices"
	"time"
)

// Report is what was measured.
type Report struct {
	Client   string
	Baseline string // the contender that ratios are to
	Rounds   int
	Tables   []Table
}

// Table is one load on all contenders.
type Table struct {
	Load Load
	Rows []Row
}

// Row is one contender under one load.
type Row struct {
	Contender string
	Lacks     string // why there is no sample
	Samples   []Sample
}

// Sample is one round of a row.
type Sample struct {
	Outcome
	CPU time.Duration // taken by all servers; unknown where the system does not tell
}

// perOp is the CPU time of one request in microseconds; 0 if it is not known.
func (s Sample) perOp() float64 {
	if s.CPU == unknown || s.Done == 0 {
		return 0
	}
	return s.CPU.Seconds() * 1e6 / float64(s.Done)
}

// Summary is a row by the medians of its rounds, beside the baseline.
type Summary struct {
	Contender, Lacks  string
	Rate, CPU         float64 // requests a second; microseconds a request, 0 where not known
	P50, P99, P999    time.Duration
	RateRatio         Ratio
	CPURatio          Ratio
	Failed, Requested int64
	Failure           string
}

// series is one figure of each round.
func (r Row) series(figure func(Sample) float64) (all []float64) {
	for _, s := range r.Samples {
		all = append(all, figure(s))
	}
	return all
}

// Summaries are the rows of a table in order, by their medians.
func (t Table) Summaries(baseline string) (all []Summary) {
	i := slices.IndexFunc(t.Rows, func(r Row) bool { return r.Contender == baseline })
	for _, r := range t.Rows {
		s := r.summary()
		if i >= 0 && s.Lacks == "" {
			s.compare(r, t.Rows[i])
		}
		all = append(all, s)
	}
	return all
}

func (r Row) summary() Summary {
	latency := func(of func(Sample) time.Duration) time.Duration {
		return time.Duration(median(r.series(func(s Sample) float64 { return float64(of(s)) })))
	}
	sum := Summary{
		Contender: r.Contender, Lacks: r.Lacks,
		Rate: median(r.series(rate)), CPU: median(r.series(Sample.perOp)),
		P50:  latency(func(s Sample) time.Duration { return s.P50 }),
		P99:  latency(func(s Sample) time.Duration { return s.P99 }),
		P999: latency(func(s Sample) time.Duration { return s.P999 }),
	}
	for _, s := range r.Samples {
		if sum.Failed == 0 {
			sum.Failure = s.Failure
		}
		sum.Failed, sum.Requested = sum.Failed+s.Failed, sum.Requested+s.Failed+s.Done
	}
	return sum
}

func rate(s Sample) float64 { return s.Rate() }

// compare sets the ratios.
func (s *Summary) compare(r, base Row) {
	why := ""
	b := base.summary()
	switch {
	case b.Lacks != "":
		why = b.Contender + ": " + b.Lacks
	case s.failing():
		why = fmt.Sprintf("%d of %d requests failed: %s", s.Failed, s.Requested, s.Failure)
	case b.failing():
		why = fmt.Sprintf("%s: %d of %d requests failed: %s", b.Contender, b.Failed, b.Requested, b.Failure)
	}
	s.RateRatio, s.CPURatio = Ratio{Why: why}, Ratio{Why: why}
	if why != "" {
		return
	}
	s.RateRatio = ratio(r.series(rate), base.series(rate))
	s.CPURatio = ratio(r.series(Sample.perOp), base.series(Sample.perOp))
}

func (s *Summary) failing() bool { return float64(s.Failed) > maxFailed*float64(s.Requested) }
