package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/troupedb/troupe/cmd/internal/cluster"
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
	l := sorted(server, upTo(1000))
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

// What the servers are late counts, what this program is late does not.
func TestLatencyCountsFromWhenItWasDue(t *testing.T) {
	due := time.Now()
	for _, tc := range []struct{ late, lag, want time.Duration }{
		{0, 0, 0},
		{time.Millisecond, time.Millisecond, time.Millisecond}, // slept too long
		{time.Second, 0, 0}, // not answered in time
		{time.Second, time.Millisecond, time.Millisecond},      // both
		{time.Microsecond, time.Millisecond, time.Microsecond}, // slept too long before, and answered soon
	} {
		if got := waitsSince(due, due.Add(tc.late), tc.lag).Sub(due); got != tc.want {
			t.Errorf("%v late, with a lag of %v: waits since %v, want %v", tc.late, tc.lag, got, tc.want)
		}
	}
}

// stalls answers requests, one a pipeline, but the n-th only after some time.
func stalls(t *testing.T, n int, pause time.Duration) net.Conn {
	client, server := net.Pipe()
	t.Cleanup(func() { client.Close() })
	go func() {
		defer server.Close()
		b := make([]byte, 64<<10)
		for i := 0; ; i++ {
			if _, err := server.Read(b); err != nil {
				return
			}
			if i == n {
				<-time.After(pause)
			}
			if _, err := server.Write([]byte("+OK\r\n")); err != nil {
				return
			}
		}
	}()
	return client
}

// paced gives a load of a request a millisecond, on average, to a server that stalls, in a time of its own. late are
// those requests that waited for a millisecond or longer.
func paced(t *testing.T, length, pause time.Duration) (c *caller, late []time.Duration) {
	t.Helper()
	l := load(t, "set")
	l.Clients, l.Pipeline, l.rate, l.Length = 1, 1, 1000, length
	synctest.Test(t, func(t *testing.T) {
		c = newCaller(l, 0, nil, false)
		c.conn, c.keys = stalls(t, 10, pause), []uint32{1, 2, 3}
		began := time.Now()
		if err := c.call(t.Context(), began.Add(length)); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > max(length, pause)+length {
			t.Errorf("it took %v", took)
		}
		c.hangUp()
	})
	for _, b := range c.times.Distribution() {
		for range b.Count {
			if b.To > 1000 {
				late = append(late, time.Duration(b.To)*time.Microsecond)
			}
		}
	}
	return c, late
}

// A load with a rate asks for so much, however fast the answers come.
func TestALoadWithARate(t *testing.T) {
	c, late := paced(t, 10*time.Second, 0)
	if c.failed != 0 || c.done < 9700 || c.done > 10300 || len(late) > 0 {
		t.Errorf("%d done of some 10000, %d failed (%s), %d late", c.done, c.failed, c.failure, len(late))
	}
}

// All that is due while a server does not answer waits for it, and is sent after all.
func TestAStallIsSeenByAllThatWasDue(t *testing.T) {
	c, late := paced(t, 4*time.Second, 2*time.Second)
	if c.failed != 0 || c.done < 3800 || c.done > 4200 {
		t.Errorf("%d done of some 4000, %d failed (%s)", c.done, c.failed, c.failure)
	}
	if n := len(late); n < 1900 || n > 2100 || late[n/2] < 900*time.Millisecond || late[n/2] > 1100*time.Millisecond || late[n-1] < 2*time.Second {
		t.Errorf("%d waited, want some 2000, for a second in the middle, and 2 s at most", n)
	}
}

// What cannot be sent for long has failed, late.
func TestWhatIsNotSentFails(t *testing.T) {
	c, late := paced(t, time.Second, 4*time.Second)
	if n := c.done + c.failed; n < 900 || n > 1100 || c.done != 11 || !strings.HasPrefix(c.failure, "not sent") {
		t.Errorf("%d done, %d failed (%s) of some 1000", c.done, c.failed, c.failure)
	}
	if len(late) != int(c.failed)+1 || late[0] < 3*time.Second {
		t.Errorf("%d waited, %v at least, of %d that were not sent", len(late), late[0], c.failed)
	}
}

// rates is a client that notes the rates of loads, and how many requests were done at most.
type rates struct {
	Client
	most  int64
	given []float64
}

func (r *rates) Run(_ context.Context, _ []string, l Load) (Outcome, error) {
	r.given = append(r.given, l.rate)
	return Outcome{Done: r.most, Elapsed: 2 * time.Second, Failed: 1, Failure: "why"}, nil
}

// A load of so many percent is given once more, at that rate.
func TestPercentOfARate(t *testing.T) {
	for _, tc := range []struct {
		percent int
		most    int64
		want    string
	}{{0, 500, "[0]"}, {20, 500, "[0 50]"}, {20, 0, "[0]"}} {
		client := &rates{most: tc.most}
		r := &runner{clusters: []*cluster.Cluster{{}}, clients: []Client{client}, fronts: []*plainHTTP{nil}}
		_, err := r.sample(t.Context(), 0, Load{Percent: tc.percent})
		if got := fmt.Sprint(client.given); got != tc.want || (err != nil) != (tc.most == 0) {
			t.Errorf("%d %%: given at %s, %v", tc.percent, got, err)
		}
	}
}

// The node that is to be asked for all is asked for those keys too that others serve.
func TestOneNodeIsAskedForAll(t *testing.T) {
	addrs, l := fake(t), load(t, "set")
	asked := 0
	s := &Spread{all: func(_ context.Context, known []string) (string, error) {
		asked++
		return known[2], nil
	}}
	now, err := s.atlas(addrs, l).learn(t.Context())
	if err != nil || asked != 1 || !slices.Equal(now.nodes, addrs[2:3]) || len(now.keys[0]) != l.Keys {
		t.Errorf("asked %d times: %+v, %v", asked, now, err)
	}
	s.all = func(context.Context, []string) (string, error) { return "", errors.New("nobody") }
	if _, err := s.Run(t.Context(), addrs, l); err == nil {
		t.Error("a load without anybody to ask")
	}
}

// The leader is who says so; what does not answer, or is no RedisRaft, is passed over.
func TestRaftLeader(t *testing.T) {
	role := func(role string) string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				go tellRole(conn, role)
			}
		}()
		return l.Addr().String()
	}
	follower, leader := role("follower"), role("leader")
	if got, err := raftLeader(t.Context(), []string{fake(t)[0], follower, leader}); got != leader {
		t.Errorf("%s, %v; want %s", got, err, leader)
	}
	if got, err := cluster.RaftLeader(t.Context(), []string{follower}); err == nil {
		t.Errorf("%s leads", got)
	}
}

func tellRole(conn net.Conn, role string) {
	defer conn.Close()
	for in := bufio.NewReader(conn); ; {
		cmd, err := fakecluster.ReadCommand(in)
		if err != nil {
			return
		}
		answer := "-ERR unknown command\r\n"
		if strings.EqualFold(strings.Join(cmd, " "), "info raft") {
			text := "# raft_general\r\nraft_role:" + role + "\r\nraft_is_voting:yes\r\n"
			answer = fmt.Sprintf("$%d\r\n%s\r\n", len(text), text)
		}
		if _, err := io.WriteString(conn, answer); err != nil {
			return
		}
	}
}

func TestReadsOfWhatIsNotThereFail(t *testing.T) {
	l := load(t, "get")
	o, err := (&Spread{}).Run(t.Context(), fake(t), l)
	if err != nil || o.Done != 0 || o.Failed == 0 || o.Failure != "no such key" {
		t.Errorf("%+v, %v", o, err)
	}
}

// shifted is an atlas that is wrong about every key of a cluster, until it is looked up again.
func shifted(t *testing.T, keys int) *atlas {
	t.Helper()
	a := &atlas{addrs: fake(t), keys: upTo(keys)}
	right, err := a.after(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	a.mu.now = &layout{nodes: right.nodes, keys: [][]uint32{right.keys[1], right.keys[2], right.keys[0]}}
	return a
}

// A caller whose layout is wrong is told MOVED once, looks again, and is right from then on.
func TestACallerFollowsTheSlots(t *testing.T) {
	l := load(t, "set")
	l.Clients = 1
	c := newCaller(l, 0, shifted(t, l.Keys), false)
	defer c.hangUp()
	if err := c.locate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 3 { // a pipeline each, for the time is up
		if err := c.call(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if c.failed != int64(l.Pipeline) || c.done != int64(2*l.Pipeline) || !strings.HasPrefix(c.failure, "MOVED ") || c.missed != nil {
		t.Errorf("%d done, %d failed (%s), %v missed", c.done, c.failed, c.failure, c.missed)
	}
}

// Keys that were asked of the wrong node are asked again, and no others.
func TestAllKeysAreFilledThoughSlotsMove(t *testing.T) {
	l := load(t, "get")
	a := shifted(t, l.Keys)
	keys := a.mu.now.keys
	keys[0], keys[2] = keys[2], keys[0] // the first node's are right now
	once := l
	once.Test, once.Clients, once.Length = l.Test.stock(), fillClients, time.Hour
	o, err := driveBy(t.Context(), a, once, true)
	wrong := slices.Sorted(slices.Values(slices.Concat(keys[1], keys[2])))
	if err != nil || o.Done != int64(len(keys[0])) || !slices.Equal(slices.Sorted(slices.Values(o.missed)), wrong) {
		t.Fatalf("%+v, %v", o, err)
	}
	if err := a.fill(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	if o, err = (&Spread{}).Run(t.Context(), a.addrs, l); err != nil || o.Failed != 0 || o.Done == 0 {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestALoadEndsWithItsContext(t *testing.T) {
	l := load(t, "set")
	l.Length = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	addrs, ended := fake(t), make(chan error)
	go func() {
		_, err := (&Spread{}).Run(ctx, addrs, l)
		ended <- err
	}()
	cancel()
	if err := <-ended; err == nil {
		t.Error("no error")
	}
}
