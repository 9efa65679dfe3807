package session

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/troupedb/troupe/slotmap"
)

// onlyNode takes the second node off the map, for clients that would connect to it.
func (b *bed) onlyNode() {
	b.change(func(r *Routes) {
		delete(r.Nodes, otherID)
		shards := r.Map.Shards()
		var own []slotmap.Shard
		for _, s := range shards {
			s.Members = s.Members[:1]
			own = append(own, s)
		}
		r.Map = slotmap.New(r.Map.Runs(), own)
	})
}

func goRedis(t *testing.T, b *bed, proto int) *redis.ClusterClient {
	rdb := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{b.srv.Addr().String()}, Protocol: proto})
	t.Cleanup(func() { rdb.Close() })
	return rdb
}

func TestGoRedis(t *testing.T) {
	for _, proto := range []int{2, 3} {
		t.Run(fmt.Sprintf("RESP%d", proto), func(t *testing.T) {
			b := newBed(t, 4)
			b.onlyNode()
			rdb, ctx := goRedis(t, b, proto), context.Background()
			if err := rdb.Set(ctx, "k", "v", time.Minute).Err(); err != nil {
				t.Fatal(err)
			}
			if v, err := rdb.Get(ctx, "k").Result(); v != "v" || err != nil {
				t.Error(v, err)
			}
			if _, err := rdb.Get(ctx, "nothing").Result(); !errors.Is(err, redis.Nil) {
				t.Error(err)
			}
			if d, err := rdb.TTL(ctx, "k").Result(); d != time.Minute || err != nil {
				t.Error(d, err)
			}
			goRedisPipelines(t, rdb)
			goRedisWatch(t, rdb)
			goRedisScan(t, rdb)
		})
	}
}

func goRedisPipelines(t *testing.T, rdb *redis.ClusterClient) {
	ctx := context.Background()
	cmds, err := rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i := range 500 {
			p.Set(ctx, fmt.Sprintf("p%d", i), i, 0)
		}
		return nil
	})
	if err != nil || len(cmds) != 500 {
		t.Error(len(cmds), err)
	}
	var n *redis.IntCmd
	if _, err := rdb.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.Set(ctx, "{t}a", 1, 0)
		n = p.IncrBy(ctx, "{t}a", 41)
		return nil
	}); err != nil || n.Val() != 42 {
		t.Error(n, err)
	}
}

func goRedisWatch(t *testing.T, rdb *redis.ClusterClient) {
	ctx := context.Background()
	add := func(meddle bool) error {
		return rdb.Watch(ctx, func(tx *redis.Tx) error {
			n, err := tx.Get(ctx, "{t}a").Int()
			if err != nil {
				return err
			}
			if meddle {
				rdb.Incr(ctx, "{t}a")
			}
			_, err = tx.TxPipelined(ctx, func(p redis.Pipeliner) error { return p.Set(ctx, "{t}a", n+1, 0).Err() })
			return err
		}, "{t}a")
	}
	if err := add(false); err != nil {
		t.Error(err)
	}
	if err := add(true); !errors.Is(err, redis.TxFailedErr) {
		t.Errorf("a meddled transaction: %v", err)
	}
}

func goRedisScan(t *testing.T, rdb *redis.ClusterClient) {
	ctx := context.Background()
	size, err := rdb.DBSize(ctx).Result()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	err = rdb.ForEachMaster(ctx, func(ctx context.Context, c *redis.Client) error {
		it := c.Scan(ctx, 0, "", 50).Iterator()
		for it.Next(ctx) {
			found[it.Val()] = true
		}
		return it.Err()
	})
	if err != nil || int64(len(found)) != size {
		t.Errorf("scanned %d of %d keys: %v", len(found), size, err)
	}
}

func TestRedisCLI(t *testing.T) {
	cli, err := exec.LookPath("redis-cli")
	if err != nil {
		t.Skip("no redis-cli on the PATH")
	}
	b := newBed(t, 3)
	b.onlyNode()
	_, port, _ := net.SplitHostPort(b.srv.Addr().String())
	run := func(args ...string) string {
		out, err := exec.Command(cli, append([]string{"-p", port}, args...)...).CombinedOutput()
		if err != nil {
			t.Errorf("redis-cli %q: %v: %s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"SET", "a", "hello"}, "OK"},
		{[]string{"-3", "GET", "a"}, "hello"},
		{[]string{"-c", "INCR", "n"}, "1"},
		{[]string{"PING"}, "PONG"},
		{[]string{"--cluster", "check", b.srv.Addr().String()}, "[OK] All 16384 slots covered."},
		{[]string{"--cluster", "info", b.srv.Addr().String()}, "2 keys | 16384 slots | 0 slaves"},
		{[]string{"--scan"}, "a"},
		{[]string{"INFO", "server"}, "redis_mode:cluster"},
		{[]string{"-r", "3", "CLUSTER", "INFO"}, "cluster_state:ok"},
	} {
		if got := run(c.args...); !strings.Contains(got, c.want) {
			t.Errorf("redis-cli %q: %q, want %q", c.args, got, c.want)
		}
	}
	pipe := exec.Command(cli, "-p", port, "--pipe")
	pipe.Stdin = strings.NewReader(strings.Repeat(string(pack("INCR n")), 5000))
	if out, err := pipe.CombinedOutput(); err != nil || !strings.Contains(string(out), "errors: 0, replies: 5000") {
		t.Errorf("--pipe: %v: %s", err, out)
	}
	if got := run("GET", "n"); got != "5001" {
		t.Errorf("n is %s", got)
	}
}
