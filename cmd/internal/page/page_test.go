package page

import (
	"strings"
	"testing"
	"time"

	"github.com/troupedb/troupe/cmd/internal/chaos"
	"github.com/troupedb/troupe/cmd/internal/script"
)

func report() *chaos.Report {
	r := &chaos.Report{
		Target: "troupe", Script: "test<&>", Seed: 7, Length: 10 * time.Second, Acknowledged: 1234567, Done: 2000000,
		Codes: map[string]int64{"MOVED": 3},
		Faults: []chaos.Fault{
			{Kind: "kill -9 a leader", Text: "kill n1, which leads shard 1", At: time.Second, End: 2 * time.Second, Gap: 200 * time.Millisecond},
			{Kind: "one-way cut", Text: "cut n1 > n2", At: 1500 * time.Millisecond, End: 9 * time.Second, Gap: time.Second, Open: true},
			{Kind: "slow disk of a leader", Text: "slow disk of n2", At: 9900 * time.Millisecond, End: 10 * time.Second},
		},
		Stalls: []chaos.Stall{{Shard: 3, From: time.Second, To: 1200 * time.Millisecond, Blamed: true}, {Shard: 1, From: 0, To: time.Second}},
	}
	for i := range 50 {
		r.Points = append(r.Points, chaos.Point{Done: int64(i), P50: time.Millisecond, P99: time.Duration(i) * time.Millisecond})
	}
	return r
}

func write(t *testing.T, r *chaos.Report) string {
	t.Helper()
	s, err := script.Parse("test", "# <b>About</b>\nat 1s kill n1")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := Write(&out, r, s); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestThePageShowsTheRun(t *testing.T) {
	page := write(t, report())
	for _, want := range []string{
		"1,234,567", "nothing was violated", "kill n1, which leads shard 1, from 1s to 2s; longest write gap 200ms",
		"at 1s kill n1", "seed 7", "MOVED 3", "shard 3 took no write for 200ms", "1s, not over", "&lt;b&gt;About",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, bad := range []string{"http://", "https://", "src=", "ZgotmplZ", "NaN", "Violations", "<b>About", "test<&"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
}

func TestThePageShowsViolations(t *testing.T) {
	r := report()
	r.Violations = map[chaos.Violation]int{chaos.Lost: 3}
	r.Texts = []string{"lost: write:1:2 holds nothing"}
	r.Pictures = []chaos.Picture{{Key: "contended:1", Page: `<html><script>"x"</script></html>`}}
	page := write(t, r)
	for _, want := range []string{"FAILED: 3 × lost", "lost: write:1:2 holds nothing", "contended:1", `srcdoc="&lt;html&gt;&lt;script&gt;`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

func TestAPageAboutNothing(t *testing.T) {
	if page := write(t, &chaos.Report{Script: "empty"}); !strings.Contains(page, "empty") || strings.Contains(page, "NaN") {
		t.Error(page)
	}
}

func TestNice(t *testing.T) {
	for v, want := range map[float64]float64{0: 1, 1: 1, 1.1: 2, 3: 5, 7: 10, 4321: 5000, 10001: 20000} {
		if got := nice(v); got != want {
			t.Errorf("%v: %v, want %v", v, got, want)
		}
	}
}

func TestLanesDoNotOverlap(t *testing.T) {
	var faults []chaos.Fault
	for i := range 40 {
		at := time.Duration(i) * 200 * time.Millisecond
		faults = append(faults, chaos.Fault{Kind: "kill", At: at, End: at + time.Duration(i%7)*300*time.Millisecond})
	}
	bars, rows := scale{10 * time.Second}.lanes(faults)
	end := map[float64]float64{}
	for _, b := range bars {
		if b.X < end[b.Y] {
			t.Errorf("a bar at %v in row %v begins before %v", b.X, b.Y, end[b.Y])
		}
		end[b.Y] = b.X + b.W
	}
	if rows != len(end) || rows < 2 {
		t.Errorf("%d rows, %d used", rows, len(end))
	}
}
