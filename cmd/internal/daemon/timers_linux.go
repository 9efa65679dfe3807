package daemon

import (
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// By default Linux wakes a sleeping thread at most 50 µs late (prctl(2), PR_SET_TIMERSLACK). The runtime's
// monitor sleeps 20 µs at a time while goroutines come and go, and so wakes up some 14,000 times a second: a
// sixth of what a node under load costs. No timer of a node needs to be finer than a few milliseconds. More slack
// saves little, and leaves a processor longer to a thread that waits for the disk.
const (
	defaultSlack = 50 * time.Microsecond
	slack        = time.Millisecond
)

// slackTried is set in the environment of the process that began anew: it never does so twice, whatever the
// system makes of the call.
const slackTried = "TROUPE_TIMERS_RELAXED"

// relaxTimers gives this process the slack. Threads take it from their creator, and the monitor is there before
// main, so the process begins anew, under the same pid; not where somebody has set a slack of his own, and where
// it can't, all goes on as before.
func relaxTimers() {
	if os.Getenv(slackTried) != "" {
		_ = os.Unsetenv(slackTried)
		return
	}
	runtime.LockOSThread() // whose slack the new process takes
	defer runtime.UnlockOSThread()
	got, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	if err != nil || time.Duration(got) != defaultSlack {
		return
	}
	self, err := os.Executable()
	if err != nil || unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(slack), 0, 0, 0) != nil {
		return
	}
	_ = syscall.Exec(self, os.Args, append(os.Environ(), slackTried+"=1"))
}
