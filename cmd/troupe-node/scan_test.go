package main

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/troupedb/troupe/cmd/internal/client"
	"github.com/troupedb/troupe/cmd/internal/cluster"
	"github.com/troupedb/troupe/slotmap"
)

// TestScanGoesOnAtTheLeader: a node without a replica of the shard that a cursor is in gets the keys from the
// node that leads the shard.
func TestScanGoesOnAtTheLeader(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{Nodes: 4})
	rdb := redis.NewClusterClient(&redis.ClusterOptions{Addrs: c.Addrs()})
	defer rdb.Close()
	var keys []string
	for i := range 300 {
		keys = append(keys, fmt.Sprint("key", i))
		if err := rdb.Set(t.Context(), keys[i], "v", 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "a scan", func() error {
		shards, err := c.Shards(t.Context())
		if err != nil {
			return err
		}
		for _, s := range shards {
			for _, n := range c.Nodes() {
				if info(t, n, s.ID, "role") == "" {
					return scanned(t, n, s, keys)
				}
			}
		}
		return fmt.Errorf("every node has every shard")
	})
}

// scanned compares what a scan yields of a shard with the keys that are in it.
func scanned(t *testing.T, n *cluster.Node, s cluster.Shard, keys []string) error {
	const shardBits = 18 // of a cursor
	var want, got []string
	for _, k := range keys {
		slot := slotmap.Slot([]byte(k))
		if slices.ContainsFunc(s.Slots, func(r slotmap.Range) bool { return r.First <= slot && slot <= r.Last }) {
			want = append(want, k)
		}
	}
	for cursor := uint64(s.ID); cursor&(1<<shardBits-1) == uint64(s.ID); {
		r, err := client.Ask(t.Context(), n.Client, patience, "SCAN", strconv.FormatUint(cursor, 10), "COUNT", "20")
		if err != nil {
			return err
		}
		if e := r.Err(); e != "" {
			return fmt.Errorf("%s, shard %d: %s", n.Name, s.ID, e)
		}
		for _, k := range r.Items[1].Items {
			got = append(got, k.Text)
		}
		if cursor, err = strconv.ParseUint(r.Items[0].Text, 10, 64); err != nil {
			return err
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if got = slices.Compact(got); !slices.Equal(got, want) {
		return fmt.Errorf("%s: a scan of shard %d yields %d keys, %d are there", n.Name, s.ID, len(got), len(want))
	}
	return nil
}
