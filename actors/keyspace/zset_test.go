package keyspace

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestZadd(t *testing.T) {
	newBench(t).steps(
		step{"zadd k 1 a 2 b 1 a", ":2|"},
		step{"zadd k ch 1 a 3 b 4 c", ":2|"},
		step{"zadd k nx 9 a 5 d", ":1|"},
		step{"zadd k xx ch 9 a 5 e", ":1|"},
		step{"zadd k gt ch 1 a", ":0|"},
		step{"zadd k lt ch 1 a 7 f", ":2|"},
		step{"zadd k incr 5 a", "$1|6|"},
		step{"zadd k nx incr 5 a", "$-1|"},
		step{"zadd k gt incr -5 a", "$-1|"},
		step{"zadd none xx incr 5 a", "$-1|"},
		step{"zadd none xx 5 a", ":0|"},
		step{"exists none", ":0|"},
		step{"zincrby k 0.5 a", "$3|6.5|"},
		step{"zincrby k 1 new", "$1|1|"},
		step{"zscore k a", "$3|6.5|"},
		step{"zscore k x", "$-1|"},
		step{"zmscore k x a", "*2|$-1|$3|6.5|"},
		step{"zmscore none x", "*1|$-1|"},
		step{"zadd k inf x -inf y", ":2|"},
		step{"zscore k x", "$3|inf|"},
		step{"zincrby k -inf x", "-ERR resulting score is not a number (NaN)|"},
		step{"zscore k x", "$3|inf|"},
		step{"zadd k nan x", "-ERR value is not a valid float|"},
		step{"zadd k 1 x oops y", "-ERR value is not a valid float|"},
		step{"zadd k 1", "-ERR wrong number of arguments for 'zadd' command|"},
		step{"zadd k 1 a 2", "-ERR syntax error|"},
		step{"zadd k nx xx 1 a", "-ERR XX and NX options at the same time are not compatible|"},
		step{"zadd k nx gt 1 a", "-ERR GT, LT, and/or NX options at the same time are not compatible|"},
		step{"zadd k lt gt 1 a", "-ERR GT, LT, and/or NX options at the same time are not compatible|"},
		step{"zadd k incr 1 a 2 b", "-ERR INCR option supports a single increment-element pair|"},
		step{"zrem k a b none", ":2|"},
		step{"zcard k", ":6|"},
		step{"zrem k c d f new x y z", ":6|"},
		step{"exists k", ":0|"},
	)
}

func TestZranges(t *testing.T) {
	b := newBench(t)
	b.steps(
		step{"zadd k 1 a 2 b 3 c 4 d 5 e", ":5|"},
		step{"zrange k 0 -1", "*5|$1|a|$1|b|$1|c|$1|d|$1|e|"},
		step{"zrange k 1 2 withscores", "*4|$1|b|$1|2|$1|c|$1|3|"},
		step{"zrange k 0 1 rev", "*2|$1|e|$1|d|"},
		step{"zrevrange k -2 -1", "*2|$1|b|$1|a|"},
		step{"zrange k 3 1", "*0|"},
		step{"zrange k 5 9", "*0|"},
		step{"zrange none 0 -1", "*0|"},
		step{"zrange k (1 3 byscore", "*2|$1|b|$1|c|"},
		step{"zrange k (3 -inf byscore rev limit 1 5", "*1|$1|a|"},
		step{"zrange k 1 5 byscore limit 1 2", "*2|$1|b|$1|c|"},
		step{"zrange k 1 5 byscore limit 1 -2", "*4|$1|b|$1|c|$1|d|$1|e|"},
		step{"zrange k 1 5 byscore limit -1 2", "*0|"},
		step{"zrevrangebyscore k +inf (4 withscores", "*2|$1|e|$1|5|"},
		step{"zrange k 0 -1 limit 0 2", "-ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX|"},
		step{"zrange k - + bylex withscores", "-ERR syntax error, WITHSCORES not supported in combination with BYLEX|"},
		step{"zrange k a 1", "-ERR value is not an integer or out of range|"},
		step{"zrange k a 1 byscore", "-ERR min or max is not a float|"},
		step{"zrange k a 1 bylex", "-ERR min or max not valid string range item|"},
		step{"zrange k 0 1 rev rev", "-ERR syntax error|"},
		step{"zrevrange k 0 1 rev", "-ERR syntax error|"},
		step{"zcount k (1 +inf", ":4|"},
		step{"zcount k 5 1", ":0|"},
		step{"zrangestore {k}2 k 1 3", ":3|"},
		step{"zrange {k}2 0 -1", "*3|$1|b|$1|c|$1|d|"},
		step{"zrangestore {k}2 k 9 10 byscore", ":0|"},
		step{"exists {k}2", ":0|"},
		step{"zrangestore {k}2 k 0 -1 withscores", "-ERR syntax error|"},
		step{"zrank k b", ":1|"},
		step{"zrevrank k b", ":3|"},
		step{"zrank k b withscore", "*2|:1|$1|2|"},
		step{"zrank k x withscore", "*-1|"},
		step{"zrank k x", "$-1|"},
		step{"zrank none x withscore", "*-1|"},
		step{"zrank k b withscores", "-ERR syntax error|"},
		step{"zrank k b withscore x", "-ERR wrong number of arguments for 'zrank' command|"},
		step{"zremrangebyrank k 0 0", ":1|"},
		step{"zremrangebyscore k (2 3", ":1|"},
		step{"zremrangebyrank k 5 -1", ":0|"},
		step{"zrange k 0 -1", "*3|$1|b|$1|d|$1|e|"},
		step{"zremrangebyscore k -inf +inf", ":3|"},
		step{"exists k", ":0|"},
	)
	b.w.SetProto(3)
	b.steps(
		step{"zadd k 1.5 a", ":1|"},
		step{"zrange k 0 -1 withscores", "*1|*2|$1|a|,1.5|"},
		step{"zrange k 0 -1", "*1|$1|a|"},
		step{"zscore k a", ",1.5|"},
		step{"zrank k x withscore", "_|"},
		step{"zrandmember k 1 withscores", "*1|*2|$1|a|,1.5|"},
	)
}

func TestZlex(t *testing.T) {
	newBench(t).steps(
		step{"zadd k 0 a 0 b 0 c 0 d", ":4|"},
		step{"zrangebylex k - [c", "*3|$1|a|$1|b|$1|c|"},
		step{"zrangebylex k (a (d limit 1 5", "*1|$1|c|"},
		step{"zrevrangebylex k + [c", "*2|$1|d|$1|c|"},
		step{"zrange k [b [b bylex", "*1|$1|b|"},
		step{"zrange k (b [b bylex", "*0|"},
		step{"zlexcount k [aa +", ":3|"},
		step{"zlexcount k + -", ":0|"},
		step{"zlexcount k b +", "-ERR min or max not valid string range item|"},
		step{"zadd {k}2 1 a 2 b 3 c 4 d", ":4|"},
		step{"zrange {k}2 [b [c bylex", "*2|$1|b|$1|c|"},
		step{"zlexcount {k}2 (b (d", ":1|"},
		step{"zremrangebylex k [b (d", ":2|"},
		step{"zrange k 0 -1", "*2|$1|a|$1|d|"},
	)
}

func TestZpops(t *testing.T) {
	b := newBench(t)
	b.steps(
		step{"zadd k 1 a 2 b 3 c 4 d", ":4|"},
		step{"zpopmin k", "*2|$1|a|$1|1|"},
		step{"zpopmax k 2", "*4|$1|d|$1|4|$1|c|$1|3|"},
		step{"zpopmax k 0", "*0|"},
		step{"zpopmax none", "*0|"},
		step{"zpopmax k -1", "-ERR value is out of range, must be positive|"},
		step{"zpopmax k 1 2", "-ERR syntax error|"},
		step{"zmpop 2 none k min", "*2|$1|k|*1|*2|$1|b|$1|2|"},
		step{"zmpop 2 none k max", "*-1|"},
		step{"zmpop 0 k min", "-ERR numkeys should be greater than 0|"},
		step{"zmpop 5 k min", "-ERR syntax error|"},
		step{"zmpop 1 k mid", "-ERR syntax error|"},
		step{"zmpop 1 k min count 0", "-ERR count should be greater than 0|"},
		step{"zmpop 1 k min count 1 count 2", "-ERR syntax error|"},
		step{"zmpop 1 k min count", "-ERR syntax error|"},
		step{"exists k", ":0|"},
	)
	b.w.SetProto(3)
	b.steps(
		step{"zadd k 1 a 2 b 3 c", ":3|"},
		step{"zpopmin k", "*2|$1|a|,1|"},
		step{"zpopmin k 1", "*1|*2|$1|b|,2|"},
		step{"zmpop 1 k max count 9", "*2|$1|k|*1|*2|$1|c|,3|"},
		step{"zmpop 1 k max", "_|"},
	)
}

func TestZcombinations(t *testing.T) {
	newBench(t).steps(
		step{"zadd {k}1 1 a 2 b", ":2|"},
		step{"zadd {k}2 10 b 20 c", ":2|"},
		step{"sadd {k}3 a c", ":2|"},
		step{"zunion 2 {k}1 {k}2 withscores", "*6|$1|a|$1|1|$1|b|$2|12|$1|c|$2|20|"},
		step{"zunion 2 {k}1 {k}3 withscores weights 2 3 aggregate max", "*6|$1|a|$1|3|$1|c|$1|3|$1|b|$1|4|"},
		step{"zinter 2 {k}1 {k}2 withscores aggregate min", "*2|$1|b|$1|2|"},
		step{"zdiff 2 {k}1 {k}2", "*1|$1|a|"},
		step{"zinterstore {k}4 2 {k}2 {k}3 weights 1 5", ":1|"},
		step{"zrange {k}4 0 -1 withscores", "*2|$1|c|$2|25|"},
		step{"zunionstore {k}4 2 {k}4 {k}1", ":3|"},
		step{"zdiffstore {k}4 1 none", ":0|"},
		step{"exists {k}4", ":0|"},
		step{"zintercard 2 {k}1 {k}2", ":1|"},
		step{"zintercard 1 {k}1 limit 1", ":1|"},
		step{"zunion 0 {k}1", "-ERR at least 1 input key is needed for 'zunion' command|"},
		step{"zunionstore {k}4 -1 {k}1", "-ERR at least 1 input key is needed for 'zunionstore' command|"},
		step{"zunion 2 {k}1", "-ERR syntax error|"},
		step{"zunion 1 {k}1 weights", "-ERR syntax error|"},
		step{"zunion 1 {k}1 weights x", "-ERR weight value is not a float|"},
		step{"zunion 1 {k}1 aggregate avg", "-ERR syntax error|"},
		step{"zdiff 1 {k}1 weights 1", "-ERR syntax error|"},
		step{"zinterstore {k}4 1 {k}1 withscores", "-ERR syntax error|"},
		step{"set {k}s v", "+OK|"},
		step{"zunion 1 {k}s", "-" + errWrongType + "|"},
		step{"zadd {k}5 inf a", ":1|"},
		step{"zadd {k}6 -inf a", ":1|"},
		step{"zunion 2 {k}5 {k}6 withscores", "*2|$1|a|$1|0|"},
		step{"zinter 2 {k}5 {k}6 withscores", "*2|$1|a|$1|0|"},
		step{"zunion 1 {k}5 weights 0 withscores", "*2|$1|a|$1|0|"},
	)
}

func TestZsetEncodings(t *testing.T) {
	b := newBench(t)
	for i := range 128 {
		b.run("zadd", "k", "1", strconv.Itoa(i))
	}
	b.encodingIs("k", "listpack")
	b.run("zadd", "k", "2", "5")
	b.encodingIs("k", "listpack")
	b.run("zadd", "k", "1", "more")
	b.encodingIs("k", "skiplist")
	b.run("zrem", "k", "more")
	b.encodingIs("k", "skiplist")
	b.run("zrangestore", "k", "k", "0", "-1")
	b.encodingIs("k", "listpack")
	b.run("zadd", "k", "1", strings.Repeat("m", 64))
	b.run("zrem", "k", "1")
	b.run("zadd", "k", "1", strings.Repeat("m", 65))
	b.encodingIs("k", "skiplist")
	b.run("zunionstore", "k", "1", "k")
	b.encodingIs("k", "skiplist")
	b.run("zinterstore", "k", "1", "k")
	b.encodingIs("k", "skiplist")
}

// The order of keys is that of scores, and a score comes back from its key.
func TestScoreKeys(t *testing.T) {
	scores := []float64{math.Inf(-1), -math.MaxFloat64, -1e20, -2, -1.5, -1, -math.SmallestNonzeroFloat64, 0,
		math.SmallestNonzeroFloat64, 0.1, 1, 1.5, 2, 1e20, math.MaxFloat64, math.Inf(1)}
	for i, v := range scores {
		if got := scoreOf(scoreKey(v)); got != v {
			t.Errorf("%v came back as %v", v, got)
		}
		if i > 0 && scoreKey(scores[i-1]) >= scoreKey(v) {
			t.Errorf("%v is not before %v", scores[i-1], v)
		}
	}
	if scoreKey(math.Copysign(0, -1)) != scoreKey(0) {
		t.Error("two zeros")
	}
}

func TestParseFloat(t *testing.T) {
	for text, want := range map[string]float64{
		"1": 1, "+.5": 0.5, "5.": 5, "1e3": 1000, "-inf": math.Inf(-1), "Infinity": math.Inf(1), "0x10": 16, "-0X.8P1": -1,
		"0e999999": 0, "4.9e-324": 4.9e-324, "0x0": 0,
	} {
		if got, ok := parseFloat([]byte(text)); !ok || got != want {
			t.Errorf("%s: %v, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", ".", "e5", "1e", "nan", "1_0", "0x_1", "0x", "1e999", "-1e999", "1e-999", "0x1p-9999", " 1", "1 ", "1\x00"} {
		if got, ok := parseFloat([]byte(text)); ok {
			t.Errorf("%q was read as %v", text, got)
		}
	}
}

// scoreModel is a sorted set as simple as it can be.
type scoreModel map[string]float64

func (m scoreModel) sorted() []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if m[a] != m[b] {
			return map[bool]int{true: -1, false: 1}[m[a] < m[b]]
		}
		return strings.Compare(a, b)
	})
	return names
}

// A sorted set, small and large, has the order, ranks and scores of the model.
func TestSortedSetAgainstModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b, m := newBench(t), scoreModel{}
		names := rapid.SampledFrom([]int{10, 300, 3000}).Draw(rt, "names")
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			kind := rapid.IntRange(0, 4).Draw(rt, "kind")
			for range rapid.IntRange(1, 100).Draw(rt, "times") {
				name := "m" + strconv.Itoa(rapid.IntRange(0, names).Draw(rt, "name"))
				score := rapid.IntRange(-20, 20).Draw(rt, "score")
				switch kind {
				case 0, 1, 2:
					b.run("zadd", "k", strconv.Itoa(score), name)
					m[name] = float64(score)
				case 3:
					b.run("zrem", "k", name)
					delete(m, name)
				}
			}
			if kind == 4 && len(m) > 0 {
				low := rapid.IntRange(0, len(m)-1).Draw(rt, "low")
				high := min(low+rapid.IntRange(0, 200).Draw(rt, "many"), len(m)-1)
				for _, name := range m.sorted()[low : high+1] {
					delete(m, name)
				}
				b.run("zremrangebyrank", "k", strconv.Itoa(low), strconv.Itoa(high))
			}
		}
		checkConsistent(t, b.s)
		want := m.sorted()
		if got := texts(t, b.run("zrange", "k", "0", "-1")); len(want) > 0 && !slices.Equal(got, want) {
			rt.Fatalf("members %q, want %q", got, want)
		}
		for rank, name := range want {
			want := "*2\r\n" + integer(int64(rank)) + bulk(strconv.Itoa(int(m[name])))
			if got := b.run("zrank", "k", name, "withscore"); got != want {
				rt.Fatalf("%s: %q, want %q", name, got, want)
			}
		}
		sameState(t, copyOf(t, b.s), b.s)
	})
}
