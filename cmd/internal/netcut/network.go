package netcut

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
)

// Way is the way of bytes from one node to another, by their numbers.
type Way struct{ From, To int }

// Ports are those of a node that other nodes use.
type Ports struct{ Streams, Datagrams []int }

// Network is what a cluster's nodes talk over.
type Network interface {
	// Add makes room for node i, from 0 to MaxNodes-1, and returns the host that it binds to, and the one that
	// others are to be told.
	Add(i int, ports Ports) (bind, advertise string, err error)
	// Cut blocks these ways and opens all others.
	Cut(ways map[Way]bool) error
	// Close opens all ways, or ends what passes through them.
	Close() error
	// String is the kind: packets or relays.
	String() string
}

// MaxNodes is how many nodes a network has room for.
const MaxNodes = 64

// ErrNoAddresses is a system whose loopback has only one address.
var ErrNoAddresses = errors.New("network cuts need an address for each node, and this system has only 127.0.0.1")

// New makes a network of a kind: "packets", "relays", or "" for packets where they can be had, else relays. No
// two networks at a time on one machine may have the same block, from 0 to 255.
func New(kind string, block int) (Network, error) {
	if err := Available(); err != nil {
		return nil, err
	}
	switch kind {
	case "packets":
		return newPackets(block)
	case "relays":
		return newRelays(block), nil
	case "":
		if p, err := newPackets(block); err == nil {
			return p, nil
		}
		return newRelays(block), nil
	}
	return nil, fmt.Errorf("no network of kind %q", kind)
}

// Available returns why there can be no network of any kind here, or nil.
func Available() error {
	ln, err := net.Listen("tcp", net.JoinHostPort(bindHost(0, 0), "0"))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoAddresses, err)
	}
	return ln.Close()
}

// Networks of two blocks have no address in common.
func bindAddr(block, i int) netip.Addr {
	return netip.AddrFrom4([4]byte{127, 77, byte(block), byte(1 + i)})
}
func relayAddr(block, i int) netip.Addr {
	return netip.AddrFrom4([4]byte{127, 78, byte(block), byte(1 + i)})
}
func bindHost(block, i int) string            { return bindAddr(block, i).String() }
func port(a netip.Addr, p int) netip.AddrPort { return netip.AddrPortFrom(a, uint16(p)) }
