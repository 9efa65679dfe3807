package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/troupedb/troupe/cmd/internal/cluster"
)

// downTime bounds how long a killed node stays down.
const (
	downTimeMin = 200 * time.Millisecond
	downTimeMax = 1500 * time.Millisecond
	healthEvery = 50 * time.Millisecond
)

// nemesis kills leaders.
type nemesis struct {
	target Target
	every  time.Duration
	rng    *rand.Rand
	gaps   *gaps
	event  func(string)
}

// run kills until ctx ends. base outlives ctx: what was killed is started again in any case.
func (n *nemesis) run(ctx, base context.Context) {
	tick := time.NewTicker(n.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := n.healthy(ctx); err != nil {
			continue // the time is over
		}
		if err := n.strike(ctx, base); err != nil {
			n.event(err.Error())
		}
	}
}

// healthy waits until the loss of a node can be borne. A node that ended by itself is started again.
func (n *nemesis) healthy(ctx context.Context) error {
	told := false
	return cluster.Until(ctx, healthEvery, func() error {
		err := n.target.Health(ctx)
		if errors.Is(err, cluster.ErrEnded) {
			first, _, _ := strings.Cut(err.Error(), "\n")
			n.event(first)
			return errors.Join(errors.New(first), n.target.Revive(ctx))
		}
		if err != nil && !told && ctx.Err() == nil {
			told = true
			n.event("not healthy yet: " + err.Error())
		}
		return err
	})
}

// strike kills the leader of a shard, and starts it again a while later.
func (n *nemesis) strike(ctx, base context.Context) error {
	shards, err := n.target.Shards(ctx)
	if err != nil {
		return err
	}
	chosen := shards[n.rng.IntN(len(shards))]
	if chosen.Leader < 0 {
		return fmt.Errorf("shard %d has no leader to kill", chosen.ID)
	}
	node, led := chosen.Leader, ledBy(shards, chosen.Leader)
	at := time.Now()
	if err := n.target.Kill(node); err != nil {
		return err
	}
	n.gaps.opened(n.target.Name(node), led, at, time.Now())
	n.event(fmt.Sprintf("kill %s, leader of %s", n.target.Name(node), list(led)))
	pause(ctx, n.downTime())
	if err := n.target.Restart(base, node); err != nil {
		return err
	}
	n.event("restart " + n.target.Name(node))
	return nil
}

func (n *nemesis) downTime() time.Duration {
	longest := min(downTimeMax, n.every/2)
	shortest := min(downTimeMin, longest)
	return shortest + time.Duration(n.rng.Int64N(int64(longest-shortest)+1))
}

func ledBy(shards []cluster.Shard, node int) (ids []int) {
	for _, s := range shards {
		if s.Leader == node {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// list writes shard ids as words: "shard 3", "shards 1 4".
func list(ids []int) string {
	text := strings.Trim(fmt.Sprint(ids), "[]")
	if len(ids) == 1 {
		return "shard " + text
	}
	return "shards " + text
}
