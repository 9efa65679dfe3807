package sim

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// outside is where the clients are, as a place in the network; machines are places from 1 on.
const outside = 0

// maxPlaces bounds the machines of a run.
const maxPlaces = 12

// network is what lies between places: what is blocked, and how long packets take. One direction of a path
// may be blocked alone.
type network struct {
	rng     *rand.Rand
	blocked [maxPlaces][maxPlaces]bool
	mute    [maxPlaces]bool // from and to here raft's messages are lost, and others are not

	latency time.Duration // of most packets, one way
	jitter  time.Duration // more, at times
	loss    float64       // chance that a packet is lost: a stream repeats it later
	double  float64       // chance that a datagram comes twice
}

func newNetwork(rng *rand.Rand) *network {
	return &network{rng: rng, latency: 150 * time.Microsecond, jitter: 300 * time.Microsecond}
}

func address(place, port int) string { return fmt.Sprintf("10.0.0.%d:%d", place, port) }

// Ports of every machine.
const (
	clientPort = 6379
	httpPort   = clientPort + 2000
	peerPort   = clientPort + 10000
	gossipPort = clientPort + 20000
)

// open reports whether packets get from one place to another.
func (n *network) open(from, to int) bool { return !n.blocked[from][to] }

// both reports whether they get there and back.
func (n *network) both(a, b int) bool { return n.open(a, b) && n.open(b, a) }

func (n *network) cut(from, to int)  { n.blocked[from][to] = true }
func (n *network) cutBoth(a, b int)  { n.cut(a, b); n.cut(b, a) }
func (n *network) healBoth(a, b int) { n.blocked[a][b], n.blocked[b][a] = false, false }

func (n *network) repair() {
	n.blocked, n.mute = [maxPlaces][maxPlaces]bool{}, [maxPlaces]bool{}
	n.loss, n.double = 0, 0
	n.latency, n.jitter = 150*time.Microsecond, 300*time.Microsecond
}

// delay is what a packet takes.
func (n *network) delay() time.Duration {
	d := n.latency + time.Duration(n.rng.Int64N(int64(n.jitter)+1))
	if n.rng.IntN(50) == 0 {
		d += time.Duration(n.rng.Int64N(int64(5 * time.Millisecond)))
	}
	return d
}

// resend is what the packet of a stream takes: one that is lost comes again, later each time.
func (n *network) resend() time.Duration {
	d := n.delay()
	for rto := 200 * time.Millisecond; n.loss > 0 && rto < 2*time.Second && n.rng.Float64() < n.loss; rto *= 2 {
		d += rto
	}
	return d
}
