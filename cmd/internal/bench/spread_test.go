package bench

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/troupedb/troupe/cmd/internal/fakecluster"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/resp"
)

// Every test writes one command that Redis's parser takes, about keys of the slot that the number has.
func TestRequests(t *testing.T) {
	for _, test := range tests {
		var w resp.Writer
		key := test.appendKey(nil, 4711)
		test.request(&w, key, []byte("value"))
		r := resp.NewReader(resp.DefaultLimits())
		r.Feed(w.Bytes())
		var cmd resp.Command
		if ok, err := r.Next(&cmd); !ok || err != nil || r.Buffered() != 0 {
			t.Fatalf("%s: %v, %v: %q", test.Name, ok, err, w.Bytes())
		}
		want := slotmap.Slot(appendTag(nil, 4711))
		if name := strings.ToLower(string(cmd.Args[0])); name != test.Name || slotmap.Slot(cmd.Args[1]) != want {
			t.Errorf("%s writes %q", test.Name, cmd.Args)
		}
		if (test.reads != "") != (test.stock().request != nil) {
			t.Errorf("%s reads %q, which nothing writes", test.Name, test.reads)
		}
		if test.Name == "mset" && len(cmd.Args) != 1+2*msetKeys {
			t.Errorf("mset writes %q", cmd.Args)
		}
	}
	if _, err := ParseTest("no-such"); err == nil || !slices.Contains(TestNames(), "zadd") {
		t.Error(err, TestNames())
	}
}

func TestKeysBelongToTheNodeThatServesThem(t *testing.T) {
	server := func(slot uint16) string { return []string{"a", "b", "c"}[slot%3] }
	l := sorted(server, 1000)
	seen := map[uint32]bool{}
	for i, node := range l.nodes {
		for _, id := range l.keys[i] {
			if seen[id] || server(slotmap.Slot(appendTag(nil, id))) != node {
				t.Errorf("key %d at %s", id, node)
			}
			seen[id] = true
		}
	}
	if len(seen) != 1000 || len(l.nodes) != 3 {
		t.Errorf("%d keys on %d nodes", len(seen), len(l.nodes))
	}
}

func TestPartsAreTheWhole(t *testing.T) {
	keys := []uint32{1, 2, 3, 4, 5, 6, 7}
	for n := 1; n < 10; n++ {
		var all []uint32
		for k := range n {
			all = append(all, part(keys, k, n)...)
		}
		if !slices.Equal(all, keys) {
			t.Errorf("%d parts: %v", n, all)
		}
	}
}

func TestReplies(t *testing.T) {
	const stream = "+OK\r\n$5\r\nab\r\nc\r\n-ERR x\r\n:1\r\n$-1\r\n"
	for name, reader := range map[string]func(io.Reader) io.Reader{
		"at once": func(r io.Reader) io.Reader { return r }, "byte by byte": iotest.OneByteReader, "halves": iotest.HalfReader,
	} {
		conn, in, kinds := reader(strings.NewReader(stream)), replies{}, []resp.Kind(nil)
		for len(kinds) < 5 {
			if _, err := in.read(conn, 5-len(kinds), func(v resp.Value) { kinds = append(kinds, v.Kind) }); err != nil {
				t.Fatalf("%s: %v after %v", name, err, kinds)
			}
		}
		if want := []resp.Kind{resp.Simple, resp.Bulk, resp.Error, resp.Integer, resp.Null}; !slices.Equal(kinds, want) {
			t.Errorf("%s: %v", name, kinds)
		}
		if _, err := in.read(conn, 1, func(resp.Value) {}); !errors.Is(err, io.EOF) {
			t.Errorf("%s: at the end %v", name, err)
		}
	}
}

func TestALongReplyIsReadWhole(t *testing.T) {
	long := bytes.Repeat([]byte("x"), 1<<20)
	var w resp.Writer
	w.Bulk(long)
	in, got := replies{}, 0
	_, err := in.read(bytes.NewReader(w.Bytes()), 1, func(v resp.Value) { got = len(v.Str) })
	if err != nil || got != len(long) {
		t.Errorf("%d bytes, %v", got, err)
	}
}

// fake is a cluster in this process.
func fake(t *testing.T) []string {
	t.Helper()
	c, err := fakecluster.New(3, 6, fakecluster.Bugs{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c.Addrs()
}

func load(t *testing.T, name string) Load {
	t.Helper()
	test, err := ParseTest(name)
	if err != nil {
		t.Fatal(err)
	}
	return Load{Test: test, Clients: 5, Pipeline: 7, Value: 10, Keys: 1000, Length: 20 * time.Millisecond}
}

// Reads find every key, for they were written before.
func TestSpread(t *testing.T) {
	addrs, client := fake(t), &Spread{}
	for _, name := range []string{"get", "set", "incr"} {
		l := load(t, name)
		if err := client.Prepare(t.Context(), addrs, l); err != nil {
			t.Fatal(err)
		}
		o, err := client.Run(t.Context(), addrs, l)
		if err != nil || o.Failed != 0 || o.Done < int64(l.Clients*l.Pipeline) || o.Done%int64(l.Pipeline) != 0 {
			t.Errorf("%s: %+v, %v", name, o, err)
		}
		if o.P50 <= 0 || o.P99 < o.P50 || o.P999 < o.P99 || o.Elapsed <= 0 {
			t.Errorf("%s: %+v", name, o)
		}
	}
}

// A load with a rate asks for no more, however fast the answers come.
func TestALoadWithARate(t *testing.T) {
	l := load(t, "set")
	l.rate, l.Length = 14_000, 500*time.Millisecond // 1000 pipelines of 7
	o, err := drive(t.Context(), fake(t), l, false)
	if err != nil || o.Failed != 0 || o.Done == 0 || o.Done > 7000*5/4 {
		t.Errorf("%+v, %v", o, err)
	}
}

// What is late waits since it was due, what is sent in time since it was sent.
func TestLatencyCountsFromWhenItWasDue(t *testing.T) {
	due := time.Now().Add(-time.Second)
	if since := await(t.Context(), due); !since.Equal(due) {
		t.Errorf("%v late, waits since %v", time.Since(due), time.Since(since))
	}
	due = time.Now().Add(time.Millisecond)
	if since := await(t.Context(), due); since.Before(due) {
		t.Errorf("waits since %v before it was due", due.Sub(since))
	}
}

func TestReadsOfWhatIsNotThereFail(t *testing.T) {
	l := load(t, "get")
	o, err := drive(t.Context(), fake(t), l, false)
	if err != nil || o.Done != 0 || o.Failed == 0 || o.Failure != "no such key" {
		t.Errorf("%+v, %v", o, err)
	}
}

// A caller whose layout is wrong is told MOVED once, looks again, and is right from then on.
func TestACallerFollowsTheSlots(t *testing.T) {
	l := load(t, "set")
	l.Clients = 1
	a := &atlas{addrs: fake(t), keys: l.Keys}
	right, err := a.after(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	a.mu.now = &layout{nodes: right.nodes, keys: [][]uint32{right.keys[1], right.keys[2], right.keys[0]}}
	c := newCaller(l, 0, a, true)
	defer c.hangUp()
	if err := c.locate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.call(t.Context(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if c.failed != int64(l.Pipeline) || c.done != int64(len(c.keys)-l.Pipeline) || !strings.HasPrefix(c.failure, "MOVED ") {
		t.Errorf("%d done, %d failed (%s) of %d", c.done, c.failed, c.failure, len(c.keys))
	}
}

func TestALoadEndsWithItsContext(t *testing.T) {
	l := load(t, "set")
	l.Length = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	addrs, ended := fake(t), make(chan error)
	go func() {
		_, err := drive(ctx, addrs, l, false)
		ended <- err
	}()
	cancel()
	if err := <-ended; err == nil {
		t.Error("no error")
	}
}
