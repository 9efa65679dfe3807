package cluster

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
)

// spawner starts all children from one thread that never ends: the system kills a child when the thread
// that started it ends, which is not always when the program does.
var spawner = sync.OnceValue(func() chan<- func() {
	work := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range work {
			f()
		}
	}()
	return work
})

// spawn starts cmd so that it dies with this program and does not get its Ctrl-C.
func spawn(cmd *exec.Cmd) error {
	cmd.SysProcAttr = childAttr()
	return onSpawner(cmd.Start)
}

// onSpawner calls f on the thread that starts children, whose view of the world they inherit.
func onSpawner(f func() error) error {
	result := make(chan error)
	spawner() <- func() { result <- f() }
	return <-result
}

// environment is ours without TROUPE_*, which would be read as flags of the nodes, and with extra.
func environment(extra []string) []string {
	var env []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "TROUPE_") {
			env = append(env, kv)
		}
	}
	return append(env, extra...)
}
