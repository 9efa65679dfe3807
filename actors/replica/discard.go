package replica

import (
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"golang.org/x/sys/unix"
)

// A file system gives the blocks of a file back when its last name and handle are gone, all at once: for a gigabyte that
// took 0.4 s, in which syncs of other files waited as well. So a large file loses its name at once and its blocks piece
// by piece.
const (
	discardPiece = 8 << 20               // bytes; a file no larger is just deleted
	discardPause = 10 * time.Millisecond // between two pieces
)

// discards lets one file of this process shrink at a time.
var discards = make(chan struct{}, 1)

// discardFile deletes a file that nobody reads. Any goroutine; it does not wait for the blocks of a large file.
func discardFile(fs vfs.FS, path string) error {
	f := openLarge(fs, path)
	err := fs.Remove(path)
	if f == nil {
		return err
	}
	go func() {
		discards <- struct{}{}
		defer func() { <-discards }()
		defer f.Close()
		if err == nil {
			shrink(f, func() { time.Sleep(discardPause) })
		}
	}()
	return err
}

// openLarge opens a file that is worth it, or returns nil.
func openLarge(fs vfs.FS, path string) vfs.File {
	if info, err := fs.Stat(path); err != nil || info.Size() <= discardPiece {
		return nil
	}
	f, err := fs.OpenReadWrite(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil
	}
	return f
}

// shrink cuts a file off from its end, if it is one of the operating system's and has no name any more.
func shrink(f vfs.File, pause func()) {
	var st unix.Stat_t
	if f.Fd() == vfs.InvalidFd || unix.Fstat(int(f.Fd()), &st) != nil || st.Nlink > 0 {
		return
	}
	for size := st.Size - discardPiece; size > 0; size -= discardPiece {
		if unix.Ftruncate(int(f.Fd()), size) != nil {
			return
		}
		pause()
	}
}
