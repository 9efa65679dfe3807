package gossip

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/troupedb/troupe/slotmap"
)

func TestConvergence(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 3, 5, 10} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			if n > 5 && testing.Short() {
				t.Skip("so many nodes of a race build keep a small machine from answering probes in time")
			}
			ms := startCluster(t, n, clusterX, key(1))
			for i, m := range ms {
				for term := uint64(1); term <= 5; term++ {
					m.change(delta(slotmap.ShardID(i+1), term))
				}
			}
			for i := range ms {
				agree(t, slotmap.ShardID(i+1), 5, ms...)
			}
			self := ms[0].Nodes()[0]
			if self.Client != "127.0.0.1:6379" || self.Gossip == "" || self.Boot == 0 {
				t.Errorf("node %+v", self)
			}
		})
	}
}

// TestLargeShardSpreads: a shard of thousands of runs takes many messages.
func TestLargeShardSpreads(t *testing.T) {
	t.Parallel()
	ms := startCluster(t, 3, clusterX)
	d := delta(1, 1)
	d.Runs = nil
	for slot := 0; slot < slotmap.Count; slot += 4 {
		d.Runs = append(d.Runs, slotmap.Run{Range: slotmap.Range{First: uint16(slot), Last: uint16(slot)}, Shard: 1, Epoch: uint64(1 + slot%7)})
	}
	ms[0].change(d)
	agree(t, 1, 1, ms...)
	if got := ms[2].current().Owned(); got != slotmap.Count/4 {
		t.Errorf("%d slots arrived", got)
	}
}

// TestMapIsPulled: a change that no message told of still arrives, by digest,
// as does a whole map at a node that comes late.
func TestMapIsPulled(t *testing.T) {
	t.Parallel()
	ms := startCluster(t, 3, clusterX)
	big := testMap(300)
	ms[1].take(MapReceived{big})
	agree(t, 300, 1, ms...)
	late := start(t, options{cluster: clusterX, join: []string{ms[2].Addr()}})
	agree(t, 300, 1, append(ms, late)...)
	if late.current().Owned() != slotmap.Count {
		t.Error("slots are missing")
	}
}

// TestNoMapWithoutCluster: an empty node neither gets the map nor gives one.
func TestNoMapWithoutCluster(t *testing.T) {
	t.Parallel()
	ms := startCluster(t, 2, clusterX)
	ms[0].change(delta(1, 1))
	agree(t, 1, 1, ms...)
	empty := start(t, options{join: []string{ms[0].Addr()}})
	empty.take(DeltaReceived{delta(9, 9)})
	empty.Publish(delta(9, 9))
	converged(t, append(ms, empty)...)
	empty.SetSelf(Node{Cluster: clusterX})
	agree(t, 9, 9, append(ms, empty)...)
}

func TestSelfChangesAreSeen(t *testing.T) {
	t.Parallel()
	ms := startCluster(t, 3, clusterX)
	ms[0].SetSelf(Node{Cluster: clusterX, Name: "renamed", LowSpace: true, Leaving: true})
	for _, m := range ms[1:] {
		eventually(t, "the new name", func() bool {
			return m.heard(func(e Event) bool {
				c, ok := e.(NodeChanged)
				return ok && c.Node.ID == ms[0].id && c.Node.Name == "renamed" && c.Node.LowSpace && c.Node.Leaving
			})
		})
	}
}

func TestLeaveAndDeath(t *testing.T) {
	t.Parallel()
	ms := startCluster(t, 4, clusterX)
	if err := ms[3].Leave(context30(t)); err != nil {
		t.Fatal(err)
	}
	ms[3].Close()
	ms[2].Close()
	down := func(m, gone *member, left bool) bool {
		return m.heard(func(e Event) bool {
			d, ok := e.(NodeDown)
			return ok && d.Node.ID == gone.id && d.Left == left
		})
	}
	for _, m := range ms[:2] {
		eventually(t, "a leave", func() bool { return down(m, ms[3], true) })
		eventually(t, "a death", func() bool { return down(m, ms[2], false) })
		if known := m.Known(); !slices.ContainsFunc(known, func(n Node) bool { return n.ID == ms[2].id }) ||
			slices.ContainsFunc(known, func(n Node) bool { return n.ID == ms[3].id }) {
			t.Errorf("known %v", known)
		}
	}
	if err := ms[3].Leave(context.Background()); err != ErrClosed {
		t.Errorf("leave after close: %v", err)
	}
	ms[3].Close()
}

func TestClocksArrive(t *testing.T) {
	t.Parallel()
	ms := startCluster(t, 2, clusterX)
	eventually(t, "a clock", func() bool {
		c := ms[0].Clocks()
		if len(c) != 1 || c[0].Node != ms[1].id {
			return false
		}
		cfg := ms[0].cfg
		off := time.Duration((c[0].Wall-c[0].Mono)-(cfg.Wall()-cfg.Mono())) * time.Millisecond
		return off.Abs() <= c[0].RTT+3*time.Millisecond // of rounding
	})
}

// TestEventsMayCallBack: the receiver of events may use the Gossip.
func TestEventsMayCallBack(t *testing.T) {
	t.Parallel()
	ms := startCluster(t, 2, clusterX)
	done := make(chan struct{})
	first := true
	var g *Gossip
	ready := make(chan struct{})
	g, err := Start(Config{
		Self: Node{ID: slotmap.NodeID{42}, Cluster: clusterX}, Bind: freeAddr(t), Join: []string{ms[0].Addr()},
		Events: func(e Event) {
			<-ready
			g.Nodes()
			g.Known()
			g.SetSelf(Node{Cluster: clusterX, Name: "called back"})
			g.Publish(delta(5, 5))
			if first {
				first = false
				close(done)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	close(ready)
	t.Cleanup(g.Close)
	<-done
	agree(t, 5, 5, ms...)
}
