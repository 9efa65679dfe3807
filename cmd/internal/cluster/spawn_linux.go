package cluster

import (
	"fmt"
	"sync"
	"syscall"

	"github.com/troupedb/troupe/cmd/internal/faultdisk"
)

func childAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// hideMounts gives the spawner's thread, and with it the nodes, mounts of their own: they go with the last
// process that sees them, however it ends. What the machine mounts later is seen here too.
// REQUIRES: called on the spawner's thread.
var hideMounts = sync.OnceValue(func() error {
	if err := syscall.Unshare(syscall.CLONE_NEWNS); err != nil {
		return fmt.Errorf("%w: unshare: %w", faultdisk.ErrUnavailable, err)
	}
	return syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_SLAVE, "")
})
