package raftlog

import (
	"errors"

	"github.com/cockroachdb/pebble/v2/vfs"
	"golang.org/x/sys/unix"
)

// mapFile maps the first size bytes of a file and writes zeros behind the first used ones: a page without a place on
// the disk could not be stored to once the disk is full.
func mapFile(f vfs.File, used, size int) ([]byte, error) {
	if f.Fd() == vfs.InvalidFd {
		return nil, errors.ErrUnsupported
	}
	if _, err := f.WriteAt(make([]byte, size-used), int64(used)); err != nil {
		return nil, err
	}
	return unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
}

// unmapFile ends a mapping; nil is none.
func unmapFile(b []byte) error {
	if b == nil {
		return nil
	}
	return unix.Munmap(b)
}
