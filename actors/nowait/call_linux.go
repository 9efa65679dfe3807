package nowait

import "golang.org/x/sys/unix"

// Read is read(2), of MaxBytes at most.
func Read(fd int, b []byte) (int, error) { return read(fd, b[:min(len(b), MaxBytes)]) }

// Write is write(2), of MaxBytes at most.
func Write(fd int, b []byte) (int, error) { return write(fd, b[:min(len(b), MaxBytes)]) }

// Writev is writev(2), of MaxBytes at most, and of 1,024 buffers that are not empty.
func Writev(fd int, bufs [][]byte) (int, error) {
	var few [pieces]unix.Iovec
	vecs, room := few[:0], MaxBytes
	for _, b := range bufs {
		n := min(len(b), room)
		if n == 0 {
			continue
		}
		v := unix.Iovec{Base: &b[0]}
		v.SetLen(n)
		vecs, room = append(vecs, v), room-n
	}
	if len(vecs) == 0 {
		return 0, nil
	}
	return writev(fd, vecs)
}

// EpollWait is epoll_wait(2) with a timeout of 0.
func EpollWait(fd int, events []unix.EpollEvent) (int, error) { return epollWait(fd, events) }
