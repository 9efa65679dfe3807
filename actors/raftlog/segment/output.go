package segment

import (
	"cmp"
	"errors"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/troupedb/troupe/actors/direct"
)

const (
	bufferSize = 4 << 20   // what one system call writes: the end of each is learnt of when this goroutine has its turn again
	slideSize  = 512 << 10 // of the buffer is used, unless more is written at once
	blockSize  = direct.BlockSize
)

// output writes frames one after the other to a file, past the page cache where that can be. The block that is not full is
// written again with what follows.
type output struct {
	file   vfs.File
	direct bool
	queue  *direct.Queue // nil: there is none
	told   bool          // NoAsync was called
	buf    []byte        // bufferSize, aligned
	n      int           // bytes of it that belong to the file
	offset int64         // of buf in the file
}

// open begins at the beginning of a file that exists.
func (o *output) open(opts *Options, name string) error {
	f, err := opts.FS.OpenReadWrite(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	if o.buf == nil {
		o.buf = direct.Buffer(bufferSize)
	}
	err = o.closeFile()
	o.file, o.n, o.offset, o.direct = f, 0, 0, opts.bypass(f)
	if o.direct && o.queue == nil {
		o.openQueue(opts, direct.NewQueue)
	}
	return err
}

// openQueue leaves it at none where there can be none: a thread waits for each write then.
func (o *output) openQueue(opts *Options, open func(*atomic.Uint64) (*direct.Queue, error)) {
	q, err := open(cmp.Or(opts.Async, &atomic.Uint64{}))
	if err == nil {
		o.queue = q
	} else if opts.NoAsync != nil && !o.told {
		o.told = true
		opts.NoAsync(err)
	}
}

func (o *output) closeFile() error {
	if o.file == nil {
		return nil
	}
	f := o.file
	o.file = nil
	return f.Close()
}

func (o *output) close() error {
	err := o.closeFile()
	if o.queue != nil {
		err = errors.Join(err, o.queue.Close())
		o.queue = nil
	}
	return err
}

// write adds a header and its content. Synced, they are durable, and so is all before them; unsynced says that some of that
// is not yet.
func (o *output) write(header, content []byte, sync, unsynced bool) error {
	o.n += copy(o.buf[o.n:], header) // there is always room for one
	from := o.n - len(header)
	for {
		n := copy(o.buf[o.n:], content)
		o.n, content = o.n+n, content[n:]
		if len(content) == 0 && o.n+frameHeader <= bufferSize {
			break
		}
		if err := o.flush(from, false); err != nil {
			return err
		}
		unsynced, from = true, o.n
	}
	if err := o.flush(from, sync && !unsynced); err != nil {
		return err
	}
	if sync && unsynced {
		return o.sync()
	}
	return nil
}

func (o *output) sync() error { return o.file.SyncData() }

// flush writes buf, of which the file has all before from, and keeps the block that is not full.
func (o *output) flush(from int, sync bool) error {
	lo, hi := from, o.n
	if o.direct {
		lo, hi = from&^(blockSize-1), (o.n+blockSize-1)&^(blockSize-1)
		clear(o.buf[o.n:hi])
	}
	if err := o.put(o.buf[lo:hi], o.offset+int64(lo), sync); err != nil {
		return err
	}
	if full := o.n &^ (blockSize - 1); full > 0 && o.n > slideSize {
		o.n = copy(o.buf, o.buf[full:o.n])
		o.offset += int64(full)
	}
	return nil
}

var errShort = errors.New("short write")

func (o *output) plain(p []byte, at int64, sync bool) error {
	n, err := o.file.WriteAt(p, at)
	if err != nil {
		return err
	}
	if n < len(p) {
		return errShort
	}
	if sync {
		return o.file.SyncData()
	}
	return nil
}
