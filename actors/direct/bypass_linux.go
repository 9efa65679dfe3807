package direct

import (
	"github.com/cockroachdb/pebble/v2/vfs"
	"golang.org/x/sys/unix"
)

// Bypass has a file read and written past the page cache from now on, and reports whether it can be. Offsets, lengths and
// memory must be multiples of BlockSize then. Even so a file system may refuse each single one with EINVAL, see Unset.
func Bypass(f vfs.File) bool {
	return f.Fd() != vfs.InvalidFd && setDirect(f.Fd(), true) == nil
}

// Unset takes Bypass back.
func Unset(f vfs.File) error { return setDirect(f.Fd(), false) }

func setDirect(fd uintptr, on bool) error {
	flags, err := unix.FcntlInt(fd, unix.F_GETFL, 0)
	if err != nil {
		return err
	}
	flags &^= unix.O_DIRECT
	if on {
		flags |= unix.O_DIRECT
	}
	_, err = unix.FcntlInt(fd, unix.F_SETFL, flags)
	return err
}
