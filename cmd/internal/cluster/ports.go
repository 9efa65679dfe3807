package cluster

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Blocks of ports begin at multiples of blockSize in [firstPort, lastPort). Ports from 32768 on are
// handed to outgoing connections by the system.
const (
	firstPort = 10240
	lastPort  = 32768
	blockSize = 256
	perNode   = 4 // client, peer, gossip, HTTP
)

// block is a run of ports that no other cluster on this machine takes while guard is open: the guard
// listens on the first port of the block, and whoever wants the block tries that first.
type block struct {
	guard net.Listener
	first int
}

// reserve finds a block whose first n ports after the guard's are free.
func reserve(n int) (*block, error) {
	if n >= blockSize {
		return nil, fmt.Errorf("%d ports do not fit in a block of %d", n, blockSize)
	}
	for _, i := range rand.Perm((lastPort - firstPort) / blockSize) {
		if b := tryBlock(firstPort+i*blockSize, n); b != nil {
			return b, nil
		}
	}
	return nil, errors.New("no block of free ports below 32768")
}

func tryBlock(first, n int) *block {
	guard, err := net.Listen("tcp", loopback(first))
	if err != nil {
		return nil
	}
	for p := first + 1; p <= first+n; p++ {
		if !free(p) {
			guard.Close()
			return nil
		}
	}
	return &block{guard: guard, first: first + 1}
}

// free reports whether a port can be bound, for streams and for datagrams.
func free(port int) bool {
	ln, err := net.Listen("tcp", loopback(port))
	if err != nil {
		return false
	}
	defer ln.Close()
	pc, err := net.ListenPacket("udp", loopback(port))
	if err != nil {
		return false
	}
	pc.Close()
	return true
}

func (b *block) port(i int) int { return b.first + i }

// number tells blocks apart.
func (b *block) number() int { return (b.first - firstPort) / blockSize }

func (b *block) release() { b.guard.Close() }

func loopback(port int) string { return address("127.0.0.1", port) }

func address(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }
