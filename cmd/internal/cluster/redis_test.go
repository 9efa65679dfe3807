package cluster

import (
	"os/exec"
	"testing"
	"time"
)

func TestRedisCluster(t *testing.T) {
	if _, err := exec.LookPath("redis-server"); err != nil || testing.Short() {
		t.Skip("needs redis-server and some seconds")
	}
	c := StartT(t, Options{Nodes: 6, System: RedisCluster{NodeTimeout: 500 * time.Millisecond}})
	ctx := within(t)
	shards, err := c.Shards(ctx)
	if err != nil || len(shards) != 3 {
		t.Fatalf("shards %+v, %v", shards, err)
	}
	old := c.Node(shards[0].Leader)
	if err := old.Kill9(); err != nil {
		t.Fatal(err)
	}
	if err := Until(ctx, 50*time.Millisecond, func() error {
		_, err := c.LeaderOf(ctx, 1)
		return err
	}); err != nil {
		t.Fatalf("no failover: %v", err)
	}
	if err := old.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	if err := c.WaitReady(ctx); err != nil {
		t.Fatal(err)
	}
	if leader, err := c.LeaderOf(ctx, 1); err != nil || leader == old {
		t.Errorf("after the failover %v leads, %v", leader, err)
	}
}
