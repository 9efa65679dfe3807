package keyspace

import (
	"fmt"
	"strings"
	"testing"

	"github.com/troupedb/troupe/slotmap"
)

// Commands of any number of keys find each of them, once, in the order in which they are named.
func TestManyKeysAreFound(t *testing.T) {
	for _, n := range []int{1, 2, AheadMax - 1, AheadMax, AheadMax + 1, 2 * AheadMax, 2*AheadMax + 1, 100} {
		b := newBench(t)
		var keys, pairs []string
		want := fmt.Sprintf("*%d|", n+1)
		for i := range n {
			key, val := fmt.Sprintf("{t}%d", i), fmt.Sprint("v", i)
			keys, pairs = append(keys, key), append(pairs, key, val)
			want += fmt.Sprintf("$%d|%s|", len(val), val)
		}
		keys = append(keys, keys[0]) // named twice
		want += "$2|v0|"
		for _, s := range []struct{ name, want string }{
			{"mset", "+OK|"}, {"mget", want}, {"exists", fmt.Sprintf(":%d|", n+1)}, {"touch", fmt.Sprintf(":%d|", n+1)},
			{"del", fmt.Sprintf(":%d|", n)}, {"exists", ":0|"}, {"msetnx", ":1|"}, {"msetnx", ":0|"}, {"unlink", fmt.Sprintf(":%d|", n)},
		} {
			args := keys
			if strings.HasPrefix(s.name, "mset") {
				args = pairs
			}
			if got := strings.ReplaceAll(b.run(append([]string{s.name}, args...)...), "\r\n", "|"); got != s.want {
				t.Errorf("%s of %d keys: %q, want %q", s.name, n, got, s.want)
			}
		}
		checkConsistent(t, b.s)
	}
}

// A key is looked up by what was computed of it ahead.
func TestKeysHaveTheirHashes(t *testing.T) {
	b := newBench(t)
	for _, nth := range []int{1, 2} {
		var args [][]byte
		for i := range nth * (2*AheadMax + 3) {
			args = append(args, []byte(fmt.Sprint(i)))
		}
		b.s.begin(&b.env)
		n := 0
		for i, key := range b.s.withAhead(args, nth) {
			k := b.s.call.key
			if i != n*nth || !k.is(args[i]) || k.hash != b.s.hash(key) || k.slot != slotmap.Slot(key) {
				t.Fatalf("argument %d, every %d: %s by %+v", i, nth, key, k)
			}
			n++
		}
		if n != 2*AheadMax+3 || b.s.call.key != nil {
			t.Errorf("%d keys, and then %v", n, b.s.call.key)
		}
	}
}

// What a command looked ahead for is not kept: the keys are part of an entry of the log. Nor is it if the command panics.
func TestLookingAheadKeepsNoKeys(t *testing.T) {
	b := newBench(t)
	args := []string{"del"}
	for i := range 2*AheadMax - 5 {
		args = append(args, fmt.Sprintf("{t}%d", i))
	}
	none := func(what string) {
		for i := range b.s.hashes {
			if b.s.hashes[i].key != nil {
				t.Errorf("%s keeps key %d", what, i)
			}
		}
	}
	b.run(args...)
	none("DEL")
	b.s.slots.set([]slotmap.Run{{Range: slotmap.Range{First: 0, Last: slotmap.Slot([]byte("{t}"))}}})
	for i := 0; b.s.serves(slotmap.Slot([]byte(args[20]))); i++ {
		args[20] = fmt.Sprint("other", i)
	}
	if got := b.run(args...); !strings.Contains(got, "CROSSSLOT") {
		t.Fatal(got)
	}
	none("DEL across slots")
}

// Keys that expire are deleted in order of their times, as many as are asked for.
func TestManyKeysExpireInOrder(t *testing.T) {
	b := newBench(t)
	const n = 3*AheadMax + 5
	for i := range n {
		b.run("set", fmt.Sprint("k", i), "v", "px", fmt.Sprint(1000+i))
	}
	b.env.Now += 1 << 20
	b.s.Listen(EventExpired)
	for from := 0; from < n; {
		most := min(AheadMax+3, n-from)
		if got := b.s.Tick(&b.env, AheadMax+3); got != most {
			t.Fatalf("%d keys are deleted, want %d", got, most)
		}
		for _, e := range b.s.TakeEvents() {
			if want := fmt.Sprint("k", from); e.Key != want {
				t.Fatalf("%s is deleted before %s", e.Key, want)
			}
			from++
		}
	}
	checkConsistent(t, b.s)
}

// What is touched of a small collection of any type is where its items are.
func TestItemsOfSmallCollections(t *testing.T) {
	b := newBench(t)
	for _, cmd := range []string{"hset h field value", "sadd s member", "zadd z 1 member", "rpush l element", "xadd x * field value"} {
		args := strings.Fields(cmd)
		b.run(args...)
		page := b.s.lookup([]byte(args[1])).e.object().tree().Root().Page()
		if want := args[len(args)-1]; !strings.Contains(string(page), want) {
			t.Errorf("%s: %q is not in %q", args[0], want, page)
		}
	}
}
