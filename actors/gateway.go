package actors

import (
	"math"
	"net"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// withoutData makes a gateway of a node: what a node keeps on disk is in memory here, and gone with the process, so
// that every start is of a new member. Others place nothing on it.
func withoutData(cfg Config, w *World) Config {
	w.FS, w.Ballast = vfs.NewMem(), 0
	w.Free = func() (int64, error) { return math.MaxInt64, nil }
	cfg.Data, cfg.MinFree = "gateway", 0
	cfg.Client = &noClients{addr: cfg.HTTP.Addr(), closed: make(chan struct{})}
	return cfg
}

// noClients is a listener that nobody can connect to.
type noClients struct {
	addr   net.Addr
	once   sync.Once
	closed chan struct{}
}

// Accept waits for Close.
func (l *noClients) Accept() (net.Conn, error) {
	<-l.closed
	return nil, net.ErrClosed
}

// Close implements net.Listener.
func (l *noClients) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr is where commands are taken in another form.
func (l *noClients) Addr() net.Addr { return l.addr }
