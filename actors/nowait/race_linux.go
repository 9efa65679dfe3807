//go:build race

package nowait

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

func read(fd int, b []byte) (int, error) { return syscall.Read(fd, b) }

func write(fd int, b []byte) (int, error) { return syscall.Write(fd, b) }

func writev(fd int, vecs []unix.Iovec) (int, error) {
	bufs := make([][]byte, len(vecs))
	for i, v := range vecs {
		bufs[i] = unsafe.Slice(v.Base, v.Len)
	}
	return unix.Writev(fd, bufs)
}

func epollWait(fd int, events []unix.EpollEvent) (int, error) { return unix.EpollWait(fd, events, 0) }
