package chaos

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/troupedb/troupe/cmd/internal/cluster"
)

func TestGaps(t *testing.T) {
	g := &gaps{}
	over := []string{}
	g.closed = func(k *killed) { over = append(over, k.node+" "+k.gap.String()) }
	zero := time.Now()
	at := func(ms int) time.Time { return zero.Add(time.Duration(ms) * time.Millisecond) }

	g.opened("n1", []int{1, 4}, at(100), at(110))
	g.acknowledged(2, at(111), at(112)) // another shard
	g.acknowledged(1, at(105), at(115)) // begun while the old leader may still have lived
	if !g.waiting(1) || !g.waiting(4) || g.waiting(2) || len(over) != 0 {
		t.Fatalf("waiting %v %v %v, over %v", g.waiting(1), g.waiting(4), g.waiting(2), over)
	}
	g.acknowledged(1, at(390), at(400))
	g.acknowledged(1, at(490), at(500)) // long after: no part of the gap
	g.acknowledged(4, at(340), at(350))
	g.opened("n2", []int{1}, at(1000), at(1001))
	g.acknowledged(1, at(1100), at(1200))
	g.opened("n3", []int{2}, at(2000), at(2001))
	g.acknowledged(4, at(1400), at(1500)) // nobody killed its leader since 350
	if want := []string{"n1 300ms", "n2 200ms"}; !reflect.DeepEqual(over, want) {
		t.Errorf("over %v, want %v", over, want)
	}
	want := Gaps{Kills: 3, Open: 1, Median: 200 * time.Millisecond, P90: 300 * time.Millisecond, Max: 300 * time.Millisecond,
		Stalls: 1, LongestStall: 1150 * time.Millisecond}
	if got := g.summary(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
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

func TestDownTimeFitsBetweenTwoKills(t *testing.T) {
	for _, every := range []time.Duration{time.Nanosecond, 100 * time.Millisecond, time.Second, time.Minute} {
		n := &nemesis{every: every, rng: rand.New(rand.NewPCG(1, 1))}
		for range 1000 {
			if d := n.downTime(); d < 0 || d > every/2 && every < 2*downTimeMax || d > downTimeMax {
				t.Fatalf("down for %v, killing every %v", d, every)
			}
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

func TestGrouped(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000", -999: "-999"} {
		if got := grouped(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestReport(t *testing.T) {
	var out bytes.Buffer
	good := Report{Seed: 9, Acknowledged: 100000, Gaps: Gaps{Kills: 11, Median: 300 * time.Millisecond}}
	good.Write(&out)
	for _, want := range []string{"kills              11\n", "100,000", "median 300ms", "seed               9\n", "verdict            ok\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, &out)
		}
	}
	f := &faults{}
	for range 8 * shown {
		f.add(Lost, "k")
	}
	f.add(Corrupt, "k")
	bad := Report{Faults: f.mu.count, Texts: f.mu.texts, Codes: map[string]int64{"NET": 1, "MOVED": 2000}}
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

func TestConsole(t *testing.T) {
	var out bytes.Buffer
	c := &console{out: &out}
	c.event("before")
	c.loads(true)
	c.event("kill n1")
	c.event("restart n1")
	c.progress(Progress{At: 12 * time.Second, OpsPerSecond: 3412, Done: 41230, Refused: 12, Unknown: 3})
	c.progress(Progress{At: 13 * time.Second})
	c.event("late")
	c.loads(false)
	c.event("after")
	want := "before\n" +
		"  12s    3,412 ops/s  ok 41,230  refused 12  unknown 3  | kill n1  | restart n1\n" +
		"  13s        0 ops/s  ok 0  refused 0  unknown 0\nlate\nafter\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", &out, want)
	}
}
