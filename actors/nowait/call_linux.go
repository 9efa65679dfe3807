package nowait

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// Read is read(2), of MaxBytes at most.
func Read(fd int, b []byte) (int, error) { return read(fd, b[:min(len(b), MaxBytes)]) }

// Write is write(2), by an ordinary call if it is of more than MaxBytes.
func Write(fd int, b []byte) (int, error) {
	if len(b) > MaxBytes {
		return syscall.Write(fd, b)
	}
	return write(fd, b)
}

// Writev is writev(2), by an ordinary call if it is of more than MaxBytes. The kernel takes 1,024 buffers at most.
func Writev(fd int, bufs [][]byte) (int, error) {
	var few [pieces]unix.Iovec
	vecs, size := few[:0], 0
	for _, b := range bufs {
		if size += len(b); size > MaxBytes {
			return unix.Writev(fd, bufs)
		}
		if len(b) > 0 {
			v := unix.Iovec{Base: &b[0]}
			v.SetLen(len(b))
			vecs = append(vecs, v)
		}
	}
	if len(vecs) == 0 {
		return 0, nil
	}
	return writev(fd, vecs)
}

// EpollWait is epoll_wait(2) with a timeout of 0.
func EpollWait(fd int, events []unix.EpollEvent) (int, error) { return epollWait(fd, events) }
