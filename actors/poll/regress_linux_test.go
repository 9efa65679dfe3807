package poll

import (
	"os"
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

// TestDeadlineMovedDuringWrite may end the Write at either deadline.
func TestDeadlineMovedDuringWrite(t *testing.T) {
	f := start(t)
	_, c := f.connect(narrow)
	for n := 1; n > 0; { // until nothing is under way to the client, so that there is one wait
		c.SetWriteDeadline(time.Now().Add(time.Second / 10))
		n, _ = c.Write(pattern(large))
	}
	c.SetWriteDeadline(time.Now().Add(time.Second / 4))
	done := writing(c, pattern(large))
	f.until("Write blocks", func() bool { return blocked(c) || len(done) > 0 })
	c.SetWriteDeadline(time.Now().Add(time.Second / 2))
	wantErr(t, "Write", receive(f, "Write returns", done).err, os.ErrDeadlineExceeded)
}

// TestRunAgainBesideItsEnd has a run that was set aside schedule its connection again and end while that next run goes
// on, as the mailbox does after Throughput turns.
func TestRunAgainBesideItsEnd(t *testing.T) {
	f := start(t)
	_, a := f.connect(0)
	_, b := f.connect(0)
	var busy, other atomic.Bool
	begun, ended := make(chan struct{}), make(chan struct{})
	again := func() {
		busy.Store(true)
		close(begun)
		for range 10_000 {
			runtime.Gosched()
		}
		busy.Store(false)
		close(ended)
	}
	a.Schedule(func() {
		a.Aside()
		a.Schedule(again)
		b.Schedule(func() { other.Store(busy.Load()) })
		<-begun
	})
	receive(f, "the next run ends", ended)
	if other.Load() {
		t.Fatal("two runs at a time")
	}
}
