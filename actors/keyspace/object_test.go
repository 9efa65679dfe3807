package keyspace

import (
	"fmt"
	"strconv"
	"testing"
)

func TestWrongType(t *testing.T) {
	b := newBench(t)
	b.run("hset", "{k}", "f", "v")
	before := b.s.Hash()
	for _, cmd := range []string{"get {k}", "set {k} v get", "getset {k} v", "getdel {k}", "getex {k}", "getex {k} ex 5",
		"append {k} v", "strlen {k}", "getrange {k} 0 1", "setrange {k} 0 v", "incr {k}", "incrbyfloat {k} 1"} {
		if got := b.run(words(cmd)...); got != "-"+errWrongType+"\r\n" {
			t.Errorf("%s: %q", cmd, got)
		}
	}
	b.steps(
		step{"mget {k} {k}2", "*2|$-1|$-1|"},
		step{"lcs {k} {k}2", "-ERR The specified keys must contain string values|"},
	)
	if b.s.Hash() != before {
		t.Error("a refused command changed something")
	}
}

// collections makes a small and a large collection of every type; the lists of
// commands are of the types' own tests.
var collections = map[string]func(b *bench, key string, n int){
	"hash": func(b *bench, key string, n int) {
		for i := range n {
			b.exec("hset", key, "field:"+strconv.Itoa(i), "value:"+strconv.Itoa(i*i))
		}
	},
	"list": func(b *bench, key string, n int) {
		for i := range n {
			b.exec("rpush", key, "element:"+strconv.Itoa(i))
		}
	},
	"set": func(b *bench, key string, n int) {
		for i := range n {
			b.exec("sadd", key, "member:"+strconv.Itoa(i))
		}
	},
	"stream": func(b *bench, key string, n int) {
		b.exec("xgroup", "create", key, "g", "0", "mkstream")
		for i := range n {
			b.exec("xadd", key, "*", "field", "value:"+strconv.Itoa(i), "n"+strconv.Itoa(i/200), "v")
		}
		for _, name := range []string{"ann", "bob"} {
			b.exec("xreadgroup", "group", "g", name, "count", strconv.Itoa(max(1, n/3)), "streams", key, ">") // 0 would be all
		}
	},
	"zset": func(b *bench, key string, n int) {
		for i := range n {
			b.exec("zadd", key, strconv.Itoa(i*7919%1000), "member:"+strconv.Itoa(i))
		}
	},
}

func TestCollectionsGenerically(t *testing.T) {
	for name, fill := range collections {
		for _, n := range []int{1, 5, 1000, 5000} {
			b := newBench(t)
			fill(b, "{k}1", n)
			b.steps(
				step{"type {k}1", "+" + name + "|"},
				step{"object refcount {k}1", ":1|"},
				step{"scan 0 type " + name + " count 100000", "*2|$1|0|*1|$4|{k}1|"},
				step{"copy {k}1 {k}2", ":1|"},
				step{"copy {k}1 {k}4", ":1|"},
				step{"rename {k}1 {k}3", "+OK|"},
				step{"expire {k}3 10", ":1|"},
				step{"set {k}2 v", "+OK|"}, // overwrites any type
				step{"type {k}2", "+string|"},
			)
			checkConsistent(t, b.s)
			sameState(t, copyOf(t, b.s), b.s)
			before := content(b, "{k}3")
			fill(b, "{k}4", n+1) // what is shared with {k}3 stays
			if content(b, "{k}3") != before {
				t.Errorf("a change of a copy of %d items changed the original", n)
			}
			if content(b, "{k}4") == before {
				t.Errorf("a copy of %d items is not changed", n)
			}
		}
	}
}

// content is all that a snapshot has of a key's value.
func content(b *bench, key string) string {
	e := b.s.lookup([]byte(key)).e
	var all []byte
	for item := range e.object().walk(0) {
		all = fmt.Appendf(all, "%q ", item)
	}
	return string(all)
}

// A snapshot of a large collection is the state at its beginning, in records of
// bounded length, though the collection is changed, deleted and made anew.
func TestSnapshotOfALargeCollectionThatChanges(t *testing.T) {
	for _, fill := range collections {
		b := newBench(t)
		for _, key := range []string{"{k}1", "{k}2", "{k}3"} {
			fill(b, key, 20_000)
		}
		b.run("expire", "{k}2", "100")
		want := copyOf(t, b.s)
		n := b.s.BeginSnapshot(b.env.Index)
		var blocks [][]byte
		for done, round := false, 0; !done; round++ {
			var block []byte
			if block, done = n.Next(nil, 100_000); len(block) > 100_000 {
				t.Fatalf("block of %d bytes", len(block))
			}
			blocks = append(blocks, block)
			switch round {
			case 1:
				fill(b, "{k}1", 20_100)
			case 2:
				b.run("del", "{k}2")
				fill(b, "{k}2", 10)
			case 3:
				b.run("flushall")
				fill(b, "{k}1", 10)
			}
		}
		sameState(t, restoreAll(t, blocks), want)
	}
}
