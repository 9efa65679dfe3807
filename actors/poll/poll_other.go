//go:build !linux

package poll

import (
	"errors"
	"net"

	"github.com/asynkron/protoactor-go/actor"
)

// Poller does not exist here.
type Poller struct{}

// New fails.
func New(actor.Dispatcher) (*Poller, error) { return nil, errors.ErrUnsupported }

// Close does nothing.
func (*Poller) Close() error { return nil }

// Take fails.
func (*Poller) Take(*net.TCPConn) (*Conn, error) { return nil, errors.ErrUnsupported }

// Conn does not exist here.
type Conn struct {
	net.Conn
	actor.Dispatcher
}

// Drive is not called.
func (*Conn) Drive(func() bool) {}

// Aside is not called.
func (*Conn) Aside() {}
