package replica

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a tick allows is written in it, what was not used is kept up to a bound, and what was too much is made up for.
func TestPace(t *testing.T) {
	var p pace
	written := func(slice int) (n int) {
		for p.allows(false) {
			p.wrote(slice)
			n += slice
		}
		return n
	}
	if n := written(1000); n != 0 {
		t.Errorf("%d bytes before a tick", n)
	}
	p.tick(false)
	if n := written(snapBlockSize); n != pacePerTick {
		t.Errorf("%d bytes in a tick", n)
	}
	for range 100 {
		p.tick(false)
	}
	if n := written(snapBlockSize); n != maxPace {
		t.Errorf("%d bytes after a while of nothing", n)
	}
	p.tick(false)
	p.wrote(10 * pacePerTick)
	ticks := 0
	for !p.allows(false) {
		p.tick(false)
		ticks++
	}
	if ticks != 10 {
		t.Errorf("%d ticks after a large slice", ticks)
	}
	p.wrote(1 << 40)
	for ticks = 0; !p.allows(false); ticks++ {
		p.tick(false)
	}
	if ticks != maxPaceDebt/pacePerTick+1 {
		t.Errorf("%d ticks after a slice of any size", ticks)
	}
}

// Where it is the number of entries that makes snapshots due, one is complete after a quarter of them.
func TestPaceFollowsEntries(t *testing.T) {
	const bytes, every = 1 << 30, 1 << 16
	p := newPace(bytes, every)
	entries := 0
	for left := bytes; left > 0; {
		if !p.allows(false) {
			p.grew(10, 10)
			entries += 10
			continue
		}
		p.wrote(snapBlockSize)
		left -= snapBlockSize
	}
	if entries < every/paceEntries*9/10 || entries > every/paceEntries+10 {
		t.Errorf("%d entries", entries)
	}
	p = newPace(bytes, bytes)
	if p.grew(100_000, 0); p.left != 100_000*(paceEntries+1) {
		t.Errorf("%d bytes for many entries", p.left)
	}
	if p = newPace(1<<62, 1); p.perEntry != maxPace {
		t.Errorf("%d bytes for each entry of a very large state", p.perEntry)
	}
	for _, p := range []pace{newPace(1<<62, 1), newPace(0, 1), newPace(1, 0)} {
		if p.grew(1, 0); p.left < 0 || p.left > maxPace {
			t.Errorf("%d bytes for an entry", p.left)
		}
	}
}

func TestPaceFollowsTheLog(t *testing.T) {
	var p pace
	total := 0
	for range 1000 {
		p.grew(1, 10_000)
		for p.allows(false) {
			p.wrote(1000)
			total += 1000
		}
	}
	if total != 1000*10_000*pacePerByte {
		t.Errorf("%d bytes", total)
	}
	p.grew(1<<40, 1<<40) // no overflow
	if p.left != maxEarned {
		t.Errorf("%d bytes left", p.left)
	}
	if p.tick(false); p.left != maxEarned {
		t.Errorf("%d bytes left after a tick", p.left)
	}
}

// Somebody who waits, or records in memory, are not kept waiting.
func TestPaceDoesNotHoldUp(t *testing.T) {
	var p pace
	p.wrote(1 << 20)
	if p.allows(false) || !p.allows(true) {
		t.Error("records in memory")
	}
	if p.tick(true); !p.allows(false) {
		t.Error("in a hurry")
	}
	p.wrote(1 << 20)
	if p.tick(false); p.allows(false) {
		t.Error("in a hurry no more")
	}
}

// pacedValue is small enough for a few keys to share a slice.
const pacedValue = snapBlockSize / 4

// pacedCluster is a single replica with so many keys of pacedValue bytes, of which a snapshot is taken with
// the first tick, if due.
func pacedCluster(t *testing.T, keys int, due bool) (*cluster, *node) {
	t.Helper()
	c := newCluster(t, 1, 1, 1)
	c.unobserved = true
	c.every = 1 << 40
	if due {
		c.bytes = int64(keys) * pacedValue * 9 / 10
	}
	c.startAll()
	n := c.elect()
	for i := range keys {
		c.must(c.send(n, kindWrite, "set", fmt.Sprint("key", i), strings.Repeat("v", pacedValue)), "+OK")
	}
	if n.disk.compacted != 0 {
		t.Fatal("a snapshot was taken too early")
	}
	return c, n
}

// A snapshot that nobody waits for takes its time, and less of it where the log grows.
func TestSnapshotKeepsItsPace(t *testing.T) {
	const keys = 1600
	for _, tc := range []struct{ each, perTick int }{
		{0, pacePerTick},
		{64 << 10, pacePerTick + pacePerByte*64<<10},
	} {
		c, n := pacedCluster(t, keys, true)
		ticks := 0
		for ; n.disk.compacted == 0 && ticks < 1000; ticks++ {
			if tc.each > 0 {
				c.must(c.send(n, kindWrite, "set", "other", strings.Repeat("w", tc.each)), "+OK")
			}
			c.tick(1)
		}
		if want := keys * pacedValue / tc.perTick; ticks < want*9/10 || ticks > want*11/10+2 {
			t.Errorf("%d ticks with %d bytes logged in each, want %d", ticks, tc.each, want)
		}
	}
}

// One that somebody waits for is written at once.
func TestSnapshotInAHurry(t *testing.T) {
	c, n := pacedCluster(t, 800, false)
	n.system.Root.Send(n.system.NewLocalPID("apply/shard/1/1"), &takeSnapshot{hurry: true})
	c.settle()
	if n.disk.compacted != 1 {
		t.Fatalf("%d snapshots without a tick", n.disk.compacted)
	}
}

// What changes before its turn is in memory until it is written, and is not kept waiting.
func TestSnapshotHoldsLittleInMemory(t *testing.T) {
	for name, change := range map[string]func(c *cluster, n *node){
		"key by key": func(c *cluster, n *node) {
			for i := range 800 { // each holds pacedValue and grows the log by a few bytes
				c.must(c.send(n, kindWrite, "del", fmt.Sprint("key", i)), ":1")
			}
		},
		"all at once": func(c *cluster, n *node) { c.must(c.send(n, kindWrite, "flushall"), "+OK") },
	} {
		c, n := pacedCluster(t, 800, true)
		c.tick(1)
		change(c, n)
		if held := 800*pacedValue - unfinished(t, c, n); held > maxHeld+1<<20 {
			t.Errorf("%s: %d bytes are in no file", name, held)
		}
	}
}

// A disk that is nearly full waits for the log to be cut.
func TestSnapshotOnANearlyFullDisk(t *testing.T) {
	c, n := pacedCluster(t, 800, true)
	c.tick(1)
	n.disk.low = true
	c.tick(1)
	if n.disk.compacted != 1 {
		t.Fatalf("%d snapshots after a tick", n.disk.compacted)
	}
}

// unfinished is the size of the file of a snapshot that is being taken; all that was given to it, where it is complete.
func unfinished(t *testing.T, c *cluster, n *node) int64 {
	t.Helper()
	if n.disk.compacted > 0 {
		return math.MaxInt64
	}
	files, err := filepath.Glob(filepath.Join(c.nodeDir(n), "*.tmp"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	info, err := os.Stat(files[0])
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// What the writer of a snapshot that was given up still says is not about the one under way.
func TestSnapshotIgnoresTheWriterOfAnother(t *testing.T) {
	c, n := pacedCluster(t, 800, true)
	c.tick(1)
	applier, other := n.system.NewLocalPID("apply/shard/1/1"), n.system.NewLocalPID("other")
	n.system.Root.Send(applier, &blockWritten{writer: other, err: errors.New("late")})
	n.system.Root.Send(applier, &blockWritten{writer: other, block: make([]byte, 10)})
	c.settle()
	for range 800 * pacedValue / pacePerTick * 11 / 10 {
		c.tick(1)
	}
	if n.disk.compacted != 1 {
		t.Errorf("%d snapshots", n.disk.compacted)
	}
}
