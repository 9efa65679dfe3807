package keyspace

import (
	"strings"
	"testing"
)

func TestSetOptions(t *testing.T) {
	newBench(t).steps(
		step{"set k v nx", "+OK|"},
		step{"set k w nx", "$-1|"},
		step{"set k w XX", "+OK|"},
		step{"set none w xx", "$-1|"},
		step{"set k x get", "$1|w|"},
		step{"set none x get", "$-1|"},
		step{"set none y nx get", "$1|x|"},
		step{"get none", "$1|x|"},
		step{"set none y xx get", "$1|x|"},
		step{"get none", "$1|y|"},
		step{"set k v nx xx", "-ERR syntax error|"},
		step{"set k v ex", "-ERR syntax error|"},
		step{"set k v ex 1 px 1", "-ERR syntax error|"},
		step{"set k v ex 1 keepttl", "-ERR syntax error|"},
		step{"set k v keepttl exat 1", "-ERR syntax error|"},
		step{"set k v persist", "-ERR syntax error|"},
		step{"set k v ex x", "-ERR value is not an integer or out of range|"},
		step{"set k v ex 0", "-ERR invalid expire time in 'set' command|"},
		step{"set k v px -1", "-ERR invalid expire time in 'set' command|"},
		step{"set k v ex 9223372036854775807", "-ERR invalid expire time in 'set' command|"},
		step{"set k v px 9223372036854775807", "-ERR invalid expire time in 'set' command|"},
		step{"set k", "-ERR wrong number of arguments for 'set' command|"},
	)
}

func TestSetTimes(t *testing.T) {
	newBench(t).steps(
		step{"set k v ex 10 ex 20", "+OK|"},
		step{"pttl k", ":20000|"},
		step{"set k v keepttl", "+OK|"},
		step{"pttl k", ":20000|"},
		step{"set k v", "+OK|"},
		step{"pttl k", ":-1|"},
		step{"set k v px 1500", "+OK|"},
		step{"ttl k", ":2|"},
		step{"set k v exat 1700000100", "+OK|"},
		step{"pttl k", ":100000|"},
		step{"set k v pxat 1700000000001", "+OK|"},
		step{"pttl k", ":1|"},
		step{"set k v pxat 1", "+OK|"}, // long past
		step{"exists k", ":0|"},
		step{"setex k 10 v", "+OK|"},
		step{"ttl k", ":10|"},
		step{"psetex k 10 v", "+OK|"},
		step{"pttl k", ":10|"},
		step{"setex k 0 v", "-ERR invalid expire time in 'setex' command|"},
		step{"psetex k -5 v", "-ERR invalid expire time in 'psetex' command|"},
		step{"setex k x v", "-ERR value is not an integer or out of range|"},
		step{"setnx k v", ":0|"},
		step{"setnx other v", ":1|"},
	)
}

func TestGetAnd(t *testing.T) {
	newBench(t).steps(
		step{"set k v px 100", "+OK|"},
		step{"getset k w", "$1|v|"},
		step{"pttl k", ":-1|"},
		step{"getset new w", "$-1|"},
		step{"getex k ex 10", "$1|w|"},
		step{"ttl k", ":10|"},
		step{"getex k", "$1|w|"},
		step{"ttl k", ":10|"},
		step{"getex k persist", "$1|w|"},
		step{"ttl k", ":-1|"},
		step{"getex k persist ex 1", "-ERR syntax error|"},
		step{"getex k keepttl", "-ERR syntax error|"},
		step{"getex none ex x", "$-1|"},
		step{"getex k ex x", "-ERR value is not an integer or out of range|"},
		step{"getex k px 0", "-ERR invalid expire time in 'getex' command|"},
		step{"getex k exat 1", "$1|w|"},
		step{"exists k", ":0|"},
		step{"getdel new", "$1|w|"},
		step{"getdel new", "$-1|"},
	)
}

func TestManyKeys(t *testing.T) {
	newBench(t).steps(
		step{"mset {a}1 x {a}2 y {a}1 z", "+OK|"},
		step{"mget {a}1 {a}2 {a}3", "*3|$1|z|$1|y|$-1|"},
		step{"mset {a}1 x {a}2", "-ERR wrong number of arguments for 'mset' command|"},
		step{"msetnx {a}3 x {a}1 y", ":0|"},
		step{"exists {a}3", ":0|"},
		step{"msetnx {a}3 x {a}3 y", ":1|"},
		step{"get {a}3", "$1|y|"},
		step{"msetnx {a}3 x {a}2", "-ERR wrong number of arguments for 'msetnx' command|"},
	)
}

func TestParts(t *testing.T) {
	newBench(t).steps(
		step{"append k Hello", ":5|"},
		step{"append k World", ":10|"},
		step{"strlen k", ":10|"},
		step{"strlen none", ":0|"},
		step{"getrange k 0 4", "$5|Hello|"},
		step{"getrange k -5 -1", "$5|World|"},
		step{"getrange k -100 2", "$3|Hel|"},
		step{"getrange k 8 100", "$2|ld|"},
		step{"getrange k 5 3", "$0||"},
		step{"getrange k -1 -5", "$0||"},
		step{"getrange k 0 -100", "$1|H|"},
		step{"getrange none 0 -1", "$0||"},
		step{"getrange k x 1", "-ERR value is not an integer or out of range|"},
		step{"getrange k 1 x", "-ERR value is not an integer or out of range|"},
		step{"substr k 1 2", "$2|el|"},
		step{"setrange k 5 _there", ":11|"},
		step{"get k", "$11|Hello_there|"},
		step{"setrange new 2 x", ":3|"},
		step{"get new", "$3|\x00\x00x|"},
		step{`setrange new 9 ""`, ":3|"},
		step{`setrange none 9 ""`, ":0|"},
		step{"exists none", ":0|"},
		step{"setrange k -1 x", "-ERR offset is out of range|"},
		step{"setrange k x x", "-ERR value is not an integer or out of range|"},
		step{"setrange k 9223372036854775807 x", "-ERR string exceeds maximum allowed size (proto-max-bulk-len)|"},
		step{"set n 12", "+OK|"},
		step{"append n 3", ":3|"},
		step{"incr n", ":124|"},
		step{"setrange n 1 9", ":3|"},
		step{"get n", "$3|194|"},
	)
}

func TestLongestString(t *testing.T) {
	b := newBench(t)
	cfg := testConfig()
	cfg.MaxValue = 10
	b.s = New(cfg)
	tooLong := "-ERR string exceeds maximum allowed size (proto-max-bulk-len)|"
	b.steps(
		step{"set k 12345678", "+OK|"},
		step{"append k 90", ":10|"},
		step{"append k 1", tooLong},
		step{"setrange k 9 x", ":10|"},
		step{"setrange k 10 x", tooLong},
		step{"setrange new 10 x", tooLong},
		step{"exists new", ":0|"},
		step{"lcs k k", "-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len|"},
	)
	if b.s = copyOf(t, b.s); b.run("append", "k", "1") != crlf(tooLong) {
		t.Error("the limit is not in the snapshot")
	}
}

func TestIntegers(t *testing.T) {
	overflow := "-ERR increment or decrement would overflow|"
	notInt := "-ERR value is not an integer or out of range|"
	newBench(t).steps(
		step{"incr k", ":1|"},
		step{"decr k", ":0|"},
		step{"decr k", ":-1|"},
		step{"incrby k 9223372036854775807", ":9223372036854775806|"},
		step{"incr k", ":9223372036854775807|"},
		step{"incr k", overflow},
		step{"decrby k -1", overflow},
		step{"decrby k -9223372036854775808", "-ERR decrement would overflow|"},
		step{"set k -9223372036854775808", "+OK|"},
		step{"decr k", overflow},
		step{"incrby k -1", overflow},
		step{"incrby k 9223372036854775807", ":-1|"},
		step{"incrby k 1.0", notInt},
		step{"set k 01", "+OK|"},
		step{"incr k", notInt},
		step{"set k 9223372036854775808", "+OK|"},
		step{"incr k", notInt},
		step{"set k 5 px 1000", "+OK|"},
		step{"incr k", ":6|"},
		step{"pttl k", ":1000|"},
	)
}

func TestFloats(t *testing.T) {
	b := newBench(t)
	notFloat := "-ERR value is not a valid float"
	for _, c := range []struct{ old, by, want string }{
		{"10.50", "0.1", "10.6"},
		{"5.0e3", "2.0e2", "5200"},
		{"0.1", "0.2", "0.3"},
		{"3", "-3.0", "0"},
		{"-0", "-0", "0"},
		{"0.000000000000000004", "0", "0"},
		{"0.000000000000000006", "0", "0.00000000000000001"},
		{"0", "1e-4950", "0"},
		{"0", "1e-4951", notFloat},
		{"0", "1.18e4932", "1180000000000000000"}, // and so on
		{"0", "1.19e4932", notFloat},
		{"1.18e4932", "1.18e4932", "-ERR increment would produce NaN or Infinity"},
		{"0", "inf", "-ERR increment would produce NaN or Infinity"},
		{"-Infinity", "1", "-ERR increment would produce NaN or Infinity"},
		{"0", "nan", notFloat},
		{"0", "", notFloat},
		{"0", " 1", notFloat},
		{"0", "1 ", notFloat},
		{"0", "1e", notFloat},
		{"0", "--1", notFloat},
		{"0", "1_000", notFloat},
		{"0", ".", notFloat},
		{"0", "+.5", "0.5"},
		{"0", "5.", "5"},
		{"0", "0x1.8p1", "3"},
		{"0", "0x.8", "0.5"},
		{"0", "0x", notFloat},
		{"0", "1e99999999999999999999", notFloat},
		{"0", "0e99999999999999999999", "0"},
		{"9223372036854775807", "1", "9223372036854775808"},
		{"18446744073709551615", "2", "18446744073709551616"}, // to even, in 64 bits
		{"x", "1", notFloat},
	} {
		b.run("set", "k", c.old)
		got := b.run("incrbyfloat", "k", c.by)
		if !strings.HasPrefix(c.want, "-") || c.want[1] != 'E' {
			got = texts(t, got)[0]
			if len(got) > 100 {
				got = got[:len(c.want)]
			}
		}
		if got = strings.TrimSuffix(got, "\r\n"); got != c.want {
			t.Errorf("%s + %s = %s, want %s", c.old, c.by, got, c.want)
		}
	}
	b.steps(
		step{"incrbyfloat new 1.5", "$3|1.5|"},
		step{"set k 2 px 50", "+OK|"},
		step{"incrbyfloat k 1", "$1|3|"},
		step{"pttl k", ":50|"},
		step{"object encoding k", "$6|embstr|"},
	)
	if got := b.run("incrbyfloat", "k", strings.Repeat("0", maxFloatText+1)); got != notFloat+"\r\n" {
		t.Errorf("too long: %q", got)
	}
}

func TestLCS(t *testing.T) {
	b := newBench(t)
	b.steps(
		step{"mset {k}1 ohmytext {k}2 mynewtext", "+OK|"},
		step{"lcs {k}1 {k}2", "$6|mytext|"},
		step{"lcs {k}1 {k}2 len", ":6|"},
		step{"lcs {k}1 {k}2 idx", "*4|$7|matches|*2|*2|*2|:4|:7|*2|:5|:8|*2|*2|:2|:3|*2|:0|:1|$3|len|:6|"},
		step{"lcs {k}1 {k}2 idx minmatchlen 4", "*4|$7|matches|*1|*2|*2|:4|:7|*2|:5|:8|$3|len|:6|"},
		step{"lcs {k}1 {k}2 idx minmatchlen 4 withmatchlen", "*4|$7|matches|*1|*3|*2|:4|:7|*2|:5|:8|:4|$3|len|:6|"},
		step{"lcs {k}1 {k}3", "$0||"},
		step{"lcs {k}1 {k}2 len idx", "-ERR If you want both the length and indexes, please just use IDX.|"},
		step{"lcs {k}1 {k}2 minmatchlen", "-ERR syntax error|"},
		step{"lcs {k}1 {k}2 minmatchlen x", "-ERR value is not an integer or out of range|"},
	)
	b.w.SetProto(3)
	b.steps(step{"lcs {k}3 {k}2 idx", "%2|$7|matches|*0|$3|len|:0|"}, step{"get none", "_|"})
}

func TestEncodings(t *testing.T) {
	b := newBench(t)
	long := strings.Repeat("z", 45)
	for _, c := range []struct{ cmd, want string }{
		{"set k 123", "int"},
		{"set k -9223372036854775808", "int"},
		{"set k 0123", "embstr"},
		{"set k 9223372036854775808", "embstr"},
		{"set k " + long[:44], "embstr"},
		{"set k " + long, "raw"},
		{"set k abc", "embstr"},
		{"append k d", "raw"},
		{"set k 12", "int"},
		{"append k 3", "raw"},
		{"incr k", "int"},
		{"setrange k 0 9", "raw"},
		{"incrbyfloat k 1", "embstr"},
		{"getset k 5", "int"},
		{"mset k 6", "int"},
	} {
		b.run(words(c.cmd)...)
		if got := texts(t, b.run("object", "encoding", "k"))[0]; got != c.want {
			t.Errorf("after %s: %s, want %s", c.cmd, got, c.want)
		}
	}
	b.steps(step{"append n 12", ":2|"}, step{"object encoding n", "$3|int|"})
}
