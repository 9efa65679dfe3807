package direct

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Queue has the kernel write past the page cache while the goroutine waits and no thread does (asynchronous I/O, see
// io_submit(2)). A thread that waits for the disk keeps its processor until the runtime's monitor takes that away: for two
// of the monitor's turns, and longer if all cores are busy. A node with few processors stands still meanwhile. It is for
// one goroutine at a time. A nil Queue writes as ever, and so does any where the kernel would have to wait for a lock or for
// space in the file before it can take a request (RWF_NOWAIT).
type Queue struct {
	context uintptr  // the kernel's
	file    *os.File // an eventfd: there is something to read with each completion, and nobody reads it
	raw     syscall.RawConn
	request *request
	event   completion
	failed  error
	taken   func(uintptr) bool // take
	plainly int                // writes that are not given to the kernel to begin with
}

// A request for which the kernel waited all the same, as for the file system's journal, has the next ones made by threads:
// the scheduler isn't told of requests, see package nowait, so that its processor waits too.
const (
	slowRequest = 5 * time.Millisecond // more than a thread waits for a core when there are several for each
	afterSlow   = 16
)

// request is the kernel's struct iocb, where the lower byte of a number comes first.
type request struct {
	_         [3]uint32 // data, key
	flags     uint32
	operation uint16
	_         uint16 // priority
	fd        uint32
	buf       uint64 // its address
	size      uint64
	offset    int64
	_         uint64
	options   uint32
	eventFD   uint32
}

// completion is the kernel's struct io_event.
type completion struct {
	_      [2]uint64 // data, request
	result int64     // bytes, or an errno below zero
	_      int64
}

const (
	pwrite     = 1 // IOCB_CMD_PWRITE
	hasEventFD = 1 // IOCB_FLAG_RESFD
)

// NewQueue makes a queue. It fails where the system has none, or none left (fs.aio-max-nr).
func NewQueue() (*Queue, error) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		return nil, fmt.Errorf("%w: numbers whose higher byte comes first", errors.ErrUnsupported)
	}
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("eventfd", err)
	}
	q := &Queue{
		file:    os.NewFile(uintptr(fd), "eventfd"),
		request: &request{operation: pwrite, options: hasEventFD, eventFD: uint32(fd)},
	}
	q.taken = q.take
	if err := q.open(); err != nil {
		q.file.Close()
		return nil, err
	}
	return q, nil
}

func (q *Queue) open() (err error) {
	if q.raw, err = q.file.SyscallConn(); err != nil {
		return err
	}
	if err := q.file.SetReadDeadline(time.Time{}); err != nil { // the runtime's poller would not have it
		return err
	}
	if _, _, errno := unix.Syscall(unix.SYS_IO_SETUP, 1, uintptr(unsafe.Pointer(&q.context)), 0); errno != 0 {
		return os.NewSyscallError("io_setup", errno)
	}
	return nil
}

// Close frees what the kernel has for it.
func (q *Queue) Close() error {
	_, _, errno := unix.Syscall(unix.SYS_IO_DESTROY, q.context, 0, 0)
	err := q.file.Close()
	if errno != 0 {
		err = os.NewSyscallError("io_destroy", errno)
	}
	return err
}

// Write writes once, as pwritev2(2) does: from p, which is aligned as Bypass says, at an offset. With sync what it has
// written is durable.
func (q *Queue) Write(fd int, p []byte, offset int64, sync bool) (int, error) {
	flags := 0
	if sync {
		flags = unix.RWF_DSYNC
	}
	if q != nil && len(p) > 0 && q.submit(fd, p, offset, flags|unix.RWF_NOWAIT) {
		n, err := q.wait()
		runtime.KeepAlive(p)
		if err != unix.EAGAIN {
			return n, err
		}
	}
	return unix.Pwritev2(fd, [][]byte{p}, offset, flags)
}

// submit gives a write to the kernel. It reports false if it may not or the kernel refuses it, for the ordinary call to do
// it or to say why.
func (q *Queue) submit(fd int, p []byte, offset int64, flags int) bool {
	if q.plainly > 0 {
		q.plainly--
		return false
	}
	r := q.request
	r.fd, r.buf, r.size, r.offset, r.flags = uint32(fd), uint64(uintptr(unsafe.Pointer(&p[0]))), uint64(len(p)), offset, uint32(flags)
	began := time.Now()
	n, _, errno := unix.RawSyscall(unix.SYS_IO_SUBMIT, q.context, 1, uintptr(unsafe.Pointer(&q.request)))
	if time.Since(began) >= slowRequest {
		q.plainly = afterSlow
	}
	return errno == 0 && n == 1
}

// wait waits for the write under way.
func (q *Queue) wait() (int, error) {
	q.failed = nil
	err := q.raw.Read(q.taken)
	switch {
	case err != nil:
		return 0, err
	case q.failed != nil:
		return 0, q.failed
	case q.event.result < 0:
		return 0, syscall.Errno(-q.event.result)
	}
	return int(q.event.result), nil
}

// take reports whether the write has ended, or nothing more can be learned of it. It does not wait, so the scheduler need
// not know of it.
func (q *Queue) take(uintptr) bool {
	for now := (unix.Timespec{}); ; {
		n, _, errno := unix.RawSyscall6(unix.SYS_IO_GETEVENTS, q.context, 1, 1, uintptr(unsafe.Pointer(&q.event)), uintptr(unsafe.Pointer(&now)), 0)
		switch errno {
		case 0:
			return n == 1
		case unix.EINTR:
		default:
			q.failed = os.NewSyscallError("io_getevents", errno)
			return true
		}
	}
}
