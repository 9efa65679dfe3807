package daemon

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// By default Linux wakes a sleeping thread at most 50 µs late (prctl(2), PR_SET_TIMERSLACK). The runtime's
// monitor sleeps 20 µs at a time while goroutines come and go, and so wakes up some 14,000 times a second: a
// tenth of what a node under load costs. No timer of a node is finer than a millisecond.
const (
	defaultSlack = 50 * time.Microsecond
	slack        = 500 * time.Microsecond
)

// relaxTimers gives this process the slack. Threads take it from their creator, and the monitor is there before
// main, so the process begins anew, under the same pid. It does so once, and not where somebody has set a slack
// of his own; where it can't, all goes on as before.
func relaxTimers() {
	got, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	if err != nil || time.Duration(got) != defaultSlack {
		return
	}
	self, err := os.Executable()
	if err != nil || unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(slack), 0, 0, 0) != nil {
		return
	}
	_ = syscall.Exec(self, os.Args, os.Environ())
}
