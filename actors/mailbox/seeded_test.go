package mailbox

import "testing"

// What a process has queued is not run after its end, and the rest is.
func TestNothingRunsAfterALife(t *testing.T) {
	s := NewSeeded(1)
	short, long := NewLife(s), NewLife(s)
	ran := [2]int{}
	for range 10 {
		short.Schedule(func() { ran[0]++ })
		long.Schedule(func() { ran[1]++ })
	}
	s.Run(5)
	before := ran[0]
	short.End()
	s.Run(100)
	if !short.Over() || long.Over() || ran != [2]int{before, 10} {
		t.Errorf("%v ran, %d of the first before its end", ran, before)
	}
}
