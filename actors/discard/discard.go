package discard

import (
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Piece is how many bytes a file loses at a time. A file no larger is just deleted.
const Piece = 8 << 20

// pause is between two pieces, of one file or of two.
const pause = 10 * time.Millisecond

// shrinking lets one file of this process shrink at a time.
var shrinking = make(chan struct{}, 1)

var pending atomic.Int64

// Pending is how many files of this process have lost their names and not all of their blocks yet, each with a handle and a
// goroutine. Whoever deletes many waits while it is high. Any goroutine.
func Pending() int { return int(pending.Load()) }

// File deletes a file. REQUIRES: nobody reads it any more, by a handle either, which would find its end too early. Any
// goroutine; it does not wait for the blocks of a large file. An error is that of deleting its name.
func File(fs vfs.FS, path string) error {
	f := openLarge(fs, path)
	err := fs.Remove(path)
	switch {
	case f == nil:
	case err != nil:
		f.Close()
	default:
		pending.Add(1)
		go func() {
			shrinking <- struct{}{}
			shrink(f, func() { time.Sleep(pause) })
			f.Close()
			time.Sleep(pause)
			pending.Add(-1)
			<-shrinking
		}()
	}
	return err
}
