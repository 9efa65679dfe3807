//go:build unix

package replica

import (
	"errors"

	"github.com/cockroachdb/pebble/v2/vfs"
	"golang.org/x/sys/unix"
)

// truncate makes a file shorter, if it is one of the operating system's.
func truncate(f vfs.File, size int64) error {
	if f.Fd() == vfs.InvalidFd {
		return errors.ErrUnsupported
	}
	return unix.Ftruncate(int(f.Fd()), size)
}
