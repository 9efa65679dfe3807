package daemon

import "testing"

// The kernel counts what a thread of this process runs.
func TestThreadTimes(t *testing.T) {
	before, ok := threadTimes()
	if !ok {
		t.Skip("this kernel does not tell how long threads wait (CONFIG_SCHED_INFO)")
	}
	for n := 0; ; n++ {
		after, ok := threadTimes()
		if !ok || after.waited < 0 {
			t.Fatal(after, ok)
		}
		if after.ran > before.ran {
			return
		}
		if n == 1e6 {
			t.Fatalf("this thread has run for nothing: %v, %v", before, after)
		}
	}
}
