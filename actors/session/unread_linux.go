package session

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// unreadSocket is the number of bytes that were received for a connection and not read yet, as far as that can
// be told.
func unreadSocket(conn net.Conn) int {
	sc, ok := conn.(syscall.Conn)
	if !ok {
		return 0
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return 0
	}
	n := 0
	raw.Control(func(fd uintptr) {
		if v, err := unix.IoctlGetInt(int(fd), unix.TIOCINQ); err == nil {
			n = v
		}
	})
	return n
}
