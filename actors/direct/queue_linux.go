package direct

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"os"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Queue has the kernel write past the page cache while the goroutine waits and no thread does (asynchronous I/O, see
// io_submit(2)). A thread that waits for the disk keeps its processor until the runtime's monitor takes that away: for two
// of the monitor's turns, and longer if all cores are busy. A node with few processors stands still meanwhile. The price: the
// goroutine learns of the end when its processor has nothing else to run, and a process that is killed has its sockets
// closed 30 ms later, for the kernel gives up its queues first and waits for a grace period (exit_aio).
//
// A Queue is for one goroutine at a time. A nil one has a thread wait, and so has any where the kernel would have to wait
// for a lock or for space in the file (RWF_NOWAIT), or does not take such requests for the file at all.
type Queue struct {
	context uintptr  // the kernel's
	file    *os.File // an eventfd: there is something to read with each completion, and nobody reads it
	raw     syscall.RawConn
	request *request
	buf     []byte // of the request under way, which the kernel reads: the field keeps it in its place
	event   completion
	taken   func(uintptr) bool // take
	broken  error              // final: what became of a request is not known
	refused int                // how many writes in a row, of those that were tried
	plainly int                // so many writes are not tried
	done    *atomic.Uint64     // counts writes that the kernel has made
}

// maxPlain is how many writes threads make at most before the kernel is tried again: 0 when it has refused one, then 1, 3
// and so on. A file that grows has nearly all refused, one that is written over a single one now and then.
const maxPlain = 15

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

// NewQueue makes a queue, which counts the writes that the kernel has made while no thread waited. It fails where the
// system has none, or none left (fs.aio-max-nr).
func NewQueue(done *atomic.Uint64) (*Queue, error) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		return nil, fmt.Errorf("%w: numbers whose higher byte comes first", errors.ErrUnsupported)
	}
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("eventfd", err)
	}
	q := &Queue{
		file:    os.NewFile(uintptr(fd), "eventfd"),
		done:    done,
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
	if err := q.probe(); err != nil {
		q.destroy()
		return err
	}
	return nil
}

// probe makes sure that flags are heeded, by one that there is not: an emulated kernel (gVisor) that passes over them would
// call durable what is not.
func (q *Queue) probe() error {
	const unknown = 1 << 31
	if errno := q.submit(int(q.request.eventFD), make([]byte, 8), 0, unknown); errno != unix.EOPNOTSUPP && errno != unix.EINVAL {
		return fmt.Errorf("%w: flags of io_submit (%v)", errors.ErrUnsupported, errno)
	}
	if q.take(0) {
		return fmt.Errorf("%w: io_getevents (%v)", errors.ErrUnsupported, q.broken)
	}
	return nil
}

func (q *Queue) destroy() error {
	if _, _, errno := unix.Syscall(unix.SYS_IO_DESTROY, q.context, 0, 0); errno != 0 {
		return os.NewSyscallError("io_destroy", errno)
	}
	return nil
}

// Close frees what the kernel has for it.
func (q *Queue) Close() error { return errors.Join(q.destroy(), q.file.Close()) }

// Write writes once, as pwritev2(2) does: from p, which is aligned as Bypass says, at an offset. With sync what it has
// written is durable. An error that is not the file's is final.
func (q *Queue) Write(fd int, p []byte, offset int64, sync bool) (int, error) {
	flags := 0
	if sync {
		flags = unix.RWF_DSYNC
	}
	switch {
	case q == nil || len(p) == 0:
	case q.broken != nil:
		return 0, q.broken
	case q.plainly > 0:
		q.plainly--
	case q.submit(fd, p, offset, uint32(flags|unix.RWF_NOWAIT)) == 0:
		n, err := q.wait()
		if err != unix.EAGAIN && err != unix.EOPNOTSUPP && err != unix.EINVAL {
			q.refused = 0
			return n, err
		}
		fallthrough // if it is not for RWF_NOWAIT, the ordinary call says why
	default:
		q.plainly = min(1<<q.refused-1, maxPlain)
		q.refused = min(q.refused+1, bits.Len(maxPlain))
	}
	return unix.Pwritev2(fd, [][]byte{p}, offset, flags)
}

// wait waits for the write under way.
func (q *Queue) wait() (int, error) {
	if err := q.raw.Read(q.taken); err != nil && q.broken == nil {
		q.broken = err
	}
	if q.broken != nil {
		return 0, q.broken
	}
	q.buf = nil
	if q.event.result < 0 { // of the write, or of the sync
		return 0, syscall.Errno(-q.event.result)
	}
	q.done.Add(1)
	return int(q.event.result), nil
}

// submit gives a write to the kernel. The scheduler is told, unlike in package nowait: a file system that is frozen, or whose
// journal is stuck, makes even this wait.
func (q *Queue) submit(fd int, p []byte, offset int64, flags uint32) syscall.Errno {
	q.buf = p
	r := q.request
	r.fd, r.buf, r.size, r.offset, r.flags = uint32(fd), uint64(uintptr(unsafe.Pointer(&p[0]))), uint64(len(p)), offset, flags
	for {
		_, _, errno := unix.Syscall(unix.SYS_IO_SUBMIT, q.context, 1, uintptr(unsafe.Pointer(&q.request)))
		if errno != unix.EINTR {
			return errno
		}
	}
}

// take reports whether the write has ended, or nothing more can be learned of it. It never waits, so the scheduler need not
// know of it.
func (q *Queue) take(uintptr) bool {
	for now := (unix.Timespec{}); ; {
		n, _, errno := unix.RawSyscall6(unix.SYS_IO_GETEVENTS, q.context, 1, 1, uintptr(unsafe.Pointer(&q.event)), uintptr(unsafe.Pointer(&now)), 0)
		switch errno {
		case 0:
			return n == 1
		case unix.EINTR:
		default:
			q.broken = os.NewSyscallError("io_getevents", errno)
			return true
		}
	}
}
