package bench

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"time"
)

// sample has a rate, and 10 µs of CPU a request.
func sample(rate int64) Sample {
	return Sample{CPU: time.Duration(rate) * 10 * time.Microsecond, Outcome: Outcome{
		Done: rate, Elapsed: time.Second, P50: time.Millisecond, P99: 20 * time.Millisecond, P999: time.Second,
	}}
}

// example is one table with a row of each kind.
func example(t *testing.T) *Report {
	t.Helper()
	set, err := ParseTest("set")
	if err != nil {
		t.Fatal(err)
	}
	row := func(name string, rates ...int64) (r Row) {
		r.Contender = name
		for _, v := range rates {
			r.Samples = append(r.Samples, sample(v))
		}
		return r
	}
	silent, failing := row("silent", 500000, 500000, 500000), row("failing", 10, 10, 10)
	for i := range silent.Samples {
		silent.Samples[i].CPU, silent.Samples[i].P999 = unknown, 0
		failing.Samples[i].Failed, failing.Samples[i].Failure = 1, "TRYAGAIN <later>"
	}
	return &Report{Client: "spread", Baseline: "base", Rounds: 3, Tables: []Table{{
		Load: Load{Test: set, Clients: 50, Pipeline: 16, Value: 64, Keys: 1000, Length: 3 * time.Second},
		Rows: []Row{row("base", 1000000, 1000000, 1000000), row("steady", 1500000, 1510000, 1490000),
			row("unsteady", 1000000, 2000000, 3000000), silent, failing, {Contender: "absent", Lacks: "absent is not installed"}},
	}}}
}

func TestSummaries(t *testing.T) {
	sums := example(t).Tables[0].Summaries("base")
	for i, want := range []struct{ rate, cpu, why string }{
		{"1.00x", "1.00x", ""}, {"1.50x", "1.00x", ""}, {"-", "1.00x", "differ by 100 %"}, {"0.50x", "-", ""},
		{"-", "-", "3 of 33 requests failed: TRYAGAIN"}, {"-", "-", ""},
	} {
		s := sums[i]
		if s.RateRatio.String() != want.rate || s.CPURatio.String() != want.cpu || !strings.Contains(s.RateRatio.Why, want.why) {
			t.Errorf("%s: %+v, want %+v", s.Contender, s, want)
		}
	}
}

func TestNoRatioToWhatIsAbsent(t *testing.T) {
	for _, s := range example(t).Tables[0].Summaries("absent") {
		if s.RateRatio.String() != "-" || s.CPURatio.String() != "-" {
			t.Errorf("%+v", s)
		}
	}
}

func TestText(t *testing.T) {
	var out bytes.Buffer
	example(t).Write(&out)
	for _, want := range []string{
		"set, pipeline 16: 50 connections, 64 B values, 1000 keys; 3 rounds of 3s by spread; ratios to base",
		"1.50 M/s", "500 k/s", "10.00 µs", "n/a", "absent    absent is not installed",
		"unsteady: no ratio of rates: the rounds differ by 100 % (1.00 to 3.00), which is more than 35 %",
		"silent: no ratio of CPU: not measured in every round",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("lacks %q:\n%s", want, &out)
		}
	}
}

func TestWorstFirst(t *testing.T) {
	rep := example(t)
	slow := example(t).Tables[0]
	slow.Load.Pipeline = 1
	for i := range slow.Rows[1].Samples {
		slow.Rows[1].Samples[i].CPU *= 3
	}
	rep.Tables = append(rep.Tables, slow)
	var out bytes.Buffer
	rep.WriteWorst(&out)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2+2*4 || !strings.Contains(lines[2], "set, pipeline 1") || !strings.Contains(lines[2], "steady") || !strings.Contains(lines[2], "3.00x") {
		t.Errorf("%d lines:\n%s", len(lines), &out)
	}
}

func TestCSV(t *testing.T) {
	var out bytes.Buffer
	if err := example(t).WriteCSV(&out); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil || len(rows) != 1+5*3 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if got := strings.Join(rows[4], ","); got != "spread,set,16,50,64,1000,steady,1,1500000,0,1.000,1500000.000,1000.000,20000.000,1000000.000,10.000,100" {
		t.Error(got)
	}
	if silent := rows[10]; silent[6] != "silent" || silent[14] != "" || silent[15] != "" {
		t.Errorf("what is not known is told: %q", silent)
	}
}

func TestPage(t *testing.T) {
	var out bytes.Buffer
	if err := example(t).WriteHTML(&out); err != nil {
		t.Fatal(err)
	}
	page := out.String()
	for _, want := range []string{"steady", "1.50x", "absent is not installed", "TRYAGAIN &lt;later&gt;", "prefers-color-scheme", "<title>steady: 1.50 M/s</title>", "<title>steady: 20ms</title>"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, bad := range []string{"http://", "https://", "src=", "ZgotmplZ", "NaN", "Inf"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	if dots, rects := strings.Count(page, "<circle"), strings.Count(page, "<rect"); dots != 3*(5+5+4) || rects != 5+5+4 {
		t.Errorf("%d dots and %d bars", dots, rects)
	}
}

func TestNothingMeasured(t *testing.T) {
	var out bytes.Buffer
	rep := &Report{Tables: []Table{{Rows: []Row{{Contender: "a", Lacks: "b"}}}}}
	rep.Write(&out)
	if err := rep.WriteHTML(&out); err != nil || strings.Contains(out.String(), "NaN") {
		t.Errorf("%v: %s", err, &out)
	}
}

func TestWords(t *testing.T) {
	for v, want := range map[float64]string{0: "0 /s", 999: "999 /s", 1000: "1.0 k/s", 99940: "99.9 k/s", 99960: "100 k/s", 999400: "999 k/s", 999600: "1.00 M/s", 2.5e6: "2.50 M/s"} {
		if got := perSecond(v); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
	for v, want := range map[time.Duration]string{0: "-", 17 * time.Microsecond: "17µs", 1234567 * time.Nanosecond: "1.23ms", 1234 * time.Millisecond: "1.23s"} {
		if got := short(v); got != want {
			t.Errorf("%v: %s, want %s", int64(v), got, want)
		}
	}
}
