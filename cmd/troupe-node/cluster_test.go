package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/troupedb/troupe/cmd/internal/client"
	"github.com/troupedb/troupe/cmd/internal/cluster"
	"github.com/troupedb/troupe/slotmap"
)

func TestOneNodeSurvivesKill(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{Nodes: 1})
	n := c.Node(0)
	for i := range 100 {
		ask(t, n, "SET", fmt.Sprint("key", i), fmt.Sprint(i))
	}
	if err := n.Kill9(); err != nil {
		t.Fatal(err)
	}
	if err := n.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	wholeAgain(t, c)
	for i := range 100 {
		if got := ask(t, n, "GET", fmt.Sprint("key", i)); got != fmt.Sprint(i) {
			t.Fatalf("key%d = %q", i, got)
		}
	}
}

func wholeAgain(t *testing.T, c *cluster.Cluster) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := c.WaitReady(ctx); err != nil {
		t.Fatalf("not healthy: %v", err)
	}
}

// All nodes tell the same of the cluster, in all three forms, and cover every slot once.
func TestThreeNodesAgree(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{})
	until(t, "agreement", func() error {
		var views [3][]string
		for i, n := range c.Nodes() {
			slots := mastersFromSlots(t, n)
			if covered(slots) != slotmap.Count {
				return fmt.Errorf("%s: CLUSTER SLOTS covers %d slots", n.Name, covered(slots))
			}
			if shards := mastersFromShards(t, n); !slices.Equal(shards, slots) {
				return fmt.Errorf("%s: CLUSTER SHARDS %v, SLOTS %v", n.Name, shards, slots)
			}
			if nodes := mastersFromNodes(t, n); !slices.Equal(nodes, slots) {
				return fmt.Errorf("%s: CLUSTER NODES %v, SLOTS %v", n.Name, nodes, slots)
			}
			views[i] = slots
		}
		if !slices.Equal(views[0], views[1]) || !slices.Equal(views[1], views[2]) {
			return fmt.Errorf("views differ: %v", views)
		}
		return nil
	})
}

// mastersFromSlots lists "first-last id" of CLUSTER SLOTS, joined where ranges touch.
func mastersFromSlots(t *testing.T, n *cluster.Node) []string {
	r, err := client.Ask(t.Context(), n.Client, patience, "CLUSTER", "SLOTS")
	if err != nil {
		t.Fatal(err)
	}
	var out []owned
	for _, item := range r.Items {
		out = append(out, owned{item.Items[0].Int, item.Items[1].Int, item.Items[2].Items[2].Text})
	}
	return join(out)
}

func mastersFromShards(t *testing.T, n *cluster.Node) []string {
	r, err := client.Ask(t.Context(), n.Client, patience, "CLUSTER", "SHARDS")
	if err != nil {
		t.Fatal(err)
	}
	var out []owned
	for _, shard := range r.Items {
		slots, master := shard.Items[1].Items, ""
		for _, node := range shard.Items[3].Items {
			f := map[string]string{}
			for i := 0; i+1 < len(node.Items); i += 2 {
				f[node.Items[i].Text] = node.Items[i+1].Text
			}
			if f["role"] == "master" {
				master = f["id"]
			}
		}
		for i := 0; i+1 < len(slots); i += 2 {
			out = append(out, owned{slots[i].Int, slots[i+1].Int, master})
		}
	}
	return join(out)
}

func mastersFromNodes(t *testing.T, n *cluster.Node) []string {
	var out []owned
	for line := range strings.Lines(ask(t, n, "CLUSTER", "NODES")) {
		f := strings.Fields(line)
		for _, r := range f[8:] {
			var a, b int64
			if k, _ := fmt.Sscanf(r, "%d-%d", &a, &b); k == 1 {
				b = a
			}
			out = append(out, owned{a, b, f[0]})
		}
	}
	return join(out)
}

type owned struct {
	first, last int64
	node        string
}

func join(in []owned) (out []string) {
	slices.SortFunc(in, func(a, b owned) int { return int(a.first - b.first) })
	for i := 0; i < len(in); {
		j := i
		for j+1 < len(in) && in[j+1].first == in[j].last+1 && in[j+1].node == in[i].node {
			j++
		}
		out = append(out, fmt.Sprintf("%d-%d %s", in[i].first, in[j].last, in[i].node))
		i = j + 1
	}
	return out
}

func covered(masters []string) (n int) {
	for _, m := range masters {
		var a, b int
		fmt.Sscanf(m, "%d-%d", &a, &b)
		n += b - a + 1
	}
	return n
}

// Whoever does not own a slot names the node that leads it, and that node serves it.
func TestMovedLeadsToTheLeader(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{})
	spread(t, c)
	for i := range 60 {
		key := fmt.Sprint("key", i)
		for _, n := range c.Nodes() {
			r, err := client.Ask(t.Context(), n.Client, patience, "SET", key, n.Name)
			if err != nil {
				t.Fatal(err)
			}
			e := r.Err()
			if e == "" {
				continue
			}
			var slot int
			var addr string
			if _, err := fmt.Sscanf(e, "MOVED %d %s", &slot, &addr); err != nil || slot != int(slotmap.Slot([]byte(key))) {
				t.Fatalf("%s answers %q for %s", n.Name, e, key)
			}
			if r, err := client.Ask(t.Context(), addr, patience, "SET", key, n.Name); err != nil || r.Err() != "" {
				t.Fatalf("%s was named for %s, and answers %v %v", addr, key, r, err)
			}
		}
	}
}

func TestGoRedisClusterClient(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{})
	spread(t, c)
	rdb := redis.NewClusterClient(&redis.ClusterOptions{Addrs: c.Addrs()})
	defer rdb.Close()
	ctx := t.Context()
	pipe := rdb.Pipeline()
	for i := range 500 {
		pipe.Set(ctx, fmt.Sprint("key", i), i, 0)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		t.Fatal(err)
	}
	for i := range 500 {
		if v, err := rdb.Get(ctx, fmt.Sprint("key", i)).Int(); err != nil || v != i {
			t.Fatalf("key%d = %d, %v", i, v, err)
		}
	}
	err := rdb.Watch(ctx, func(tx *redis.Tx) error {
		_, err := tx.TxPipelined(ctx, func(p redis.Pipeliner) error {
			p.Incr(ctx, "{user}:n")
			p.Set(ctx, "{user}:name", "x", 0)
			return nil
		})
		return err
	}, "{user}:n")
	if err != nil {
		t.Fatal(err)
	}
	var total int64
	err = rdb.ForEachMaster(ctx, func(ctx context.Context, m *redis.Client) error {
		n, err := m.DBSize(ctx).Result()
		total += n
		return err
	})
	if err != nil || total != 502 {
		t.Fatalf("%d keys over all masters, %v", total, err)
	}
}

func TestRedisTools(t *testing.T) {
	cli, bench := tool(t, "redis-cli"), tool(t, "redis-benchmark")
	c := cluster.StartT(t, cluster.Options{})
	spread(t, c)
	host, port, _ := strings.Cut(c.Node(1).Client, ":")
	for i := range 20 {
		key := fmt.Sprint("key", i)
		if out := run(t, cli, "-c", "-h", host, "-p", port, "SET", key, "v"); strings.TrimSpace(out) != "OK" {
			t.Fatalf("SET %s: %q", key, out)
		}
		if out := run(t, cli, "-c", "-h", host, "-p", port, "GET", key); strings.TrimSpace(out) != "v" {
			t.Fatalf("GET %s: %q", key, out)
		}
	}
	out := run(t, bench, "-h", host, "-p", port, "--cluster", "-t", "set,get", "-n", "3000", "-P", "16", "-d", "64", "-q")
	if strings.Contains(out, "rror") || !strings.Contains(out, "GET: ") {
		t.Fatalf("redis-benchmark: %s", out)
	}
	if out := run(t, cli, "--cluster", "check", c.Node(0).Client); !strings.Contains(out, "All 16384 slots covered") {
		t.Fatalf("redis-cli --cluster check: %s", out)
	}
}

// tool finds a program; where the tests' tools are promised, a missing one is a failure.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil && os.Getenv("TROUPE_TEST_TOOLS") == "1" {
		t.Fatalf("%s is missing", name)
	} else if err != nil {
		t.Skipf("%s is not installed", name)
	}
	return path
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", filepath.Base(name), args, err, out)
	}
	return string(out)
}

// spread waits until each of three nodes leads two of the six shards: no leadership moves after that.
func spread(t *testing.T, c *cluster.Cluster) {
	t.Helper()
	until(t, "leaders are spread", func() error {
		for _, n := range c.Nodes() {
			if led := strings.Count(ask(t, n, "INFO", "shards"), "role=leader"); led != 2 {
				return fmt.Errorf("%s leads %d shards", n.Name, led)
			}
		}
		return nil
	})
}
