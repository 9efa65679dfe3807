//go:build unix

package discard

import (
	"github.com/cockroachdb/pebble/v2/vfs"
	"golang.org/x/sys/unix"
)

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
