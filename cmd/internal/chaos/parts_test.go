package chaos

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/troupedb/troupe/cmd/internal/client"
	"github.com/troupedb/troupe/cmd/internal/cluster"
	"github.com/troupedb/troupe/cmd/internal/fate"
	"github.com/troupedb/troupe/slotmap"
)

func TestGaps(t *testing.T) {
	zero := time.Now()
	at := func(ms int) time.Time { return zero.Add(time.Duration(ms) * time.Millisecond) }
	f := newFaults(zero, twoShards())
	var closed []string
	f.closed = func(x Fault) { closed = append(closed, x.Text) }
	begin := func(text string, from int) *fault {
		x := f.begin("kind of "+text[:1], text)
		x.at, x.At = at(from), at(from).Sub(zero)
		return x
	}
	over := func(x *fault, to int) {
		f.hold(x, 0)
		x.end = at(to)
	}
	ack := func(shard, began, now int) { f.acknowledged(shard, at(began), at(now)) }

	ack(1, 90, 95)
	ack(2, 90, 95)
	a1 := begin("a1", 100)
	ack(2, 98, 105) // begun before
	if !f.waiting(1) || !f.waiting(2) {
		t.Error("nobody waits")
	}
	ack(2, 110, 120)
	ack(1, 390, 400) // 305 ms after the last one
	if f.waiting(1) || f.waiting(2) || !slices.Equal(closed, []string{"a1"}) {
		t.Errorf("waiting, closed %q", closed)
	}
	over(a1, 500)
	ack(1, 800, 1000) // 600 ms, in the aftermath
	ack(2, 990, 1000) // 880 ms, the same
	over(begin("b1", 2000), 2000)
	ack(1, 1990, 2010) // 1010 ms, and b1 is within
	ack(2, 1990, 2010)
	ack(1, 2100, 2110)
	ack(2, 2100, 2110)
	ack(1, 7500, 8000) // 5890 ms, begun soon after b1
	ack(1, 9000, 9100) // 1100 ms, long after
	begin("a2", 9200)
	ack(1, 9300, 9310) // 210 ms; shard 2 never comes back

	all, stalls := f.finish(at(9400))
	if len(all) != 3 || all[0].Gap != 880*time.Millisecond || all[1].Gap != 5890*time.Millisecond || !all[2].Open {
		t.Errorf("%+v", all)
	}
	unblamed := slices.DeleteFunc(stalls, func(s Stall) bool { return s.Blamed })
	if len(unblamed) != 1 || unblamed[0] != (Stall{1, 8 * time.Second, 9100 * time.Millisecond, false}) {
		t.Errorf("%+v", unblamed)
	}
}

// twoShards have an equal share of the slots each.
func twoShards() (out []cluster.Shard) {
	for i, run := range slotmap.Even(2) {
		out = append(out, cluster.Shard{ID: i + 1, Slots: []slotmap.Range{{First: run.First, Last: run.Last}}})
	}
	return out
}

func TestWrittenTellsTheShardsApart(t *testing.T) {
	f := newFaults(time.Now(), twoShards())
	f.begin("kind", "fault")
	done := &client.Request{Key: "{b}", Fate: fate.Done} // slot 3300
	f.written([]*client.Request{done, {Key: "{a}", Fate: fate.Refused}, done}, time.Now())
	if f.waiting(1) || !f.waiting(2) {
		t.Errorf("waiting %v %v", f.waiting(1), f.waiting(2))
	}
}

func TestGapsByKind(t *testing.T) {
	gap := func(kind string, ms int, open bool) Fault {
		return Fault{Kind: kind, Gap: time.Duration(ms) * time.Millisecond, Open: open}
	}
	got := GapsByKind([]Fault{gap("a", 5, false), gap("b", 30, false), gap("b", 10, true), gap("b", 20, false), gap("c", 7, false)})
	ms := time.Millisecond
	want := []KindGaps{{"b", 3, 1, 20 * ms, 30 * ms, 30 * ms}, {"a", 1, 0, 5 * ms, 5 * ms, 5 * ms}, {"c", 1, 0, 7 * ms, 7 * ms, 7 * ms}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

func TestHistogram(t *testing.T) {
	var faults []Fault
	for _, ms := range []int{0, 49, 50, 199, 200, 9999, 10000, 99999} {
		faults = append(faults, Fault{Gap: time.Duration(ms) * time.Millisecond})
	}
	var counts []int
	for _, b := range Histogram(faults) {
		counts = append(counts, b.Count)
	}
	if want := []int{2, 1, 1, 1, 0, 0, 0, 1, 2}; !slices.Equal(counts, want) {
		t.Errorf("%v, want %v", counts, want)
	}
}

func TestTimeline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		line := &timeline{began: began}
		line.count(fate.Done)
		for i := range 1000 {
			line.latency(time.Duration(i%100+1) * time.Millisecond)
		}
		line.began = began.Add(-3 * Tick)
		line.count(fate.Refused)
		line.count(fate.Unknown)
		line.count(fate.Unknown)
		p := line.points()
		if len(p) != 4 || p[0].Done != 1 || p[3].Refused != 1 || p[3].Unknown != 2 || p[1] != (Point{}) {
			t.Fatalf("%+v", p)
		}
		if p[0].P50 < 20*time.Millisecond || p[0].P50 > 80*time.Millisecond || p[0].P99 < 85*time.Millisecond {
			t.Errorf("%+v", p[0])
		}
	})
}

func TestRank(t *testing.T) {
	ten := make([]time.Duration, 10)
	for i := range ten {
		ten[i] = time.Duration(i + 1)
	}
	for _, c := range []struct {
		q    float64
		want time.Duration
	}{{0, 1}, {0.1, 1}, {0.5, 5}, {0.9, 9}, {0.95, 10}, {1, 10}} {
		if got := rank(ten, c.q); got != c.want {
			t.Errorf("rank %v of 1..10 is %d, want %d", c.q, got, c.want)
		}
	}
}

func TestLedBy(t *testing.T) {
	shards := []cluster.Shard{{ID: 1, Leader: 0}, {ID: 2, Leader: 1}, {ID: 3, Leader: 0}, {ID: 4, Leader: -1}}
	if got := list(ledBy(shards, 0)); got != "shards 1 3" {
		t.Errorf("%q", got)
	}
	if got := list(ledBy(shards, 1)); got != "shard 2" {
		t.Errorf("%q", got)
	}
}

func TestPace(t *testing.T) {
	for rate, want := range map[int]time.Duration{0: 0, 64: 3 * time.Second, 19200: 10 * time.Millisecond} {
		if got := (Config{Batch: 64, Clients: 3, Rate: rate}).pace(); got != want {
			t.Errorf("%d writes a second: a pipeline each %v, want %v", rate, got, want)
		}
	}
}

func TestGrouped(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000", -999: "-999"} {
		if got := Grouped(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestReport(t *testing.T) {
	var out bytes.Buffer
	good := Report{Seed: 9, Acknowledged: 100000, Faults: []Fault{{Kind: "kill", Gap: 300 * time.Millisecond}}}
	good.Write(&out)
	for _, want := range []string{"  kill      1 ", "100,000", " 300ms ", "under 500ms    1 ███", "seed               9\n", "verdict            ok\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, &out)
		}
	}
	v := &violations{}
	for range 8 * shown {
		v.add(Lost, "k")
	}
	v.add(Corrupt, "k")
	bad := Report{Violations: v.mu.count, Texts: v.mu.texts, Codes: map[string]int64{"NET": 1, "MOVED": 2000}}
	out.Reset()
	bad.Write(&out)
	for _, want := range []string{"lost               41\n", "MOVED 2,000, NET 1\n", "FAILED: 40 × lost, 1 × wrong value"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, &out)
		}
	}
	if n := strings.Count(out.String(), "VIOLATION"); n != shown+1 || bad.OK() {
		t.Errorf("%d violations told", n)
	}
}
