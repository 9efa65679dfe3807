package segment

import (
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/troupedb/troupe/actors/direct"
)

// A file that grows makes the file system write its own log at each sync, for about as much as the sync takes. So the
// next segment's file is filled with zeros while the tail is written, as far as that has come, unless one is there to be
// used again. Where frames are large there are few syncs in a segment, and the zeros would cost more than they save,
// although a thread waits for most writes to a file that grows (package direct): it is not filled. reserve does that. A nil one
// does nothing.
type reserve struct {
	file *file
	size int64         // of the file
	tail int64         // of the segment before
	want atomic.Int64  // bytes
	wake chan struct{} // want has grown by fillStep
	stop chan struct{}
	done chan struct{}
	told int64
}

const (
	fillStep  = 1 << 20
	fillEvery = 256 << 10
	// What a frame may have on average for the next file to be filled: by estimate, at 300 MB/s and 0.4 ms a write, so many
	// zeros take as long as one write of the file system's log.
	fillFrame = 128 << 10
)

func newReserve(opts *Options, f *file, tail, size int64) *reserve {
	r := &reserve{file: f, size: size, tail: tail, wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{})}
	go r.run(opts)
	return r
}

// advance says how far the tail has come.
func (r *reserve) advance(tail *segment) {
	if r == nil || tail.end-r.told < fillEvery {
		return
	}
	r.told = tail.end
	if tail.end > tail.frames*fillFrame {
		return
	}
	r.want.Store((tail.end + r.tail/8) * r.size / r.tail)
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// restart says that another tail was begun.
func (r *reserve) restart() {
	if r != nil {
		r.told = 0
	}
}

// take ends the filling and returns the file.
func (r *reserve) take() *file {
	if r == nil {
		return nil
	}
	close(r.stop)
	<-r.done
	return r.file
}

// run fills the file. What fails is left to the segment that needs it.
func (r *reserve) run(opts *Options) {
	defer close(r.done)
	w, err := opts.FS.OpenReadWrite(r.file.name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return
	}
	defer w.Close()
	opts.bypass(w)
	var zeros []byte
	for filled := int64(0); filled < r.size; {
		select {
		case <-r.stop:
			return
		case <-r.wake:
		}
		if zeros == nil {
			zeros = direct.Buffer(fillStep)
		}
		for want := min(r.want.Load(), r.size); filled < want; filled += fillStep {
			if _, err := w.WriteAt(zeros, filled); err != nil || r.stopped() {
				return
			}
		}
	}
	_ = w.SyncData()
}

func (r *reserve) stopped() bool {
	select {
	case <-r.stop:
		return true
	default:
		return false
	}
}
