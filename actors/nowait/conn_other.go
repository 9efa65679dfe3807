//go:build !linux

package nowait

import "net"

// Wrap returns c.
func Wrap(c net.Conn) net.Conn { return c }
