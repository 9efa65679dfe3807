package keyspace

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestStreamIDs(t *testing.T) {
	b := newBench(t)
	const small = "-ERR The ID specified in XADD is equal or smaller than the target stream top item|"
	b.steps(
		step{"xadd s 0-0 a 1", "-ERR The ID specified in XADD must be greater than 0-0|"}, step{"exists s", ":0|"},
		step{"xadd s 0-* a 1", "$3|0-1|"}, step{"xadd s 0-1 a 1", small}, step{"xadd s 5 a 1", "$3|5-0|"},
		step{"xadd s 5-* a 1", "$3|5-1|"}, step{"xadd s 4-* a 1", small},
		step{"xadd s 5-18446744073709551615 a 1", "$22|5-18446744073709551615|"}, step{"xadd s 5-* a 1", small},
		step{"xadd s * a 1", "$15|1700000000000-0|"}, step{"xadd s * a 1", "$15|1700000000000-1|"},
		step{"xadd s 1700000000009-7 a 1", "$15|1700000000009-7|"}, step{"xadd s * a 1", "$15|1700000000009-8|"},
		step{"xadd s 18446744073709551615-18446744073709551614 a 1", "$41|18446744073709551615-18446744073709551614|"},
		step{"xadd s * a 1", "$41|18446744073709551615-18446744073709551615|"},
		step{"xadd s * a 1", "-ERR The stream has exhausted the last possible ID, unable to add more items|"},
		step{"xadd none nomkstream * a 1", "$-1|"}, step{"exists none", ":0|"},
		step{"xadd s 9-9 a", "-ERR wrong number of arguments for 'xadd' command|"},
		step{"xrange s (5-1 5", "*1|*2|$22|5-18446744073709551615|*2|$1|a|$1|1|"},
		step{"xrange s (18446744073709551615-18446744073709551615 +", "-ERR invalid start ID for the interval|"},
		step{"xrange s - (0-0", "-ERR invalid end ID for the interval|"},
		step{"xrevrange s + - count 0", "*-1|"}, step{"xlen s", ":10|"}, step{"type s", "+stream|"},
	)
	checkConsistent(t, b.s)
}

func TestStreamMayBeEmpty(t *testing.T) {
	b := newBench(t)
	b.steps(
		step{"xadd s 1 a 1", "$3|1-0|"}, step{"xdel s 1 1 2", ":1|"}, step{"xlen s", ":0|"}, step{"exists s", ":1|"},
		step{"xadd s 1 a 1", "-ERR The ID specified in XADD is equal or smaller than the target stream top item|"},
		step{"xread streams s 0", "*-1|"}, step{"object encoding s", "$6|stream|"},
	)
	sameState(t, copyOf(t, b.s), b.s)
}

// An entry of one millisecond after another waits for nothing, and knows no clock.
func TestStreamReadsThatWait(t *testing.T) {
	b := newBench(t)
	if _, id := b.wait("xread", "block", "0", "streams", "{s}1", "{s}2", "$", "5"); id == 0 {
		t.Fatal("does not wait")
	}
	b.steps(step{"xgroup create {s}1 g $ mkstream", "+OK|"})
	if _, id := b.wait("xreadgroup", "group", "g", "ann", "block", "9", "streams", "{s}1", ">"); id == 0 {
		t.Fatal("does not wait")
	}
	b.run("xadd", "{s}2", "5", "a", "1") // not behind 5
	if served := b.s.TakeServed(); len(served) > 0 {
		t.Fatalf("served %q", served[0].Reply)
	}
	b.run("xadd", "{s}1", "7", "a", "1")
	want := crlf("*1|*2|$4|{s}1|*1|*2|$3|7-0|*2|$1|a|$1|1|")
	served := b.s.TakeServed()
	if len(served) != 2 || string(served[0].Reply) != want || string(served[1].Reply) != want {
		t.Fatalf("served %v", served)
	}
	b.steps(step{"xpending {s}1 g", "*4|:1|$3|7-0|$3|7-0|*1|*2|$3|ann|$1|1|"})
	for _, end := range []string{"del {s}1", "set {s}1 x", "xgroup destroy {s}1 g"} {
		b.run("del", "{s}1")
		b.run("xgroup", "create", "{s}1", "g", "$", "mkstream")
		b.wait("xreadgroup", "group", "g", "ann", "block", "0", "streams", "{s}1", ">")
		b.run(words(end)...)
		served := b.s.TakeServed()
		if len(served) != 1 || !strings.HasPrefix(string(served[0].Reply), "-NOGROUP") && served[0].Reply[0] != '-' {
			t.Errorf("%s: served %v", end, served)
		}
	}
	if reply, id := b.wait("xreadgroup", "group", "g", "ann", "block", "0", "streams", "{s}2", ">"); id != 0 {
		t.Errorf("waits for no group: %q", reply)
	}
	checkConsistent(t, b.s)
}

// Who waits is a consumer from then on, and is looked at again only when there may be something for it.
func TestConsumerThatWaits(t *testing.T) {
	b := newBench(t)
	b.run("xgroup", "create", "s", "g", "$", "mkstream")
	b.wait("xreadgroup", "group", "g", "ann", "block", "0", "streams", "s", ">")
	b.env.Now += 5
	b.wait("xreadgroup", "group", "g", "bob", "block", "0", "streams", "s", ">")
	b.steps(step{"xinfo consumers s g", "*2|*8|$4|name|$3|ann|$7|pending|:0|$4|idle|:5|$8|inactive|:-1|" +
		"*8|$4|name|$3|bob|$7|pending|:0|$4|idle|:0|$8|inactive|:-1|"})
	if all, gone := b.s.BlockingKeys(); all != 1 || gone != 1 {
		t.Errorf("%d keys are waited for, %d of them to be deleted", all, gone)
	}
	b.run("del", "s")
	if all, gone := b.s.BlockingKeys(); all != 0 || gone != 0 || len(b.s.TakeServed()) != 2 {
		t.Errorf("%d keys are waited for, %d of them to be deleted", all, gone)
	}
	sameState(t, copyOf(t, b.s), b.s)
}

func TestStreamConsumers(t *testing.T) {
	b := newBench(t)
	for i := range 6 {
		b.run("xadd", "s", fmt.Sprint(i+1), "f", fmt.Sprint(i))
	}
	b.run("xgroup", "create", "s", "g", "0")
	b.run("xreadgroup", "group", "g", "ann", "count", "4", "streams", "s", ">")
	b.run("xdel", "s", "2")
	b.env.Now += 500
	b.steps(
		step{"xreadgroup group g ann count 2 streams s 0", "*1|*2|$1|s|*2|*2|$3|1-0|*2|$1|f|$1|0|*2|$3|2-0|*-1|"},
		step{"xpending s g - + 10", "*4|*4|$3|1-0|$3|ann|:0|:2|*4|$3|2-0|$3|ann|:500|:1|*4|$3|3-0|$3|ann|:500|:1|*4|$3|4-0|$3|ann|:500|:1|"},
		step{"xpending s g idle 500 - + 10", "*3|*4|$3|2-0|$3|ann|:500|:1|*4|$3|3-0|$3|ann|:500|:1|*4|$3|4-0|$3|ann|:500|:1|"},
		step{"xautoclaim s g bob 500 - count 2 justid", "*3|$3|4-0|*1|$3|3-0|*1|$3|2-0|"},
		step{"xclaim s g bob 0 1 5 justid", "*1|$3|1-0|"}, step{"xclaim s g bob 0 5 force retrycount 7 justid", "*1|$3|5-0|"},
		step{"xpending s g", "*4|:4|$3|1-0|$3|5-0|*2|*2|$3|ann|$1|1|*2|$3|bob|$1|3|"},
		step{"xack s g 1 2 3", ":2|"}, step{"xpending s g - + 10 bob", "*1|*4|$3|5-0|$3|bob|:0|:7|"},
		step{"xgroup delconsumer s g bob", ":1|"}, step{"xpending s g - + 10 bob", "*0|"},
		step{"xinfo groups s", "*1|*12|$4|name|$1|g|$9|consumers|:1|$7|pending|:1|$17|last-delivered-id|$3|4-0|$12|entries-read|:4|$3|lag|:2|"},
		step{"xgroup destroy s g", ":1|"}, step{"xgroup destroy s g", ":0|"},
	)
	st := b.s.lookup([]byte("s")).e.object().(*streamObject)
	if n := st.groups.Len() + st.consumers.Len() + st.names.Len() + st.pending.Len() + st.owned.Len(); n > 0 {
		t.Errorf("%d items are left", n)
	}
}

// Names of any bytes are told apart, and are in order.
func TestStreamNames(t *testing.T) {
	b := newBench(t)
	names := []string{"", "\x00", "\x00\x00", "\x00\xff", "\x01", "a", "a\x00", "a\x00b", "aa"}
	for i := range names {
		b.run("xgroup", "create", "s", names[(i*4+3)%len(names)], "0", "mkstream")
	}
	st := b.s.lookup([]byte("s")).e.object().(*streamObject)
	i := 0
	for g := range st.groupsAll() {
		if string(g.name) != names[i] {
			t.Errorf("group %d is %q, want %q", i, g.name, names[i])
		}
		if st.group([]byte(names[i])) == nil {
			t.Errorf("%q is not found", names[i])
		}
		i++
	}
}

// Approximate trimming takes whole nodes only, as they came to be.
func TestStreamTrimsNodes(t *testing.T) {
	b := newBench(t)
	b.run("setlimit", "stream-node-max-entries", "10")
	for i := range 55 {
		b.run("xadd", "s", fmt.Sprint(i+1), "f", "v")
	}
	b.steps(
		step{"xtrim s maxlen ~ 46", ":0|"}, step{"xtrim s maxlen ~ 45", ":10|"}, step{"xdel s 12 13 14", ":3|"},
		step{"xtrim s minid ~ 21", ":7|"}, step{"xtrim s minid ~ 30-5", ":10|"}, step{"xtrim s minid ~ 40", ":0|"},
		step{"xtrim s maxlen ~ 0 limit 14", ":10|"}, step{"xtrim s maxlen 3", ":12|"},
		step{"xrange s - + count 1", "*1|*2|$4|53-0|*2|$1|f|$1|v|"}, step{"xlen s", ":3|"},
		step{"xadd s maxlen = 1 99 f v", "$4|99-0|"}, step{"xlen s", ":1|"},
		step{"xtrim s maxlen 5 limit 5", "-ERR syntax error, LIMIT cannot be used without the special ~ option|"},
	)
	checkConsistent(t, b.s)
}

// checkStream checks that the trees of a stream agree.
func checkStream(t testing.TB, st *streamObject) {
	live := 0
	for item := range st.nodes.Forward(0) {
		n := readNode(item)
		from, to := st.entriesOf(idRange{n.master, n.last})
		if live += n.live; to-from != n.live {
			t.Fatalf("node %v of %d entries has %d", n.master, n.live, to-from)
		}
	}
	if live != st.entries.Len() || st.last.less(st.top()) {
		t.Fatalf("%d entries in nodes, of %d; top %v, last %v", live, st.entries.Len(), st.top(), st.last)
	}
	if st.pending.Len() != st.owned.Len() || st.consumers.Len() != st.names.Len() {
		t.Fatalf("%d pending, %d owned, %d consumers, %d names", st.pending.Len(), st.owned.Len(), st.consumers.Len(), st.names.Len())
	}
	for item := range st.pending.Forward(0) {
		d := readDelivery(item)
		if _, owned := itemOf(&st.owned, d.ownedKey()); owned == nil || st.nameOf(d.consumer) == nil {
			t.Fatalf("delivery of %v to nobody", d.id)
		}
	}
}

func TestStreamsStayConsistent(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		g := &gen{Rand: rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 4)), only: (*gen).streamCommand}
		b := newBench(t)
		b.run("setlimit", "stream-node-max-entries", "5")
		for range rapid.IntRange(1, 300).Draw(rt, "commands") {
			b.env.Now += int64(g.IntN(50))
			b.ask(g.command()...)
		}
		checkConsistent(t, b.s)
		for i := range 3 {
			if e := b.s.lookup(fmt.Appendf(nil, "{t}s%d", i)).e; e != nil {
				checkStream(t, e.object().(*streamObject))
			}
		}
		sameState(t, copyOf(t, b.s), b.s)
	})
}

// The order of short ids is that of ids, and each is read as it was written.
func TestShortIDs(t *testing.T) {
	var ids []streamID
	for _, ms := range []uint64{0, 1, 255, 256, 65535, 1_700_000_000_000, math.MaxUint64} {
		for _, seq := range []uint64{0, 1, 255, 256, math.MaxUint64} {
			ids = append(ids, streamID{ms, seq})
		}
	}
	var before []byte
	for _, id := range ids {
		b := append(appendShortID(nil, id), "rest"...)
		if got, rest := cutShortID(b); got != id || string(rest) != "rest" {
			t.Errorf("%v is read as %v, %q", id, got, rest)
		}
		if bytes.Compare(before, b) >= 0 {
			t.Errorf("%v is not behind the one before it", id)
		}
		before = b
	}
}
