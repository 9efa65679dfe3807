package keyspace

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func (b *bench) encodingOf(key string) string {
	return strings.Split(b.run("object", "encoding", key), "\r\n")[1]
}

// Sizes of listpack elements as Redis 7.2 lays them out: head, data, length for the way back.
func TestPackedSizes(t *testing.T) {
	sizes := map[string]int64{
		"": 2, "0": 2, "127": 2, "128": 3, "-1": 3, "4095": 3, "-4096": 3, "4096": 4, "32767": 4, "-32769": 5,
		"8388607": 5, "8388608": 6, "2147483648": 10, "-9223372036854775808": 10, "01": 4, "a": 3,
		strings.Repeat("a", 63): 65, strings.Repeat("a", 64): 67, strings.Repeat("a", 125): 128,
		strings.Repeat("a", 126): 130, strings.Repeat("a", 4095): 4099, strings.Repeat("a", 4096): 4103,
	}
	for element, want := range sizes {
		if got := packedSize([]byte(element)); got != want {
			t.Errorf("%.30q of %d bytes: %d, want %d", element, len(element), got, want)
		}
	}
}

func TestListEncoding(t *testing.T) {
	b := newBench(t)
	half := strings.Repeat("a", 4085) // takes 4089 of 8192 bytes
	b.run("rpush", "k", half)
	b.run("rpush", "k", half)
	if got := b.encodingOf("k"); got != "listpack" {
		t.Errorf("8185 bytes are a %s", got)
	}
	b.run("rpush", "k", "12345678") // counts as its text
	if got := b.encodingOf("k"); got != "quicklist" {
		t.Errorf("more than 8192 bytes are a %s", got)
	}
	b.run("rpop", "k")
	if got := b.encodingOf("k"); got != "quicklist" {
		t.Errorf("a list that became a little smaller is a %s", got)
	}
	b.run("lpop", "k")
	if got := b.encodingOf("k"); got != "listpack" {
		t.Errorf("a list of half the size is a %s", got)
	}
	b.run("lset", "k", "0", strings.Repeat("a", 8200))
	if got := b.encodingOf("k"); got != "quicklist" {
		t.Errorf("a long element is in a %s", got)
	}
}

func TestListEncodingByCount(t *testing.T) {
	b := newBench(t)
	b.run("setlimit", "list-max-listpack-size", "4")
	for _, s := range []struct{ cmd, want string }{
		{"rpush k 1 2 3 4", "listpack"}, {"linsert k before 1 0", "quicklist"}, {"ltrim k 0 2", "quicklist"},
		{"lrem k 0 1", "listpack"}, {"lpush k a b c", "quicklist"}, {"copy k {k}2", "quicklist"},
	} {
		b.run(words(s.cmd)...)
		if got := b.encodingOf("k"); got != s.want {
			t.Errorf("%s: %s", s.cmd, got)
		}
	}
	sameState(t, copyOf(t, b.s), b.s)
}

func TestListCommands(t *testing.T) {
	newBench(t).steps(
		step{"rpush k a b c d", ":4|"},
		step{"lpush k y x", ":6|"},
		step{"lpushx {k}n x", ":0|"},
		step{"lindex k -6", "$1|x|"},
		step{"lindex k 6", "$-1|"},
		step{"lindex {k}n nan", "$-1|"}, // the key is looked at first
		step{"lrange k -2 100", "*2|$1|c|$1|d|"},
		step{"lrange k 5 1", "*0|"},
		step{"linsert k after b b2", ":7|"},
		step{"linsert k after nope z", ":-1|"},
		step{"lset k 0 X", "+OK|"},
		step{"lset k 7 X", "-ERR index out of range|"},
		step{"lset {k}n 0 X", "-ERR no such key|"},
		step{"lmove k {k}2 left right", "$1|X|"},
		step{"lmove k k right left", "$1|d|"},
		step{"lrange k 0 -1", "*6|$1|d|$1|y|$1|a|$1|b|$2|b2|$1|c|"},
		step{"lpop k 2", "*2|$1|d|$1|y|"},
		step{"rpop k 2", "*2|$1|c|$2|b2|"},
		step{"rpop k 0", "*0|"},
		step{"rpop {k}n 0", "*-1|"},
		step{"rpop k -1", "-ERR value is out of range, must be positive|"},
		step{"lmpop 2 {k}n k right count 10", "*2|$1|k|*2|$1|b|$1|a|"},
		step{"exists k", ":0|"},
		step{"rpush k 1 2 1 1 2 1", ":6|"},
		step{"lpos k 1 rank 2", ":2|"},
		step{"lpos k 1 rank -1 count 2", "*2|:5|:3|"},
		step{"lpos k 1 count 0 maxlen 3", "*2|:0|:2|"},
		step{"lpos k 3", "$-1|"},
		step{"lrem k -3 1", ":3|"},
		step{"lrange k 0 -1", "*3|$1|1|$1|2|$1|2|"},
		step{"ltrim k 5 10", "+OK|"},
		step{"exists k", ":0|"},
	)
}

// listModel is a list as simple as it can be.
type listModel []string

func (m *listModel) draw(t *rapid.T) (cmd []string, want string) {
	element := rapid.SampledFrom([]string{"a", "b", "", "1", strings.Repeat("x", 700)}).Draw(t, "element")
	i := rapid.IntRange(-8, 8).Draw(t, "i")
	n := len(*m)
	at := i
	if at < 0 {
		at += n
	}
	there := 0 <= at && at < n
	switch rapid.IntRange(0, 7).Draw(t, "command") {
	case 0, 1:
		*m = append(*m, element, "z")
		return []string{"rpush", "k", element, "z"}, integer(int64(n + 2))
	case 2:
		*m = slices.Insert(*m, 0, "z", element)
		return []string{"lpush", "k", element, "z"}, integer(int64(n + 2))
	case 3:
		if n == 0 {
			return []string{"lpop", "k"}, null
		}
		first := (*m)[0]
		*m = (*m)[1:]
		return []string{"lpop", "k"}, bulk(first)
	case 4:
		if want = null; there {
			want = bulk((*m)[at])
		}
		return []string{"lindex", "k", strconv.Itoa(i)}, want
	case 5:
		if want = "-ERR index out of range\r\n"; there {
			want, (*m)[at] = ok, element
		} else if n == 0 {
			want = "-" + errNoKey + "\r\n"
		}
		return []string{"lset", "k", strconv.Itoa(i), element}, want
	case 6:
		*m = slices.DeleteFunc(*m, func(s string) bool { return s == element })
		return []string{"lrem", "k", "0", element}, integer(int64(n - len(*m)))
	}
	if n == 0 {
		return []string{"rpoplpush", "k", "k"}, null
	}
	last := (*m)[n-1]
	*m = slices.Insert((*m)[:n-1], 0, last)
	return []string{"rpoplpush", "k", "k"}, bulk(last)
}

func TestListAgainstModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b, m := newBench(t), listModel{}
		for range rapid.IntRange(1, 200).Draw(rt, "commands") {
			cmd, want := m.draw(rt)
			if got := b.run(cmd...); got != want {
				rt.Fatalf("%.80q: got %.80q, want %.80q", cmd, got, want)
			}
		}
		all := fmt.Sprintf("*%d\r\n", len(m))
		for _, s := range m {
			all += bulk(s)
		}
		if got := b.run("lrange", "k", "0", "-1"); got != all {
			rt.Fatalf("got %.200q, want %.200q", got, all)
		}
		if e := b.s.lookup([]byte("k")).e; e != nil {
			l := e.object().(*listObject)
			if sum := sumPacked(l.t.Forward(0), l.len()); l.packed != sum {
				rt.Fatalf("%d bytes in a listpack, counted %d", sum, l.packed)
			}
		}
		checkConsistent(t, b.s)
		sameState(t, copyOf(t, b.s), b.s)
	})
}

// The ends and the middle of a million elements are found by steps down a tree, and a snapshot shares them.
func TestHugeList(t *testing.T) {
	b := newBench(t)
	many := []string{"rpush", "k"}
	for i := range 1000 {
		many = append(many, "element:"+strconv.Itoa(i))
	}
	for range 1000 {
		b.exec(many...)
	}
	b.steps(
		step{"llen k", ":1000000|"},
		step{"lindex k 500500", "$11|element:500|"},
		step{"lset k 500500 x", "+OK|"},
		step{"copy k {k}2", ":1|"},
		step{"ltrim k 10 -11", "+OK|"},
		step{"lindex k 0", "$10|element:10|"},
		step{"lindex k -1", "$11|element:989|"},
		step{"lrem k 0 x", ":1|"},
		step{"llen k", ":999979|"},
		step{"llen {k}2", ":1000000|"},
		step{"del k", ":1|"},
	)
}
