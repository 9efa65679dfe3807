package actors

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/troupedb/troupe/actors/clock"
	"github.com/troupedb/troupe/actors/raftlog"
	"github.com/troupedb/troupe/gossip"
	"github.com/troupedb/troupe/slotmap"
)

// keeper is a timekeeper whose wall clock is off, beside two others that are right.
func keeper(off *int64) (k *timekeeper, look func(heard int)) {
	w := realWorld()
	k = newTimekeeper(func() int64 { return w.Wall() + *off }, w.Mono)
	others := map[slotmap.NodeID]bool{{1}: true, {2}: true}
	return k, func(heard int) {
		var shown []gossip.Clock
		for i := range heard {
			shown = append(shown, gossip.Clock{Node: slotmap.NodeID{byte(i + 1)}, Wall: w.Wall(), Mono: w.Mono()})
		}
		k.judge(shown, others)
	}
}

// ask counts how often the keeper has to look until others have to be told, up to a limit.
func ask(k *timekeeper, look func()) int {
	for n := 1; n <= 100; n++ {
		if look(); k.tell(slog.New(slog.DiscardHandler)) {
			return n
		}
	}
	return 0
}

func TestOthersAreToldOfAWrongClock(t *testing.T) {
	off := int64(0)
	k, look := keeper(&off)
	hear := func(n int) func() { return func() { look(n) } }
	if n := ask(k, hear(2)); n != 0 || k.now().Verdict() != clock.Agrees {
		t.Fatalf("right from the start: %d, %v", n, k.now().Verdict())
	}
	off = 3_600_000
	if n := ask(k, hear(2)); n != untilWrong || !k.wrong {
		t.Errorf("an hour ahead: told after %d, wrong %v", n, k.wrong)
	}
	if n := ask(k, hear(0)); n != 0 || !k.wrong {
		t.Errorf("alone, it can't be right again: %d, wrong %v", n, k.wrong)
	}
	off = clock.Tolerance * 3 / 4
	if n := ask(k, hear(2)); n != 0 || k.now().Verdict() != clock.Agrees {
		t.Errorf("barely right is not enough to lead again: %d, %v", n, k.now().Verdict())
	}
	off = 0
	if n := ask(k, hear(2)); n != untilRight || k.wrong {
		t.Errorf("right again: told after %d, wrong %v", n, k.wrong)
	}
}

func TestAClockThatIsWrongForAMoment(t *testing.T) {
	off := int64(0)
	k, look := keeper(&off)
	n := 0
	flicker := func() {
		n++
		off = 0
		if n%untilWrong != 0 {
			off = -3_600_000
		}
		look(2)
	}
	if n := ask(k, flicker); n != 0 {
		t.Errorf("told after %d", n)
	}
}

func TestOnlyNodesOfTheClusterAreHeard(t *testing.T) {
	off := int64(0)
	k, _ := keeper(&off)
	stranger := gossip.Clock{Node: slotmap.NodeID{9}, Wall: k.wall() + 9_000_000, Mono: k.mono()}
	k.judge([]gossip.Clock{stranger}, nil)
	if n := k.now(); n.Agreed.Told != 1 || n.Verdict() != clock.Agrees {
		t.Errorf("%+v, %v", n, n.Verdict())
	}
}

// trio is three nodes in this process whose wall clocks can be set.
type trio struct {
	t      *testing.T
	nodes  []*Node
	skew   [3]atomic.Int64
	client *redis.ClusterClient
}

func startTrio(t *testing.T) *trio {
	c := &trio{t: t}
	var join []string
	for i := range c.skew {
		cfg := c.config(join)
		w := realWorld()
		w.Wall = func() int64 { return time.Now().UnixMilli() + c.skew[i].Load() }
		n, err := StartIn(cfg, w)
		if err != nil {
			t.Fatal(err)
		}
		n.serve()
		t.Cleanup(func() { n.Stop() })
		c.nodes = append(c.nodes, n)
		join = []string{c.nodes[0].cfg.Gossip}
	}
	c.client = redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{c.nodes[0].cfg.Client.Addr().String()}})
	t.Cleanup(func() { c.client.Close() })
	return c
}

func (c *trio) config(join []string) Config {
	listen := func() net.Listener {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			c.t.Fatal(err)
		}
		return l
	}
	return Config{
		Data: c.t.TempDir(), Client: listen(), Peer: listen(), HTTP: listen(), Gossip: freeGossip(c.t), Join: join,
		Shards: 3, Replicas: 3, Fsync: raftlog.Never, Version: "test", Logger: slog.New(slog.DiscardHandler),
		Fatal: func(err error) { c.t.Error(err) }, Ready: func() {},
	}
}

// freeGossip is an address whose port is free for streams and datagrams.
func freeGossip(t *testing.T) string {
	for range 1000 {
		addr := fmt.Sprintf("127.0.0.1:%d", 10000+rand.N(22000))
		l, err := net.Listen("tcp", addr)
		if err != nil {
			continue
		}
		p, err := net.ListenPacket("udp", addr)
		l.Close()
		if err == nil {
			p.Close()
			return addr
		}
	}
	t.Fatal("no free port")
	return ""
}

// until waits for ok, for up to a minute.
func (c *trio) until(what string, ok func() bool) {
	c.t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	late := time.After(time.Minute)
	for !ok() {
		select {
		case <-again.C:
		case <-late:
			c.t.Fatalf("not within a minute: %s", what)
		}
	}
}

// spread reports whether every shard has three voters, and who leads how many.
func (c *trio) spread() (leads [3]int, whole bool) {
	whole = true
	for i, n := range c.nodes {
		leads[i] = len(n.Routes().Led())
		whole = whole && n.Routes().Served() && len(n.Routes().Handles) == 3
		for _, h := range n.Routes().Handles {
			whole = whole && h.Gauges.Voters.Load() == 3
		}
	}
	return leads, whole && leads[0]+leads[1]+leads[2] == 3
}

// setAll sets a key in every shard that lives for ten minutes.
func (c *trio) setAll(name string) (keys []string) {
	for i := range 30 {
		key := fmt.Sprint(name, i)
		if err := c.client.Set(context.Background(), key, "v", 10*time.Minute).Err(); err != nil {
			c.t.Fatalf("SET: %v", err)
		}
		keys = append(keys, key)
	}
	return keys
}

// lives checks that keys live, and for no longer than they were given.
func (c *trio) lives(keys []string) {
	for _, k := range keys {
		ttl, err := c.client.PTTL(context.Background(), k).Result()
		if err != nil || ttl <= 0 || ttl > 10*time.Minute {
			c.t.Errorf("%s lives for %v, %v", k, ttl, err)
		}
	}
}

// A node whose clock jumps by an hour takes no shard along, hands over what it leads, and is given something
// to lead again when its clock is right.
func TestAWrongClockLeadsNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	c := startTrio(t)
	c.until("three voters everywhere, and a shard led by each", func() bool {
		leads, whole := c.spread()
		return whole && leads == [3]int{1, 1, 1}
	})
	var keys []string
	for _, off := range []int64{3_650_000, -3_650_000} {
		keys = append(keys, c.setAll(fmt.Sprint("before", off))...)
		c.skew[0].Store(off)
		keys = append(keys, c.setAll(fmt.Sprint("after", off))...)
		c.lives(keys)
		c.until("the node with the wrong clock leads nothing, and all know why", func() bool {
			leads, whole := c.spread()
			id := c.nodes[0].Routes().Self.ID
			return whole && leads[0] == 0 && c.nodes[1].Routes().Nodes[id].WrongClock && c.nodes[2].Routes().Nodes[id].WrongClock
		})
		keys = append(keys, c.setAll(fmt.Sprint("then", off))...)
		c.lives(keys)
		c.checkShown(off)
	}
	c.skew[0].Store(0)
	c.until("it leads again", func() bool {
		leads, whole := c.spread()
		return whole && leads == [3]int{1, 1, 1}
	})
	c.lives(keys)
}

// checkShown looks for the wrong clock in INFO and in the metrics.
func (c *trio) checkShown(off int64) {
	cfg := c.nodes[0].cfg
	one := redis.NewClient(&redis.Options{Addr: cfg.Client.Addr().String()})
	defer one.Close()
	info, err := one.Info(context.Background(), "clock").Result()
	if err != nil || !strings.Contains(info, "clock_verdict:differs\r\n") || !strings.Contains(info, fmt.Sprintf("clock_offset_ms:%d", off/100_000)) {
		c.t.Errorf("INFO: %v, %q", err, info)
	}
	resp, err := http.Get("http://" + cfg.HTTP.Addr().String() + "/metrics")
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil || !strings.Contains(string(page), `troupe_clock{verdict="differs"} 1`) || !strings.Contains(string(page), fmt.Sprintf("troupe_clock_offset_seconds %d", off/100_000)) {
		c.t.Errorf("metrics: %v, %d bytes without the wrong clock", err, len(page))
	}
}
