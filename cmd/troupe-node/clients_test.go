package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/troupedb/troupe/cmd/internal/cluster"
)

// ioredis and node-redis work as they come from npm, also while a node dies that leads shards, and comes back.
func TestNodeClients(t *testing.T) {
	dir := npmInstall(t)
	advised := readmeLines(t, "createCluster(")
	if len(advised) != 1 {
		t.Fatalf("README advises users of node-redis: %q", advised)
	}
	for _, words := range [][]string{{"ioredis.mjs"}, {"noderedis.mjs"}, {"noderedis.mjs", advised[0]}} {
		t.Run(strings.Join(words, " "), func(t *testing.T) {
			c := cluster.StartT(t, cluster.Options{})
			// The node that dies must lead, and must be known to lead: node-redis waits for ever for one that it has just
			// heard of and that dies before there is a connection.
			spread(t, c)
			runScript(t, c, dir, words[0], append(c.Addrs(), words[1:]...)...)
		})
	}
}

// rueidis without its cache works unchanged, also while a node dies that leads shards.
func TestRueidis(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{})
	spread(t, c)
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: c.Addrs(), DisableCache: true})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	r := rueidisUser{t, client}
	r.types()
	r.waits()
	r.throughFailover(c.Node(1))
}

type rueidisUser struct {
	t      *testing.T
	client rueidis.Client
}

func (r rueidisUser) do(words ...string) rueidis.RedisResult {
	return r.client.Do(r.t.Context(), r.client.B().Arbitrary(words[0]).Keys(words[1]).Args(words[2:]...).Build())
}

func (r rueidisUser) types() {
	r.t.Helper()
	b := r.client.B
	results := r.client.DoMulti(r.t.Context(),
		b().Set().Key("{k}s").Value("v").Build(), b().Get().Key("{k}s").Build(), b().Hset().Key("{k}h").FieldValue().FieldValue("a", "1").Build(),
		b().Set().Key("elsewhere").Value("v").Build(), b().Zadd().Key("{k}z").ScoreMember().ScoreMember(1.5, "one").Build())
	for i, res := range results {
		if err := res.Error(); err != nil {
			r.t.Errorf("command %d: %v", i, err)
		}
	}
	if fields, err := r.do("HGETALL", "{k}h").AsStrMap(); err != nil || fields["a"] != "1" {
		r.t.Errorf("HGETALL: %v, %v", fields, err)
	}
	if zs, err := r.do("ZRANGE", "{k}z", "0", "-1", "WITHSCORES").AsZScores(); err != nil || !slices.Equal(zs, []rueidis.ZScore{{Member: "one", Score: 1.5}}) {
		r.t.Errorf("ZRANGE: %v, %v", zs, err)
	}
	if _, err := r.do("GET", "none").ToString(); !rueidis.IsRedisNil(err) {
		r.t.Errorf("GET of nothing: %v", err)
	}
	err := r.client.Dedicated(func(c rueidis.DedicatedClient) error {
		res := c.DoMulti(r.t.Context(), b().Multi().Build(), b().Incr().Key("{k}n").Build(), b().Incr().Key("{k}n").Build(), b().Exec().Build())
		replies, err := res[3].AsIntSlice()
		if err == nil && !slices.Equal(replies, []int64{1, 2}) {
			err = fmt.Errorf("EXEC answers %v", replies)
		}
		return err
	})
	if err != nil {
		r.t.Errorf("transaction: %v", err)
	}
}

// waits lets one call wait for a job, and another for a message.
func (r rueidisUser) waits() {
	r.t.Helper()
	ctx, cancel := context.WithCancel(r.t.Context())
	heard := make(chan string, 1)
	var listening sync.WaitGroup
	listening.Go(func() {
		_ = r.client.Receive(ctx, r.client.B().Subscribe().Channel("news").Build(), func(m rueidis.PubSubMessage) {
			select {
			case heard <- m.Message:
			default:
			}
		})
	})
	popped := make(chan error, 1)
	go func() {
		got, err := r.client.Do(ctx, r.client.B().Blpop().Key("jobs").Timeout(60).Build()).AsStrSlice()
		if err == nil && !slices.Equal(got, []string{"jobs", "job"}) {
			err = fmt.Errorf("BLPOP answers %q", got)
		}
		popped <- err
	}()
	if err := r.do("RPUSH", "jobs", "job").Error(); err != nil {
		r.t.Error(err)
	}
	if err := <-popped; err != nil {
		r.t.Error(err)
	}
	for got := ""; got == ""; { // until it subscribes, nobody hears
		r.client.Do(ctx, r.client.B().Publish().Channel("news").Message("hello").Build())
		select {
		case got = <-heard:
		case <-time.After(10 * time.Millisecond):
		}
	}
	cancel()
	listening.Wait()
}

// throughFailover writes keys in all slots while a node dies, and reads what was acknowledged.
func (r rueidisUser) throughFailover(victim *cluster.Node) {
	r.t.Helper()
	const keys = 60
	var acked [keys]int
	write := func(i, n int) bool {
		ctx, cancel := context.WithTimeout(r.t.Context(), 5*time.Second)
		defer cancel()
		err := r.client.Do(ctx, r.client.B().Set().Key("during:"+strconv.Itoa(i)).Value(strconv.Itoa(n)).Build()).Error()
		if err == nil {
			acked[i] = n
		}
		return err == nil
	}
	n := 1
	for i := range keys {
		write(i, n)
	}
	if err := victim.Kill9(); err != nil {
		r.t.Fatal(err)
	}
	for i := range keys {
		for n++; !write(i, n); n++ {
		}
	}
	for i := range keys {
		if got, err := r.do("GET", "during:"+strconv.Itoa(i)).AsInt64(); err != nil || got != int64(acked[i]) {
			r.t.Errorf("key %d is %d, %v; %d was acknowledged", i, got, err, acked[i])
		}
	}
}

// The Prometheus exporter for Redis reads what it reads of Redis.
func TestRedisExporter(t *testing.T) {
	program := tool(t, "prometheus-redis-exporter")
	c := cluster.StartT(t, cluster.Options{Nodes: 1})
	ask(t, c.Node(0), "SET", "k", "v")
	page := httptest.NewServer(http.NotFoundHandler())
	addr := page.Listener.Addr().String()
	page.Close() // the port is free now
	cmd := exec.CommandContext(t.Context(), program, "-redis.addr", "redis://"+c.Node(0).Client, "-web.listen-address", addr, "-is-cluster")
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	text := scrape(t, "http://"+addr+"/metrics")
	if err := cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait()
	for _, want := range []string{
		"redis_up 1", "redis_cluster_enabled 1", "redis_connected_clients ", "redis_memory_used_bytes ", "redis_uptime_in_seconds ",
		`redis_commands_total{cmd="set"} 1`, `redis_db_keys{db="db0"} 1`, "redis_keyspace_hits_total ", "redis_cluster_slots_ok 16384",
		"redis_exporter_last_scrape_error{err=\"\"} 0", "redis_slowlog_length ",
	} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("no line begins with %s", want)
		}
	}
	if t.Failed() {
		t.Log(text, said.String())
	}
}

// scrape reads a page, once somebody serves it.
func scrape(t *testing.T, url string) (text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := cluster.Until(ctx, 50*time.Millisecond, func() error {
		resp, err := http.Get(url)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		text = string(body)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}
