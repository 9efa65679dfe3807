package keyspace

import (
	"strconv"
	"strings"
	"testing"
)

func TestHashes(t *testing.T) {
	newBench(t).steps(
		step{"hset k a 1 b 2 a 3", ":2|"},
		step{"hget k a", "$1|3|"},
		step{"hget k c", "$-1|"},
		step{"hget none a", "$-1|"},
		step{"hmget k a c b", "*3|$1|3|$-1|$1|2|"},
		step{"hmget none a", "*1|$-1|"},
		step{"hgetall k", "*4|$1|a|$1|3|$1|b|$1|2|"},
		step{"hkeys k", "*2|$1|a|$1|b|"},
		step{"hvals k", "*2|$1|3|$1|2|"},
		step{"hlen k", ":2|"},
		step{"hexists k a", ":1|"},
		step{"hexists k x", ":0|"},
		step{`hset k "" ""`, ":1|"},
		step{`hget k ""`, "$0||"},
		step{`hexists k ""`, ":1|"},
		step{"hsetnx k a 9", ":0|"},
		step{"hsetnx k c 99", ":1|"},
		step{"hstrlen k c", ":2|"},
		step{"hstrlen k x", ":0|"},
		step{`hdel k a x "" a`, ":2|"},
		step{"hdel k b c", ":2|"},
		step{"exists k", ":0|"},
		step{"hdel k b", ":0|"},
		step{"hmset k a 1", "+OK|"},
		step{"hset k a 1 b", "-ERR wrong number of arguments for 'hset' command|"},
		step{"hgetall none", "*0|"},
		step{"hset s{k} a", "-ERR wrong number of arguments for 'hset' command|"},
		step{"expire k 10", ":1|"},
		step{"hset k a 2", ":0|"},
		step{"ttl k", ":10|"},
	)
}

func TestHashNumbers(t *testing.T) {
	newBench(t).steps(
		step{"hincrby k n 5", ":5|"},
		step{"hincrby k n -7", ":-2|"},
		step{"hset k n 9223372036854775807", ":0|"},
		step{"hincrby k n 1", "-ERR increment or decrement would overflow|"},
		step{"hset k t text", ":1|"},
		step{"hincrby k t 1", "-ERR hash value is not an integer|"},
		step{"hincrby k n x", "-ERR value is not an integer or out of range|"},
		step{"hincrbyfloat k f 10.5", "$4|10.5|"},
		step{"hincrbyfloat k f 0.1", "$4|10.6|"},
		step{"hincrbyfloat k t 1", "-ERR hash value is not a float|"},
		step{"hincrbyfloat k f x", "-ERR value is not a valid float|"},
		step{"hincrbyfloat k f inf", "-ERR value is NaN or Infinity|"},
		step{"set s 1", "+OK|"},
		step{"hincrby s n 1", "-" + errWrongType + "|"},
		step{"hincrbyfloat s n 1", "-" + errWrongType + "|"},
	)
}

// encodingIs checks what OBJECT ENCODING answers.
func (b *bench) encodingIs(key, want string) {
	b.t.Helper()
	if got := texts(b.t.(*testing.T), b.run("object", "encoding", key))[0]; got != want {
		b.t.Errorf("encoding %s, want %s", got, want)
	}
}

func TestHashEncodings(t *testing.T) {
	b := newBench(t)
	for i := range 128 {
		b.run("hset", "k", strconv.Itoa(i), "v")
	}
	b.encodingIs("k", "listpack")
	b.run("hset", "k", "127", "w")
	b.encodingIs("k", "listpack")
	b.run("hset", "k", "128", "v")
	b.encodingIs("k", "hashtable")
	b.run("hdel", "k", "128")
	b.encodingIs("k", "hashtable") // never back
	for _, long := range [][]string{{"hset", "l", strings.Repeat("f", 65), "v"}, {"hset", "l", "f", strings.Repeat("v", 65)}} {
		b.run("del", "l")
		b.run("hset", "l", strings.Repeat("f", 64), strings.Repeat("v", 64))
		b.encodingIs("l", "listpack")
		b.run(long...)
		b.encodingIs("l", "hashtable")
	}
}

func TestLimitsAreReplicated(t *testing.T) {
	b := newBench(t)
	before := b.s.Hash()
	b.steps(
		step{"setlimit hash-max-listpack-entries 2 list-max-listpack-size -5", "+OK|"},
		step{"setlimit set-max-intset-entries 7 hash-max-listpack-value -5", "-ERR syntax error|"},
		step{"setlimit hash-max-listpack-value x", "-ERR syntax error|"},
		step{"setlimit hash-max-listpack-value", "-ERR wrong number of arguments for 'setlimit' command|"},
		step{"setlimit maxmemory 5", "-ERR syntax error|"},
		step{"getlimits", "*11|:2|:64|:512|:128|:64|:128|:64|:-5|:4096|:100|:3000|"},
		step{"hset k a 1 b 2", ":2|"},
	)
	if b.s.Hash() == before {
		t.Error("the hash does not see limits")
	}
	b.encodingIs("k", "listpack")
	b.s = copyOf(t, b.s)
	b.run("hset", "k", "c", "3")
	b.encodingIs("k", "hashtable")
}

func TestRandomFields(t *testing.T) {
	b := newBench(t)
	b.steps(
		step{"hset k a 1", ":1|"},
		step{"hrandfield k", "$1|a|"},
		step{"hrandfield none", "$-1|"},
		step{"hrandfield none 5", "*0|"},
		step{"hrandfield k 0", "*0|"},
		step{"hrandfield k 5 withvalues", "*2|$1|a|$1|1|"},
		step{"hrandfield k -3", "*3|$1|a|$1|a|$1|a|"},
		step{"hrandfield k -2 withvalues", "*4|$1|a|$1|1|$1|a|$1|1|"},
		step{"hrandfield k 1 bad", "-ERR syntax error|"},
		step{"hrandfield k x", "-ERR value is not an integer or out of range|"},
		step{"hrandfield k -9223372036854775808", "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807|"},
		step{"hrandfield k 9223372036854775807 withvalues", "-ERR value is out of range|"},
		step{"hrandfield k -9223372036854775807", "-ERR value is out of range|"}, // Redis would answer until its memory ends
		step{"hrandfield k -4194305", "-ERR value is out of range|"},
	)
	b.w.SetProto(3)
	b.steps(
		step{"hrandfield k -2 withvalues", "*2|*2|$1|a|$1|1|*2|$1|a|$1|1|"},
		step{"hgetall k", "%1|$1|a|$1|1|"},
		step{"hgetall none", "%0|"},
		step{"hscan k 0", "*2|$1|0|*2|$1|a|$1|1|"},
	)
}

// Repeated picks of long elements are refused before they fill the memory.
func TestRandomReplyIsBounded(t *testing.T) {
	b := newBench(t)
	b.run("hset", "k", strings.Repeat("f", 16<<20), "v")
	if got := b.run("hrandfield", "k", "-40"); got != "-ERR value is out of range\r\n" {
		t.Errorf("%.60q of %d bytes", got, len(got))
	}
}
