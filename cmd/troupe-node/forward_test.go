package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/troupedb/troupe/cmd/internal/cluster"
)

// Clients that know nothing of clusters work through any node, while the leader of some keys is killed.
func TestForwardServesPlainClients(t *testing.T) {
	tool(t, "redis-cli")
	c := cluster.StartT(t, cluster.Options{Flags: []string{"--route", "forward"}})
	n := c.Node(1)
	rdb := redis.NewClient(&redis.Options{Addr: n.Client, MaxRetries: -1, ReadTimeout: 20 * time.Second})
	defer rdb.Close()
	ctx := t.Context()
	const keys = 24
	acked, unknown := [keys]int{}, [keys]int{}
	for round := range 30 {
		if round == 10 {
			if err := c.Node(0).Kill9(); err != nil {
				t.Fatal(err)
			}
		}
		for i := range keys {
			switch err := rdb.Incr(ctx, fmt.Sprint("plain", i)).Err(); {
			case err == nil:
				acked[i]++
			case redisCode(err, "CLUSTERDOWN"), redisCode(err, "TRYAGAIN"):
			case strings.HasPrefix(err.Error(), "MOVED"):
				t.Fatal(err)
			default:
				unknown[i]++
			}
		}
	}
	for i := range keys {
		got := plainInt(t, rdb, fmt.Sprint("plain", i))
		if got < acked[i] || got > acked[i]+unknown[i] || got == 0 {
			t.Errorf("plain%d is %d after %d acknowledged and %d unknown", i, got, acked[i], unknown[i])
		}
	}
	transactions(t, rdb)
	out, err := exec.CommandContext(ctx, "redis-cli", "-p", n.Client[strings.LastIndex(n.Client, ":")+1:], "DBSIZE").CombinedOutput()
	if got := strings.TrimSpace(string(out)); err != nil || got != strconv.Itoa(keys+1) {
		t.Errorf("redis-cli DBSIZE: %s, %v", got, err)
	}
}

// Redis's own tools, told nothing of a cluster, work on any node: redis-cli with what it sends from a file, and
// redis-benchmark, which ends at the first error, also while a node is killed that leads what it reads.
func TestForwardServesRedisTools(t *testing.T) {
	cli, bench := tool(t, "redis-cli"), tool(t, "redis-benchmark")
	c := cluster.StartT(t, cluster.Options{Flags: []string{"--route", "forward"}})
	spread(t, c)
	for i, n := range c.Nodes() {
		host, port, _ := strings.Cut(n.Client, ":")
		session := exec.CommandContext(t.Context(), cli, "-h", host, "-p", port)
		session.Stdin = strings.NewReader(strings.ReplaceAll("MULTI\nSET {k}1 1\nINCR {k}1\nEXEC\nRPUSH {k}l a\nBLPOP {k}l 0\nWATCH {k}1\nSET {k}1 2\nMULTI\nINCR {k}1\nEXEC\nMSET a 1 b 2\n", "k", fmt.Sprint("k", i)))
		out, err := session.CombinedOutput()
		key := fmt.Sprint("{k", i, "}l")
		want := "OK QUEUED QUEUED OK 2 1 " + key + " a OK OK OK QUEUED CROSSSLOT Keys in request don't hash to the same slot"
		if got := strings.Join(strings.Fields(string(out)), " "); err != nil || got != want {
			t.Errorf("%s: redis-cli: %v, %s, want %s", n.Name, err, got, want)
		}
		ran := run(t, bench, "-h", host, "-p", port, "-t", "set,get,incr,lpush,rpush,lpop,rpop,sadd,hset,spop,zadd,zpopmin",
			"-n", "100", "-r", "1000", "-c", "8", "-P", "4", "-q")
		if got := strings.Count(ran, "requests per second"); got != 12 {
			t.Errorf("%s: redis-benchmark measured %d things: %s", n.Name, got, ran)
		}
	}
	benchThroughKill(t, bench, c)
}

// benchThroughKill has redis-benchmark read keys of all shards at one node while another is killed. It ends well, unless
// an election takes so long that it is told so.
func benchThroughKill(t *testing.T, bench string, c *cluster.Cluster) {
	n := c.Node(0)
	host, port, _ := strings.Cut(n.Client, ":")
	reads := func() int { return strings.Count(ask(t, n, "INFO", "commandstats"), "cmdstat_get:") }
	ask(t, n, "CONFIG", "RESETSTAT")
	var out strings.Builder
	cmd := exec.CommandContext(t.Context(), bench, "-h", host, "-p", port, "-t", "get", "-n", "20000", "-r", "1000", "-c", "8", "-q")
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "it reads", func() error {
		if reads() == 0 {
			return errors.New("not yet")
		}
		return nil
	})
	if err := c.Node(1).Kill9(); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil && !strings.HasSuffix(strings.TrimSpace(out.String()), "Error from server: "+lineDown) {
		t.Errorf("redis-benchmark: %v, %s", err, out.String())
	}
	until(t, "all is written again", func() error {
		out, err := exec.CommandContext(t.Context(), bench, "-h", host, "-p", port, "-t", "set", "-n", "100", "-r", "1000", "-q").CombinedOutput()
		if err != nil {
			err = fmt.Errorf("%w: %s", err, out)
		}
		return err
	})
}

const lineDown = "CLUSTERDOWN The cluster is down"

func redisCode(err error, code string) bool {
	var e redis.Error
	return errors.As(err, &e) && strings.HasPrefix(e.Error(), code)
}

// plainInt reads a counter once its shard has a leader again.
func plainInt(t *testing.T, rdb *redis.Client, key string) (n int) {
	until(t, key, func() (err error) {
		n, err = rdb.Get(t.Context(), key).Int()
		return err
	})
	return n
}

// transactions runs one that goes through, and one that is aborted by a change of what it watches.
func transactions(t *testing.T, rdb *redis.Client) {
	t.Helper()
	until(t, "a transaction", func() error {
		_, err := rdb.TxPipelined(t.Context(), func(p redis.Pipeliner) error {
			p.Set(t.Context(), "watched", 1, 0)
			p.Incr(t.Context(), "watched")
			return nil
		})
		return err
	})
	until(t, "a transaction whose key was changed is aborted", func() error {
		err := rdb.Watch(t.Context(), func(tx *redis.Tx) error {
			if err := rdb.Incr(t.Context(), "watched").Err(); err != nil {
				return err
			}
			_, err := tx.TxPipelined(t.Context(), func(p redis.Pipeliner) error { return p.Set(t.Context(), "watched", 0, 0).Err() })
			return err
		}, "watched")
		if errors.Is(err, redis.TxFailedErr) {
			return nil
		}
		return fmt.Errorf("it ended with %v", err)
	})
	if got := plainInt(t, rdb, "watched"); got < 3 {
		t.Errorf("watched is %d", got)
	}
}

// Without --route forward the same client is sent to the leader, and nothing is done for it.
func TestMovedByDefault(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{})
	leader, err := c.LeaderOf(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	other := c.Node((leader.Index + 1) % 3)
	rdb := redis.NewClient(&redis.Options{Addr: other.Client})
	defer rdb.Close()
	key := keyIn(t, c, 1)
	if err := rdb.Set(context.Background(), key, 1, 0).Err(); err == nil || !strings.HasPrefix(err.Error(), "MOVED ") {
		t.Errorf("%v", err)
	}
}

// keyIn is a key of a shard.
func keyIn(t *testing.T, c *cluster.Cluster, shard int) string {
	t.Helper()
	shards, err := c.Shards(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range shards {
		for i := 0; s.ID == shard; i++ {
			key := fmt.Sprint("k", i)
			slot, _ := strconv.Atoi(ask(t, c.Node(0), "CLUSTER", "KEYSLOT", key))
			for _, r := range s.Slots {
				if r.Contains(uint16(slot)) {
					return key
				}
			}
		}
	}
	t.Fatalf("no shard %d", shard)
	return ""
}

// Clients that block are served through any node, while the leader that holds them is killed: each element is handed to
// one of them, unless one was told that nobody knows.
func TestForwardServesBlockedClients(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{Flags: []string{"--route", "forward"}})
	leader, err := c.LeaderOf(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	key, asker := keyIn(t, c, 1), c.Node((leader.Index+1)%3)
	const clients, elements = 4, 40
	taken, unknown := make(chan string, 2*elements), make(chan struct{}, 1000)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var all sync.WaitGroup
	for range clients {
		all.Go(func() { popper(ctx, asker, key, taken, unknown) })
	}
	rdb := plainClient(t, asker)
	pushed := map[string]bool{}
	for i := range elements {
		if i == elements/2 {
			if err := leader.Kill9(); err != nil {
				t.Fatal(err)
			}
		}
		if rdb.RPush(ctx, key, i).Err() == nil {
			pushed[strconv.Itoa(i)] = true
		}
	}
	until(t, "an element goes through the new leader", func() error { return rdb.RPush(ctx, key, "last").Err() })
	until(t, "it has a copy", func() error {
		if n, err := rdb.Wait(ctx, 1, time.Second).Result(); n < 1 || err != nil {
			return fmt.Errorf("%d copies, %v", n, err)
		}
		return nil
	})
	until(t, "all is taken", func() error {
		if n, err := rdb.LLen(ctx, key).Result(); n > 0 || err != nil {
			return fmt.Errorf("%d are left, %v", n, err)
		}
		return nil
	})
	until(t, "all clients wait again", func() error {
		info, err := rdb.Info(ctx, "clients").Result()
		if err == nil && !strings.Contains(info, fmt.Sprintf("blocked_clients:%d\r\n", clients)) {
			err = errors.New(info)
		}
		return err
	})
	if err := asker.Kill9(); err != nil {
		t.Fatal(err)
	}
	stop()
	all.Wait()
	close(taken)
	seen := map[string]bool{}
	for e := range taken {
		if seen[e] && e != "last" { // which was pushed until that was acknowledged
			t.Errorf("%s was taken twice", e)
		}
		seen[e] = true
		delete(pushed, e)
	}
	if len(pushed) > len(unknown) || !seen["last"] {
		t.Errorf("%v were pushed and taken by nobody, and %d clients do not know", pushed, len(unknown))
	}
}

// popper takes elements until the context ends. A pop whose outcome is not known counts as unknown.
func popper(ctx context.Context, n *cluster.Node, key string, taken chan<- string, unknown chan<- struct{}) {
	rdb := redis.NewClient(&redis.Options{Addr: n.Client, MaxRetries: -1, ReadTimeout: -1})
	defer rdb.Close()
	for ctx.Err() == nil {
		got, err := rdb.BLPop(ctx, 0, key).Result()
		switch {
		case err == nil:
			taken <- got[1]
		case redisCode(err, "UNKNOWN"):
			unknown <- struct{}{}
		}
	}
}

func plainClient(t *testing.T, n *cluster.Node) *redis.Client {
	rdb := redis.NewClient(&redis.Options{Addr: n.Client, MaxRetries: -1, ReadTimeout: -1})
	t.Cleanup(func() { rdb.Close() })
	return rdb
}
