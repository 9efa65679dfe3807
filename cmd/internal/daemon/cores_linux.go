package daemon

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// onlineCPUs is how many processors the machine has, whichever of them this process may run on.
func onlineCPUs() int {
	list, err := os.ReadFile("/sys/devices/system/cpu/online")
	if n := countCPUs(strings.TrimSpace(string(list))); err == nil && n > 0 {
		return n
	}
	return runtime.NumCPU()
}

// countCPUs counts a list as of 0-3,8; 0 if it is none.
func countCPUs(list string) (n int) {
	for part := range strings.SplitSeq(list, ",") {
		var first, last int
		if got, _ := fmt.Sscanf(part, "%d-%d", &first, &last); got == 1 {
			last = first
		} else if got != 2 {
			return 0
		}
		n += max(0, last-first+1)
	}
	return n
}
