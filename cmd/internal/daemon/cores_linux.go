package daemon

import (
	"fmt"
	"os"
	"path/filepath"
)

// threadTimes asks the kernel (Documentation/scheduler/sched-stats). It reports false where it does not tell, or of more
// threads than are worth asking for.
func threadTimes() (sum times, ok bool) {
	const tasks = "/proc/self/task"
	dir, err := os.Open(tasks)
	if err != nil {
		return sum, false
	}
	defer dir.Close()
	names, err := dir.Readdirnames(mostThreads + 1)
	if err != nil || len(names) > mostThreads {
		return sum, false
	}
	for _, name := range names {
		line, err := os.ReadFile(filepath.Join(tasks, name, "schedstat"))
		if os.IsNotExist(err) { // it has ended
			continue
		}
		var t times
		if _, scanned := fmt.Sscan(string(line), &t.ran, &t.waited); err != nil || scanned != nil {
			return sum, false
		}
		sum.ran, sum.waited = sum.ran+t.ran, sum.waited+t.waited
	}
	return sum, sum.ran > 0
}
