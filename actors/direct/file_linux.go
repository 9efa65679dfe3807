package direct

import (
	"errors"
	"io"
	"os"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
	"golang.org/x/sys/unix"
)

// bufferSize is what is written at a time. What is synced meanwhile waits for it: a disk takes 256 KiB in less than a
// millisecond.
const bufferSize = 256 << 10

// File is a new file that is written from its beginning to its end.
type File struct {
	vfs.File
	fd     int
	name   string
	direct bool

	buf    *[bufferSize]byte
	n      int   // bytes of buf in use
	offset int64 // of buf in the file, a multiple of BlockSize
	dirty  bool  // there are bytes in buf that the file lacks
	err    error // of a write: what the file has is not known any more
}

// buffers are aligned. They go from file to file, for it is fresh memory that is dear.
var buffers = sync.Pool{New: func() any { return (*[bufferSize]byte)(Buffer(bufferSize)) }}

// Wrap has a file that was just created written past the page cache, if it can be. Else it returns f.
func Wrap(f vfs.File, name string) vfs.File {
	if !Bypass(f) {
		return f
	}
	return &File{File: f, fd: int(f.Fd()), name: name, direct: true}
}

// Write implements io.Writer. What was written is in the file after Sync, SyncData, Stat or Close.
func (f *File) Write(p []byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	if f.buf == nil {
		f.buf = buffers.Get().(*[bufferSize]byte)
	}
	written := 0
	for written < len(p) {
		n := copy(f.buf[f.n:], p[written:])
		f.n += n
		f.dirty = true
		if f.n == bufferSize {
			if err := f.write(bufferSize); err != nil {
				return written, err
			}
			f.offset += bufferSize
			f.n, f.dirty = 0, false
		}
		written += n
	}
	return written, nil
}

// write writes the first n bytes of the buffer, a multiple of BlockSize. Where it fails, all that follows does.
func (f *File) write(n int) error {
	for at := 0; at < n && f.err == nil; {
		done, err := unix.Pwrite(f.fd, f.buf[at:n], f.offset+int64(at))
		switch {
		case err == unix.EINTR:
		case err == unix.EINVAL && f.direct: // it was promised all the same
			f.direct = false
			if err := Unset(f.File); err != nil {
				f.err = f.failed("fcntl", err)
			}
		case err != nil:
			f.err = f.failed("write", err)
		case done < BlockSize:
			f.err = f.failed("write", io.ErrShortWrite)
		default:
			at += done &^ (BlockSize - 1)
		}
	}
	return f.err
}

// flush writes what is in the buffer, filled up to a block, and cuts the file to its size. The last block stays in the
// buffer, for more may follow.
func (f *File) flush() error {
	if !f.dirty || f.err != nil {
		return f.err
	}
	whole := (f.n + BlockSize - 1) &^ (BlockSize - 1)
	clear(f.buf[f.n:whole])
	if err := f.write(whole); err != nil {
		return err
	}
	if err := unix.Ftruncate(f.fd, f.offset+int64(f.n)); err != nil {
		f.err = f.failed("truncate", err)
		return f.err
	}
	f.dirty = false
	if full := f.n &^ (BlockSize - 1); full > 0 {
		f.n = copy(f.buf[:], f.buf[full:f.n])
		f.offset += int64(full)
	}
	return nil
}

func (f *File) failed(op string, err error) error {
	return &os.PathError{Op: op, Path: f.name, Err: err}
}

// Sync implements vfs.File.
func (f *File) Sync() error { return f.then(f.File.Sync) }

// SyncData implements vfs.File.
func (f *File) SyncData() error { return f.then(f.File.SyncData) }

func (f *File) then(sync func() error) error {
	if err := f.flush(); err != nil {
		return err
	}
	return sync()
}

// SyncTo implements vfs.File. The disk has all but what is in the buffer already.
func (f *File) SyncTo(length int64) (bool, error) {
	if f.direct {
		return false, nil
	}
	return f.File.SyncTo(min(length, f.offset))
}

// Stat implements vfs.File.
func (f *File) Stat() (vfs.FileInfo, error) {
	if err := f.flush(); err != nil {
		return nil, err
	}
	return f.File.Stat()
}

// Close implements vfs.File.
func (f *File) Close() error {
	err := f.flush()
	if f.buf != nil {
		buffers.Put(f.buf)
		f.buf = nil
	}
	return errors.Join(err, f.File.Close())
}

// WriteAt is not for files that are written from beginning to end.
func (f *File) WriteAt([]byte, int64) (int, error) {
	return 0, f.failed("writeat", errors.ErrUnsupported)
}
