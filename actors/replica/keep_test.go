package replica

import (
	"strings"
	"testing"
)

// kept is how many entries a node's disk has behind its snapshot.
func kept(n *node) uint64 {
	st := n.disk.now.load()
	return st.Snapshot.Index - st.Truncated.Index
}

// A log of large entries is cut by their bytes, one of small ones by their number, and so it is where a replica lives no
// longer than from one snapshot to the next.
func TestLargeEntriesAreNotKeptByTheirNumber(t *testing.T) {
	for _, size := range []int{10, 4000} {
		c := newCluster(t, 1, 1, 1)
		c.every, c.keep, c.keepBytes = 10, 30, 80_000
		c.startAll()
		n := c.elect()
		for range 6 {
			for range 16 {
				c.must(c.send(n, kindWrite, "set", "k", strings.Repeat("v", size)), "+OK")
				c.tick(1)
			}
			c.tick(heartbeatTicks)
			c.kill(n)
			c.start(n)
			c.elect()
		}
		switch k := kept(n); {
		case size < 1000 && k != c.keep:
			t.Errorf("%d small entries are kept, want %d", k, c.keep)
		case size > 1000 && (k*uint64(size) > uint64(c.keepBytes)+uint64(size) || (k+2)*uint64(size) < uint64(c.keepBytes)): // there are small ones too
			t.Errorf("%d entries of %d bytes are kept, want %d bytes", k, size, c.keepBytes)
		}
	}
}

// Of a large snapshot a quarter stays, and while one is being sent all that the number of entries allows.
func TestKeptBehindALargeSnapshot(t *testing.T) {
	c := newCluster(t, 1, 1, 1)
	c.every, c.keep, c.keepBytes = 20, 100, 10
	c.startAll()
	n := c.elect()
	for i := range 45 {
		c.must(c.send(n, kindWrite, "set", string(rune('a'+i)), strings.Repeat("v", 1000)), "+OK")
		c.tick(1)
	}
	c.tick(heartbeatTicks)
	st := n.disk.now.load()
	meta, err := decodeSnapMeta(st.Snapshot.Meta, st.Snapshot.ConfState)
	if err != nil {
		t.Fatal(err)
	}
	quarter := meta.Size / keepPart
	if bytes := int64(kept(n)) * 1000; quarter < 5000 || bytes < quarter-1000 || bytes > quarter+2000 {
		t.Errorf("%d bytes are kept behind a snapshot of %d", bytes, meta.Size)
	}
	r := &replica{cfg: &Config{Shard: testShard, Log: n.disk, KeepEntries: 15, KeepBytes: 10}}
	for sends, want := range []uint64{st.Snapshot.Index - 1, st.Snapshot.Index - 15} {
		r.snaps.sends = sends
		if got := r.keepAfter(st.Snapshot.Index); got != want {
			t.Errorf("with %d sent, what is behind %d is kept, want %d", sends, got, want)
		}
	}
}

// A follower that lags by more than is kept is sent the snapshot, and follows then.
func TestFollowerBehindTheCutFollowsAgain(t *testing.T) {
	c := newCluster(t, 7, 3, 3)
	c.every, c.keep, c.keepBytes = 20, 100, 3000
	c.startAll()
	lead := c.elect()
	var lags *node
	for _, n := range c.nodes {
		if n != lead {
			lags = n
		}
	}
	c.kill(lags)
	write := func() {
		for range 60 {
			c.must(c.send(lead, kindWrite, "set", "k", strings.Repeat("v", 1000)), "+OK")
			c.tick(1)
		}
	}
	write()
	if k := kept(lead); k > 5 {
		t.Fatalf("%d entries are kept", k)
	}
	before := lags.disk.now.load().Snapshot.Index
	c.start(lags)
	write()
	c.tick(10 * heartbeatTicks)
	st := lags.disk.now.load()
	if st.Snapshot.Index <= before || st.Last != lead.disk.now.load().Last {
		t.Errorf("it has a snapshot at %d and entries up to %d, its leader up to %d", st.Snapshot.Index, st.Last, lead.disk.now.load().Last)
	}
}
