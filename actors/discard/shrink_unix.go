//go:build unix

package discard

import (
	"github.com/cockroachdb/pebble/v2/vfs"
	"golang.org/x/sys/unix"
)

// openLarge opens a file that is worth it and can be cut off, or returns nil.
func openLarge(fs vfs.FS, path string) vfs.File {
	if info, err := fs.Stat(path); err != nil || info.Size() <= Piece {
		return nil
	}
	f, err := fs.OpenReadWrite(path, vfs.WriteCategoryUnspecified)
	switch {
	case err != nil:
		return nil
	case f.Fd() == vfs.InvalidFd:
		f.Close()
		return nil
	}
	return f
}

// shrink cuts a file off from its end, if it has no name any more.
func shrink(f vfs.File, pause func()) {
	var st unix.Stat_t
	if unix.Fstat(int(f.Fd()), &st) != nil || st.Nlink > 0 {
		return
	}
	for size := st.Size - Piece; size > 0; size -= Piece {
		if unix.Ftruncate(int(f.Fd()), size) != nil {
			return
		}
		pause()
	}
}
