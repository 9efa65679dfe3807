package raftlog

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

var (
	seedFlag  = flag.Uint64("seed", 1, "first seed of the crash tests")
	seedsFlag = flag.Uint64("seeds", 12, "number of seeds of the crash tests")
)

// crash is a disk as a power failure left it, and the turns between which it must be, or the messages where a turn is
// committed by pieces.
type crash struct {
	fs        *vfs.MemFS
	low, high int // the last one that was acknowledged as durable; the one under way
}

// crasher runs the model on a disk that is cloned, with some of the unsynced data, before writes.
type crasher struct {
	rng *rand.Rand
	mem *vfs.MemFS

	mu        sync.Mutex
	low, high int
	crashes   []crash
	every     int
}

func (c *crasher) MaybeError(op errorfs.Op) error {
	if op.Kind.ReadOrWrite() != errorfs.OpIsWrite {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rng.IntN(c.every) > 0 {
		return nil
	}
	percent := []int{0, 20, 60, 100}[c.rng.IntN(4)]
	clone := c.mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: c.rng})
	c.crashes = append(c.crashes, crash{clone, c.low, c.high})
	return nil
}

func (c *crasher) String() string { return "crasher" }

func (c *crasher) at(low, high int) {
	c.mu.Lock()
	c.low, c.high = low, high
	c.mu.Unlock()
}

func TestCrashes(t *testing.T) {
	total := 0
	for i := range *seedsFlag {
		total += testCrashes(t, *seedFlag+i)
	}
	t.Logf("%d crash points", total)
	if *seedsFlag >= 12 && total < 600 {
		t.Fatalf("only %d crash points", total)
	}
}

func testCrashes(t *testing.T, seed uint64) int {
	rng := rand.New(rand.NewPCG(seed, 1))
	mem := vfs.NewCrashableMem()
	c := &crasher{rng: rand.New(rand.NewPCG(seed, 2)), mem: mem, every: 8}
	cfg := config(t, errorfs.Wrap(mem, c))
	if seed%2 == 0 {
		cfg.segmentSize = 16 << 10 // files that are given up and used again as well
	}
	pieces := seed%3 == 0
	if pieces {
		cfg.fullBytes = 200
	}
	m := &model{choose: rng.IntN}
	states := []string{m.dump()}
	l := mustOpen(t, cfg)
	low := 0
	for range 150 {
		var msgs []any
		durable, synced := low, false
		for left := rng.IntN(4); left >= 0; left-- {
			msg, sync := m.next()
			msgs, synced = append(msgs, msg), synced || sync
			if pieces || left == 0 {
				states = append(states, m.dump())
				if synced {
					durable, synced = len(states)-1, false
				}
			}
		}
		c.at(low, len(states)-1)
		turn(l, msgs...)
		low = durable
		c.at(low, len(states)-1)
		if rng.IntN(40) == 0 {
			mustClose(t, l)
			low = len(states) - 1
			l = mustOpen(t, cfg)
		}
	}
	mustClose(t, l)
	for i, at := range c.crashes {
		at.check(t, fmt.Sprintf("seed %d, crash %d", seed, i), cfg, states)
	}
	return len(c.crashes)
}

// check opens the disk twice: it must say the same both times, and be one of the states in question.
func (c *crash) check(t *testing.T, name string, cfg Config, states []string) {
	t.Helper()
	cfg.FS = c.fs
	l, err := Open(cfg)
	if err != nil {
		t.Fatalf("%s: states %d to %d: %v", name, c.low, c.high, err)
	}
	got := dumpLog(t, l)
	mustClose(t, l)
	found := false
	for i := c.low; i <= c.high; i++ {
		found = found || states[i] == got
	}
	if !found {
		t.Fatalf("%s: is at none of the states %d to %d:\n%s\nwant at least\n%s", name, c.low, c.high, got, states[c.low])
	}
	l = mustOpen(t, cfg)
	if again := dumpLog(t, l); again != got {
		t.Fatalf("%s: first\n%s\nthen\n%s", name, got, again)
	}
	if err := l.SetMetaNow("m", []byte("after")); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	mustClose(t, l)
}
