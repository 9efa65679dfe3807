package keyspace

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestSets(t *testing.T) {
	newBench(t).steps(
		step{"sadd k b a b", ":2|"},
		step{"sadd k a", ":0|"},
		step{"smembers k", "*2|$1|b|$1|a|"},
		step{"sismember k a", ":1|"},
		step{"sismember none a", ":0|"},
		step{"smismember k x a", "*2|:0|:1|"},
		step{"smismember none x", "*1|:0|"},
		step{"scard k", ":2|"},
		step{"srem k x a a", ":1|"},
		step{"srem k b", ":1|"},
		step{"exists k", ":0|"},
		step{"srem k b", ":0|"},
		step{"sadd k 3 1 2", ":3|"},
		step{"smembers k", "*3|$1|1|$1|2|$1|3|"},
		step{"sadd {k}2 2 5", ":2|"},
		step{"smove k {k}2 1", ":1|"},
		step{"smove k {k}2 1", ":0|"},
		step{"smove k k 2", ":1|"},
		step{"smove none k 2", ":0|"},
		step{"smembers {k}2", "*3|$1|1|$1|2|$1|5|"},
		step{"sinter k {k}2", "*1|$1|2|"},
		step{"sunion k {k}2", "*4|$1|2|$1|3|$1|1|$1|5|"},
		step{"sdiff k {k}2 none", "*1|$1|3|"},
		step{"sinter k none", "*0|"},
		step{"sinterstore {k}3 k {k}2", ":1|"},
		step{"expire {k}3 10", ":1|"},
		step{"sunionstore {k}3 k {k}3", ":2|"},
		step{"ttl {k}3", ":-1|"},
		step{"sdiffstore {k}3 k k", ":0|"},
		step{"exists {k}3", ":0|"},
		step{"set {k}4 v", "+OK|"},
		step{"sinterstore {k}4 k none", ":0|"}, // overwrites any type
		step{"exists {k}4", ":0|"},
		step{"sintercard 2 k {k}2", ":1|"},
		step{"sintercard 1 {k}2 limit 2", ":2|"},
		step{"sintercard 1 {k}2 limit 0", ":3|"},
		step{"sintercard 0 {k}2", "-ERR numkeys should be greater than 0|"},
		step{"sintercard x {k}2", "-ERR numkeys should be greater than 0|"},
		step{"sintercard 2 {k}2", "-ERR Number of keys can't be greater than number of args|"},
		step{"sintercard 1 {k}2 limit -1", "-ERR LIMIT can't be negative|"},
		step{"sintercard 1 {k}2 limit", "-ERR syntax error|"},
	)
}

func TestSetAnswersInRESP3(t *testing.T) {
	b := newBench(t)
	b.w.SetProto(3)
	b.steps(
		step{"sadd k 1", ":1|"},
		step{"smembers k", "~1|$1|1|"},
		step{"sunion k", "~1|$1|1|"},
		step{"sinter none", "~0|"},
		step{"srandmember k 5", "*1|$1|1|"},
		step{"srandmember none", "_|"},
		step{"spop k 5", "~1|$1|1|"},
		step{"spop k", "_|"},
		step{"spop k 2", "~0|"},
		step{"spop k -1", "-ERR value is out of range, must be positive|"},
		step{"spop k 1 2", "-ERR syntax error|"},
	)
}

func TestSetEncodings(t *testing.T) {
	numbers := func(n int) []string {
		args := []string{"sadd", "k"}
		for i := range n {
			args = append(args, strconv.Itoa(i))
		}
		return args
	}
	words := func(n int) []string {
		args := []string{"sadd", "k"}
		for i := range n {
			args = append(args, "m"+strconv.Itoa(i))
		}
		return args
	}
	one := func(member string) []string { return []string{"sadd", "k", member} }
	for _, c := range []struct {
		cmds [][]string
		want string
	}{
		{[][]string{numbers(512)}, "intset"},
		{[][]string{numbers(513)}, "hashtable"},
		{[][]string{numbers(512), one("512")}, "hashtable"},
		{[][]string{numbers(512), one("511")}, "intset"},
		{[][]string{numbers(127), one("x")}, "listpack"},
		{[][]string{numbers(128), one("x")}, "hashtable"},
		{[][]string{words(128)}, "listpack"},
		{[][]string{words(129)}, "hashtable"},
		{[][]string{words(128), one("m5")}, "listpack"},
		{[][]string{words(128), one("5")}, "hashtable"},
		{[][]string{one("1"), one(strings.Repeat("x", 64))}, "listpack"},
		{[][]string{one("1"), one(strings.Repeat("x", 65))}, "hashtable"},
		{[][]string{words(1000), {"spop", "k", "833"}}, "hashtable"},
		{[][]string{words(1000), {"spop", "k", "900"}}, "listpack"}, // few of many are left
		{[][]string{numbers(1000), {"spop", "k", "900"}}, "intset"},
		{[][]string{words(200), {"sinterstore", "k", "k"}}, "hashtable"},
		{[][]string{numbers(600), append(slices.Replace(numbers(600), 0, 1, "srem"), "x")[:592], {"sunionstore", "k", "k"}}, "intset"},
	} {
		b := newBench(t)
		for _, cmd := range c.cmds {
			b.run(cmd...)
		}
		if got := texts(t, b.run("object", "encoding", "k"))[0]; got != c.want {
			t.Errorf("%.3q: %s, want %s", c.cmds, got, c.want)
		}
		sameState(t, copyOf(t, b.s), b.s)
	}
}

// Members taken out by chance are members, each is taken once, and another
// replica takes the same.
func TestSpopTakesEachMemberOnce(t *testing.T) {
	for _, n := range []int{5, 100, 1000} {
		b := newBench(t)
		for i := range n {
			b.exec("sadd", "k", "m"+strconv.Itoa(i))
		}
		other := newBench(t)
		other.s, other.env = copyOf(t, b.s), b.env
		left := map[string]bool{}
		for _, m := range texts(t, b.run("smembers", "k")) {
			left[m] = true
		}
		other.env = b.env
		for i := 1; len(left) > 0; i++ {
			b.env.Seed = uint64(i)
			other.env = b.env
			cmd := []string{"spop", "k", strconv.Itoa(i)}
			got := b.run(cmd...)
			if same := other.run(cmd...); same != got {
				t.Fatalf("%q and %q", got, same)
			}
			for _, m := range texts(t, got) {
				if !left[m] {
					t.Fatalf("%q was taken twice", m)
				}
				delete(left, m)
			}
		}
		if b.run("exists", "k") != ":0\r\n" {
			t.Error("an empty set is left")
		}
	}
}

// Random picks are as likely for one member as for another.
func TestRandomPicksAreFair(t *testing.T) {
	b := newBench(t)
	const n, rounds = 200, 5_000
	for i := range n {
		b.exec("sadd", "k", "m"+strconv.Itoa(i))
	}
	counts := map[string]int{}
	for i := range rounds {
		b.env.Seed = uint64(i)
		for _, m := range texts(t, b.run("srandmember", "k", "3")) {
			counts[m]++
		}
	}
	mean := float64(3*rounds) / n
	for m, c := range counts {
		if d := math.Abs(float64(c) - mean); d > 6*math.Sqrt(mean) {
			t.Errorf("%s was picked %d times of %.0f", m, c, mean)
		}
	}
	if len(counts) != n {
		t.Errorf("%d of %d members were picked", len(counts), n)
	}
}

func TestIntset(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var is intset
		var want []int64
		draw := rapid.OneOf(rapid.Int64Range(-5, 5), rapid.Int64Range(-40000, 40000), rapid.Int64(),
			rapid.SampledFrom([]int64{math.MinInt64, math.MaxInt64, math.MinInt32, math.MaxInt16}))
		for range rapid.IntRange(0, 100).Draw(t, "steps") {
			v := draw.Draw(t, "v")
			pos, found := is.find(v)
			at, there := slices.BinarySearch(want, v)
			if pos != at || found != there {
				t.Fatalf("%d at %d, %v; want %d, %v", v, pos, found, at, there)
			}
			switch {
			case !found:
				is.insert(pos, v)
				want = slices.Insert(want, at, v)
			case rapid.Bool().Draw(t, "remove"):
				is.remove(pos)
				want = slices.Delete(want, at, at+1)
			}
			longest := 0
			for i, v := range want {
				if is.at(i) != v {
					t.Fatalf("at %d: %d, want %d", i, is.at(i), v)
				}
				longest = max(longest, len(strconv.FormatInt(v, 10)))
			}
			if is.len() != len(want) || is.longest() != longest {
				t.Fatalf("%d integers up to %d long, want %d, %d", is.len(), is.longest(), len(want), longest)
			}
		}
	})
}
