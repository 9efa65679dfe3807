package bench

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/troupedb/troupe/cmd/internal/cluster"
)

const benchmarkHead = `"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"` + "\n"

func TestParseBenchmark(t *testing.T) {
	got, err := parseBenchmark(strings.NewReader("Cluster has 3 master nodes:\n\nMaster 0: 127.0.0.1:1\n\n" +
		benchmarkHead + `"MSET (10 keys)","62500.50","0.5","0.1","0.483","0.8","1.250","2.0"` + "\n"))
	if err != nil || got.rate != 62500.5 || got.P50 != 483*time.Microsecond || got.P99 != 1250*time.Microsecond || got.P999 != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestParseBenchmarkOfNoResult(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":      "",
		"no table":     "Invalid cluster: 1 node(s).\n",
		"no row":       benchmarkHead,
		"no rate":      benchmarkHead + `"SET","0.00","0","0","0","0","0","0"`,
		"no number":    benchmarkHead + `"SET","x","0","0","0","0","0","0"`,
		"short row":    benchmarkHead + `"SET","1"`,
		"another test": benchmarkHead + strings.Repeat(`"SET","1","0","0","0","0","0","0"`+"\n", 2),
	} {
		if got, err := parseBenchmark(strings.NewReader(text)); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestParseStat(t *testing.T) {
	line := "17 (a) b (c) S 1 17 17 0 -1 4194560 100 0 0 0 250 50 7 7 20 0 9 0 100"
	if got, err := parseStat([]byte(line)); err != nil || got != 3*time.Second {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"", "17 (a) S 1", strings.Replace(line, "250", "x", 1)} {
		if got, err := parseStat([]byte(bad)); err == nil {
			t.Errorf("%q: %v", bad, got)
		}
	}
	if text, err := os.ReadFile("/proc/self/stat"); err == nil {
		if _, err := parseStat(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestSpreadEvenly(t *testing.T) {
	led := func(leaders ...int) (all []cluster.Shard) {
		for _, l := range leaders {
			all = append(all, cluster.Shard{Leader: l})
		}
		return all
	}
	for name, c := range map[string]struct {
		shards []cluster.Shard
		nodes  int
		even   bool
	}{
		"one each":              {led(0, 1, 2), 3, true},
		"primaries of six":      {led(0, 3, 5), 6, true},
		"two each":              {led(0, 0, 1, 1, 2, 2), 3, true},
		"as even as can be":     {led(0, 0, 1, 2), 3, true},
		"one shard":             {led(2), 3, true},
		"all on one":            {led(0, 0, 0), 3, false},
		"one node leads none":   {led(0, 0, 1, 1), 3, false},
		"one leads two more":    {led(0, 0, 0, 1, 2), 3, false},
		"two shards, one leads": {led(1, 1), 3, false},
	} {
		if err := spreadEvenly(c.shards, c.nodes); (err == nil) != c.even {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestContenders(t *testing.T) {
	for system, want := range map[string]string{"troupe": "troupe/1 troupe/6", "redis-always": "redis-always"} {
		all, err := Contenders(system, []int{1, 6}, nil)
		if got := strings.Join(Names(all), " "); err != nil || got != want {
			t.Errorf("%s: %s, %v", system, got, err)
		}
	}
	etcd, err := Contenders("etcd", []int{6}, nil)
	half := load(t, "set")
	half.Percent = 50
	if err == nil && etcd[0].lacks(half) == "" {
		t.Error("etcd is asked at a rate")
	}
	if err != nil || etcd[0].lacks(load(t, "incr")) == "" || etcd[0].lacks(load(t, "set")) != etcd[0].Lacks {
		t.Errorf("%+v, %v", etcd, err)
	}
	if raft, err := Contenders("redisraft", []int{6}, nil); err != nil || len(raft) != 1 || raft[0].lacks(load(t, "incr")) != raft[0].Lacks {
		t.Errorf("%+v, %v", raft, err)
	}
	if _, err := Contenders("mysql", []int{6}, nil); err == nil || !strings.Contains(err.Error(), "valkey-always") {
		t.Error(err)
	}
	if why := missing("go", "no-such-program"); why != "no-such-program is not installed" {
		t.Error(why)
	}
}
