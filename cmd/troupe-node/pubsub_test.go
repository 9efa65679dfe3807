package main

import (
	"context"
	"fmt"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/troupedb/troupe/cmd/internal/cluster"
)

// TestPublishReachesEveryNode, and a keyspace event the subscribers of the node that leads the key's shard.
func TestPublishReachesEveryNode(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	pub := redis.NewClient(&redis.Options{Addr: c.Node(0).Client})
	defer pub.Close()
	var subs []*redis.PubSub
	for _, n := range c.Nodes() {
		ask(t, n, "CONFIG", "SET", "notify-keyspace-events", "El")
		rdb := redis.NewClient(&redis.Options{Addr: n.Client})
		defer rdb.Close()
		ps := rdb.PSubscribe(ctx, "news", "__keyevent@0__:*")
		defer ps.Close()
		for range 2 {
			if _, err := ps.Receive(ctx); err != nil {
				t.Fatal(err)
			}
		}
		subs = append(subs, ps)
	}
	for i, ps := range subs {
		heard := make(chan error, 1)
		go func() {
			m, err := ps.ReceiveMessage(ctx)
			if err == nil && (m.Channel != "news" || m.Payload != "extra") {
				err = fmt.Errorf("heard %v", m)
			}
			heard <- err
		}()
		// A message is lost where a link does not stand yet.
		until(t, fmt.Sprintf("node %d hears", i), func() error {
			pub.Publish(ctx, "news", "extra")
			select {
			case err := <-heard:
				if err != nil {
					t.Fatal(err)
				}
				return nil
			default:
				return fmt.Errorf("nothing was heard")
			}
		})
	}
	eventAtLeader(ctx, t, c, subs)
}

func eventAtLeader(ctx context.Context, t *testing.T, c *cluster.Cluster, subs []*redis.PubSub) {
	events := make(chan int, 64)
	for i, ps := range subs {
		go func() {
			for {
				m, err := ps.ReceiveMessage(ctx)
				if err != nil {
					return
				}
				if m.Channel == "__keyevent@0__:lpush" && m.Payload == "k" {
					events <- i
				}
			}
		}()
	}
	rdb := redis.NewClusterClient(&redis.ClusterOptions{Addrs: c.Addrs()})
	defer rdb.Close()
	slot := int(rdb.ClusterKeySlot(ctx, "k").Val())
	// While leadership moves an event may be told by nobody.
	until(t, "an event at the leader", func() error {
		if err := rdb.LPush(ctx, "k", "v").Err(); err != nil {
			return err
		}
		shards, err := c.Shards(ctx)
		if err != nil {
			return err
		}
		select {
		case at := <-events:
			return leads(shards, slot, at)
		default:
			return fmt.Errorf("no event was told")
		}
	})
}

// leads reports an error if another node than the given one leads a slot.
func leads(shards []cluster.Shard, slot, node int) error {
	for _, s := range shards {
		for _, r := range s.Slots {
			if r.Contains(uint16(slot)) && s.Leader != node {
				return fmt.Errorf("the event was told at node %d, the leader is %d", node, s.Leader)
			}
		}
	}
	return nil
}
