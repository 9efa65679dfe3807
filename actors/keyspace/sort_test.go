package keyspace

import (
	"slices"
	"strings"
	"testing"
)

func TestSort(t *testing.T) {
	b := newBench(t)
	b.steps(
		step{"rpush {s}l 10 9 100 -1 1e1", ":5|"},
		step{"sort {s}l", "*5|$2|-1|$1|9|$2|10|$3|1e1|$3|100|"},
		step{"sort {s}l desc limit 1 2", "*2|$3|1e1|$2|10|"},
		step{"sort_ro {s}l alpha limit 0 3", "*3|$2|-1|$2|10|$3|100|"},
		step{"sort {s}l by nosort desc limit 0 2", "*2|$3|1e1|$2|-1|"},
		step{"sort {s}none", "*0|"},
		step{"zadd {s}z 3 a 1 b 2 c", ":3|"},
		step{"sort {s}z by nosort", "*3|$1|b|$1|c|$1|a|"},
		step{"sort {s}z by nosort desc limit 1 1", "*1|$1|c|"},
		step{"sort {s}z", "-ERR One or more scores can't be converted into double|"},
		step{"set {s}v 1", "+OK|"},
		step{"sort {s}v", "-WRONGTYPE Operation against a key holding the wrong kind of value|"},
	)
}

func TestSortStore(t *testing.T) {
	b := newBench(t)
	b.steps(
		step{"sadd {s}s 3 1 2", ":3|"},
		step{"set {s}d old ex 100", "+OK|"},
		step{"sort {s}s by nosort desc store {s}d", ":3|"},
		step{"lrange {s}d 0 -1", "*3|$1|3|$1|2|$1|1|"},
		step{"ttl {s}d", ":-1|"},
		step{"sort {s}d limit 0 2 store {s}d", ":2|"}, // onto itself
		step{"lrange {s}d 0 -1", "*2|$1|1|$1|2|"},
		step{"sort {s}none store {s}d", ":0|"},
		step{"exists {s}d", ":0|"},
		step{"sort_ro {s}s store {s}d", "-ERR syntax error|"},
	)
}

// A pattern could lead to keys of another shard.
func TestSortRefusesPatterns(t *testing.T) {
	b := newBench(t)
	b.steps(
		step{"sort {s}l by w_* get #", "-ERR BY option of SORT denied in Cluster mode.|"},
		step{"sort_ro {s}l get {s}*", "-ERR GET option of SORT denied in Cluster mode.|"},
	)
}

func TestSortEndsTheWaitForItsDestination(t *testing.T) {
	b := newBench(t)
	b.run("rpush", "{s}l", "2", "1")
	if _, id := b.wait("blpop", "{s}d", "0"); id == 0 {
		t.Fatal("does not wait")
	}
	b.run("sort", "{s}l", "store", "{s}d")
	if served := b.s.TakeServed(); len(served) != 1 || !strings.Contains(string(served[0].Reply), "\r\n1\r\n") {
		t.Errorf("served %v", served)
	}
}

func TestKeysOfSort(t *testing.T) {
	for request, want := range map[string][]int{
		"sort k":                         {1},
		"sort k limit store x":           {1},
		"sort k by store get store":      {1},
		"sort k store a limit 0 1":       {1, 3},
		"sort k store a STORE b alpha":   {1, 5},
		"sort k get x store":             {1},
		"sort_ro k store a":              {1},
		"sort k by store store store":    {1, 5},
		"sort k limit 0 store store dst": {1, 6},
	} {
		args := argsOf(words(request)...)
		if got, err := Lookup(args[0]).Keys(args); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: keys at %v, %v, want %v", request, got, err, want)
		}
	}
}
