package daemon

import (
	"runtime"
	"testing"
)

func TestCPUsOfAList(t *testing.T) {
	for list, want := range map[string]int{
		"0": 1, "0-1": 2, "0-3,8": 5, "1,3,5-6": 4, "0-127": 128, "": 0, "x": 0, "0-1,x": 0, "3-1": 0,
	} {
		if got := countCPUs(list); got != want {
			t.Errorf("%q: %d", list, got)
		}
	}
	if n := onlineCPUs(); n < runtime.NumCPU() {
		t.Errorf("%d of them, and this process may run on %d", n, runtime.NumCPU())
	}
}
