package replica

import (
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
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

// discardFile deletes a file that nobody reads. It does not wait for a large one.
func discardFile(fs vfs.FS, path string) error {
	f := openLarge(fs, path)
	err := fs.Remove(path)
	if f == nil {
		return err
	}
	go func() {
		discards <- struct{}{}
		defer func() { <-discards }()
		shrink(f)
		f.Close()
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

// shrink cuts a file off from its end, as far as the file system can.
func shrink(f vfs.File) {
	info, err := f.Stat()
	if err != nil {
		return
	}
	for size := info.Size() - discardPiece; size > 0; size -= discardPiece {
		if truncate(f, size) != nil {
			return
		}
		time.Sleep(discardPause)
	}
}
