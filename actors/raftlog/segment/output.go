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
	has    int           // of them, that the file has
	offset int64         // of buf in the file
	dirty  bool          // the file has something that may not be durable
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
	o.file, o.n, o.has, o.offset, o.dirty, o.direct = f, 0, 0, 0, false, opts.bypass(f)
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

// when says when a frame reaches the disk.
type when uint8

const (
	later   when = iota // with the next one, which saves a write; at once if it is large
	now                 // a killed process leaves it there, a power failure may not
	durably             // and all before it
)

// write adds a header and its content.
func (o *output) write(header, content []byte, w when) error {
	if w == later && o.n+len(header)+len(content) <= slideSize {
		o.n += copy(o.buf[o.n:], header)
		o.n += copy(o.buf[o.n:], content)
		return nil
	}
	o.n += copy(o.buf[o.n:], header) // there is always room for one
	for {
		n := copy(o.buf[o.n:], content)
		o.n, content = o.n+n, content[n:]
		if len(content) == 0 && o.n+frameHeader <= bufferSize {
			break
		}
		if err := o.flush(false); err != nil {
			return err
		}
	}
	if w == durably {
		return o.sync()
	}
	return o.flush(false)
}

// sync makes durable what was added: by the write itself, where there is nothing else.
func (o *output) sync() error {
	if o.has < o.n {
		if err := o.flush(!o.dirty); err != nil {
			return err
		}
	}
	if !o.dirty {
		return nil
	}
	if err := o.file.SyncData(); err != nil {
		return err
	}
	o.dirty = false
	return nil
}

// flush writes what the file has not, and keeps the block that is not full.
func (o *output) flush(sync bool) error {
	lo, hi := o.has, o.n
	if o.direct {
		lo, hi = o.has&^(blockSize-1), (o.n+blockSize-1)&^(blockSize-1)
		clear(o.buf[o.n:hi])
	}
	if err := o.put(o.buf[lo:hi], o.offset+int64(lo), sync); err != nil {
		return err
	}
	o.dirty = o.dirty || !sync
	if full := o.n &^ (blockSize - 1); full > 0 && o.n > slideSize {
		o.n = copy(o.buf, o.buf[full:o.n])
		o.offset += int64(full)
	}
	o.has = o.n
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
