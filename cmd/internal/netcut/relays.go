package netcut

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/netip"
	"sync"
)

// relays passes everything on itself. Node i binds to one address and advertises another, where this process
// listens; what it passes on to a node comes from the advertised address of the sender.
type relays struct {
	block int
	ctx   context.Context // until Close
	end   context.CancelFunc
	all   sync.WaitGroup

	mu struct {
		sync.Mutex
		cut     map[Way]bool
		changed chan struct{}           // closed at the next Cut
		open    map[closer]bool         // to be closed by Close
		packets map[socket]*net.UDPConn // by node and port
	}
}

type closer interface{ Close() error }

// socket is a node and one of its ports.
type socket struct{ node, port int }

func newRelays(block int) *relays {
	r := &relays{block: block}
	r.ctx, r.end = context.WithCancel(context.Background())
	r.mu.changed = make(chan struct{})
	r.mu.open = map[closer]bool{}
	r.mu.packets = map[socket]*net.UDPConn{}
	return r
}

func (r *relays) String() string { return "relays" }

func (r *relays) Add(i int, ports Ports) (bind, advertise string, err error) {
	for _, p := range ports.Streams {
		err = errors.Join(err, r.relayStreams(i, p))
	}
	for _, p := range ports.Datagrams {
		err = errors.Join(err, r.relayDatagrams(i, p))
	}
	return bindHost(r.block, i), relayAddr(r.block, i).String(), err
}

func (r *relays) Cut(ways map[Way]bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mu.cut = maps.Clone(ways)
	close(r.mu.changed)
	r.mu.changed = make(chan struct{})
	return nil
}

func (r *relays) Close() error {
	r.end()
	r.mu.Lock()
	for c := range r.mu.open {
		c.Close()
	}
	r.mu.Unlock()
	r.all.Wait()
	return nil
}

// keep notes what Close has to close, and closes it at once if that was called already.
func (r *relays) keep(c closer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mu.open[c] = true
	if r.ctx.Err() != nil {
		c.Close()
	}
}

func (r *relays) drop(c closer) {
	r.mu.Lock()
	delete(r.mu.open, c)
	r.mu.Unlock()
	c.Close()
}

// blocked reports whether a way is cut, and returns what is closed when that may have changed.
func (r *relays) blocked(w Way) (bool, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mu.cut[w], r.mu.changed
}

// wait returns when a way is open, or false at Close.
func (r *relays) wait(w Way) bool {
	for {
		cut, changed := r.blocked(w)
		if !cut {
			return r.ctx.Err() == nil
		}
		select {
		case <-changed:
		case <-r.ctx.Done():
			return false
		}
	}
}

// sender tells which node an address belongs to; -1 is none of them.
func (r *relays) sender(a netip.Addr) int {
	b := a.Unmap().As4()
	if i := int(b[3]) - 1; i >= 0 && i < MaxNodes && bindAddr(r.block, i) == a.Unmap() {
		return i
	}
	return -1
}
