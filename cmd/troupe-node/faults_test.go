package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/troupedb/troupe/cmd/internal/client"
	"github.com/troupedb/troupe/cmd/internal/cluster"
)

func kill(t *testing.T, nodes ...*cluster.Node) {
	t.Helper()
	for _, n := range nodes {
		if err := n.Kill9(); err != nil {
			t.Fatal(err)
		}
	}
}

func restart(t *testing.T, nodes ...*cluster.Node) {
	t.Helper()
	for _, n := range nodes {
		if err := n.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// Everything that was acknowledged is there after all nodes were killed at once, under load.
func TestAllNodesKilledAtOnce(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{})
	l := startLoad(t, c, "all")
	for range 3 {
		l.more(t, 500)
		kill(t, c.Nodes()...)
		restart(t, c.Nodes()...)
		wholeAgain(t, c)
	}
	l.more(t, 100)
	l.check(t)
}

// Writes of a shard go on when its leader is killed; nothing is lost.
func TestLeaderKilledUnderLoad(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{})
	l := startLoad(t, c, "leader")
	for i := range 4 {
		l.more(t, 300)
		n, err := c.LeaderOf(t.Context(), 1+i)
		if err != nil {
			t.Fatal(err)
		}
		kill(t, n)
		l.more(t, 300)
		restart(t, n)
		wholeAgain(t, c)
	}
	l.check(t)
}

// A node whose disk was wiped comes back as another one, and is given fresh replicas.
func TestWipedNodeIsGivenReplicas(t *testing.T) {
	wiped(t, 1)
}

// A wiped seed, the first of everyone's --join list, joins the cluster that is there and starts none of
// its own.
func TestWipedSeedStartsNoSecondCluster(t *testing.T) {
	wiped(t, 0)
}

func wiped(t *testing.T, which int) {
	c := cluster.StartT(t, cluster.Options{})
	l := startLoad(t, c, "wiped")
	l.more(t, 300)
	n := c.Node(which)
	before := ask(t, n, "CLUSTER", "MYID")
	kill(t, n)
	l.more(t, 300)
	if err := n.Wipe(); err != nil {
		t.Fatal(err)
	}
	restart(t, n)
	wholeAgain(t, c)
	if after := ask(t, n, "CLUSTER", "MYID"); after == before {
		t.Fatal("a wiped node has its old id")
	}
	for shard := 1; shard <= 6; shard++ {
		until(t, "fresh replica", func() error {
			if v, l := info(t, n, shard, "voters"), info(t, n, shard, "learners"); v != "3" || l != "0" {
				return fmt.Errorf("shard %d there has %q voters, %q learners", shard, v, l)
			}
			return nil
		})
	}
	l.more(t, 300) // and with them the end of the last joint configuration is committed
	until(t, "one cluster of three nodes", func() error {
		for _, o := range c.Nodes() {
			if got := countLines(ask(t, o, "CLUSTER", "NODES")); got != 3 {
				return fmt.Errorf("%s knows %d nodes", o.Name, got)
			}
		}
		return nil
	})
	// The other two may now go in turn: the fresh replicas carry their part.
	for _, o := range c.Nodes() {
		if o != n {
			kill(t, o)
			l.more(t, 100)
			restart(t, o)
			wholeAgain(t, c)
		}
	}
	l.check(t)
}

// A disk that is lost again before its first loss is made good leaves one node in the end, which keeps what it
// is given.
func TestWipedOverAndOver(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{})
	l := startLoad(t, c, "again")
	n := c.Node(2)
	for range 3 {
		l.more(t, 200)
		kill(t, n)
		if err := n.Wipe(); err != nil {
			t.Fatal(err)
		}
		restart(t, n)
	}
	wholeAgain(t, c)
	ids := replicaIDs(t, n)
	l.more(t, 2000)
	if now := replicaIDs(t, n); !slices.Equal(now, ids) {
		t.Errorf("its replicas were %v, and are %v", ids, now)
	}
	wholeAgain(t, c)
	l.check(t)
}

// replicaIDs are those of a node in all six shards.
func replicaIDs(t *testing.T, n *cluster.Node) (ids []string) {
	t.Helper()
	for shard := 1; shard <= 6; shard++ {
		ids = append(ids, info(t, n, shard, "replica"))
	}
	return ids
}

func countLines(s string) (n int) {
	for _, r := range s {
		if r == '\n' {
			n++
		}
	}
	return n
}

// A follower that was away while the log was truncated catches up by snapshot, while writes go on.
func TestAwayWhileTheLogIsTruncated(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{Shards: 1, Flags: []string{"--snapshot-entries", "100", "--keep-entries", "10"}})
	l := startLoad(t, c, "away")
	l.more(t, 200)
	leader, err := c.LeaderOf(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	away := c.Node((leader.Index + 1) % 3)
	behind := applied(t, away)
	kill(t, away)
	until(t, "a snapshot past the node that is away", func() error {
		l.more(t, 200)
		first, _ := strconv.Atoi(info(t, leader, 1, "snapshot"))
		if first < behind+100 {
			return fmt.Errorf("newest snapshot at %d, the node stopped at %d", first, behind)
		}
		return nil
	})
	restart(t, away)
	until(t, "catching up", func() error {
		if a, b := applied(t, away), applied(t, leader); a < b-50 {
			return fmt.Errorf("applied %d of %d", a, b)
		}
		return nil
	})
	wholeAgain(t, c)
	// It counts as a voter with all data: the others go, one by one.
	for _, o := range c.Nodes() {
		if o != away {
			kill(t, o)
			l.more(t, 50)
			restart(t, o)
			wholeAgain(t, c)
		}
	}
	l.check(t)
}

func applied(t *testing.T, n *cluster.Node) int {
	t.Helper()
	v, _ := strconv.Atoi(info(t, n, 1, "applied"))
	return v
}

// A leader that is paused for longer than an election takes acknowledges and reads nothing on its own when
// it wakes.
func TestPausedLeaderIsHarmless(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{})
	l := startLoad(t, c, "paused")
	for shard := 1; shard <= 2; shard++ {
		l.more(t, 200)
		n, err := c.LeaderOf(t.Context(), shard)
		if err != nil {
			t.Fatal(err)
		}
		if err := n.Pause(); err != nil {
			t.Fatal(err)
		}
		l.more(t, 300)
		if err := n.Resume(); err != nil {
			t.Fatal(err)
		}
		wholeAgain(t, c)
	}
	l.check(t)
}

// SIGTERM hands the leadership over first: a node that is gone had led nothing any more, and the others say that
// they lead its shards.
func TestTermHandsOver(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{})
	spread(t, c)
	l := startLoad(t, c, "term")
	for _, n := range c.Nodes() {
		l.more(t, 200)
		led := termsLed(t, c, func(leader int) bool { return leader == n.Index })
		if err := n.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if tail := n.LogTail(20); !strings.Contains(tail, "leads nothing any more") {
			t.Errorf("%s has handed over nothing:\n%s", n.Name, tail)
		}
		until(t, "the others lead", func() error {
			elsewhere := termsLed(t, c, func(leader int) bool { return leader >= 0 })
			for shard, term := range led {
				if elsewhere[shard] <= term {
					return fmt.Errorf("shard %d: term %d, it was %d", shard, elsewhere[shard], term)
				}
			}
			return nil
		})
		l.more(t, 200)
		restart(t, n)
		wholeAgain(t, c)
	}
	l.check(t)
}

// termsLed are the terms of the shards whose leader, the index of a node, is one of those asked for.
func termsLed(t *testing.T, c *cluster.Cluster, by func(leader int) bool) map[int]uint64 {
	t.Helper()
	shards, err := c.Shards(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := map[int]uint64{}
	for _, s := range shards {
		if by(s.Leader) {
			out[s.ID] = s.Term
		}
	}
	return out
}

// WAIT counts the followers whose disks hold the connection's last write.
func TestWaitCountsFollowers(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{Shards: 1})
	n, err := c.LeaderOf(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	replies, err := client.AskAll(t.Context(), n.Client, patience, []string{"SET", "k", "v"}, []string{"WAIT", "2", "10000"})
	if err != nil || replies[1].Int != 2 {
		t.Fatalf("%v %v", replies, err)
	}
}
