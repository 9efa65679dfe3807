package daemon

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"
)

func TestWorthGiving(t *testing.T) {
	const mb = 1 << 20
	for name, c := range map[string]struct {
		live, objects, free, allocated uint64
		want                           bool
	}{
		"nothing to give":             {100 * mb, 100 * mb, 0, 0, false},
		"garbage":                     {100 * mb, 150 * mb, 0, 0, true},
		"free":                        {100 * mb, 100 * mb, 50 * mb, 0, true},
		"both together":               {10 * mb, 20 * mb, 7 * mb, 0, true},
		"little":                      {10 * mb, 26 * mb, 0, 0, false},
		"little for so much data":     {800 * mb, 850 * mb, 50 * mb, 0, false},
		"much for so much data":       {800 * mb, 850 * mb, 51 * mb, 0, true},
		"at work":                     {100 * mb, 190 * mb, 0, 16 * mb, false},
		"at rest but for its ticks":   {100 * mb, 190 * mb, 0, 5 * mb, true},
		"collected since it was read": {100 * mb, 90 * mb, 0, 0, false},
	} {
		was := heap{allocated: 7 * mb}
		now := heap{c.live, c.objects, c.free, was.allocated + c.allocated}
		if got := now.worthGiving(was); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// What a process does not need any more it has given back after the first look that finds it at rest, and not before.
func TestGiveAtRest(t *testing.T) {
	const blocks, size = 128, 1 << 20
	free := func() uint64 {
		s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/free:bytes"}}
		metrics.Read(s)
		return s[0].Value.Uint64() + s[1].Value.Uint64()
	}
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // what was live at the last collection does not count as garbage
	was, keep := readHeap(), make([][]byte, blocks)
	for i := range keep {
		keep[i] = make([]byte, size)
	}
	busy := free()
	was = was.look()
	if now := free(); now < busy-blocks*size/2 {
		t.Errorf("%d of %d bytes are left while it is at work", now, busy)
	}
	runtime.KeepAlive(keep)
	was.look()
	if now := free(); now > busy-blocks*size/2 {
		t.Errorf("%d of %d bytes are left at rest", now, busy)
	}
}

// Looks end with what they come from.
func TestLooksEnd(t *testing.T) {
	at := make(chan time.Time)
	ended := make(chan struct{})
	go func() { looks(at); close(ended) }()
	at <- time.Time{}
	close(at)
	<-ended
}
