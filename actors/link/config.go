package link

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
	"github.com/troupedb/troupe/wire/secret"
)

// Config says who this node is and whom it may talk to. System to Node must be set.
type Config struct {
	// System's ProcessRegistry.Address must already be Self.String().
	System *actor.ActorSystem
	Self   slotmap.NodeID
	// Cluster is asked at every handshake, on any goroutine. While it is zero, no connection is made.
	Cluster func() slotmap.ClusterID
	// Listen is a TCP listener, closed by Close. It belongs to the caller if Start fails.
	Listen net.Listener
	// Advertise is the ip:port at which others dial this node; by default the address of Listen.
	Advertise string
	// Secret makes every connection TLS 1.3. Nil: plain TCP, on loopback only.
	Secret *secret.Secret
	// Resolve tells a node's ip:port. It is asked before a dial and twice a second, on the goroutine of an
	// actor, so it must not block. A new answer makes the link redial.
	Resolve func(slotmap.NodeID) (address string, ok bool)
	// Node receives Up, Down, Unroutable and Received.
	Node *actor.PID

	// Incoming is the directory for received files, made by Start; "" refuses files.
	Incoming string
	// FS holds Incoming and the files to send; nil is the real one.
	FS vfs.FS
	// Claim, if set, sets bytes of the disk aside for a file until release is called, or refuses the file.
	Claim func(bytes int64) (release func(), ok bool)
	// Check, if set, makes what looks at the content of a file while it arrives. It is called on the goroutine
	// that receives the file, and so is what it returns.
	Check func(*wire.Snapshot) FileCheck

	Logger *slog.Logger
	// Dial replaces the TCP dialer, to put faults between nodes.
	Dial func(ctx context.Context, address string) (net.Conn, error)

	timing timing // zero: the defaults
	limits limits // zero: the defaults
}

// timing holds every span that the package waits for.
type timing struct {
	handshake  time.Duration // accepted connection to valid hello
	dial       time.Duration // dial to valid hello
	read       time.Duration // silence on a connection
	write      time.Duration // no progress in writing a piece
	frame      time.Duration // first byte of a frame to its last
	ping       time.Duration
	bulk       time.Duration // no progress in a file transfer
	ack        time.Duration // last byte of a file to the answer: the receiver syncs it
	leave      time.Duration // what Close gives links to write out what they hold
	backoffMin time.Duration
	backoffMax time.Duration
}

var defaultTiming = timing{
	handshake:  5 * time.Second,
	dial:       2 * time.Second,
	read:       3 * time.Second,
	write:      3 * time.Second,
	frame:      time.Minute,
	ping:       500 * time.Millisecond,
	bulk:       10 * time.Second,
	ack:        time.Minute,
	leave:      500 * time.Millisecond,
	backoffMin: 20 * time.Millisecond,
	backoffMax: time.Second,
}

// MaxQueued bounds what waits for one peer, in bytes: MaxFrame fits, and some more.
const MaxQueued = 32 << 20

type limits struct {
	queued     int64
	frame      int // the largest that the other side takes, with its length
	inbound    int // accepted connections
	handshakes int // of these, such that have not said a valid hello
}

var defaultLimits = limits{queued: MaxQueued, frame: wire.MaxFrame + 4, inbound: 1024, handshakes: 256}

// ErrNeedSecret refuses a port that other hosts can reach while nothing proves who they are.
var ErrNeedSecret = errors.New("without a secret nodes talk over loopback only; set --secret-file (troupe-node --new-secret makes a secret)")

func (c Config) withDefaults() Config {
	if c.FS == nil {
		c.FS = vfs.Default
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Dial == nil && c.Listen != nil {
		c.Dial = dialFrom(c.Listen.Addr())
	}
	if c.timing == (timing{}) {
		c.timing = defaultTiming
	}
	if c.limits == (limits{}) {
		c.limits = defaultLimits
	}
	if c.Advertise == "" && c.Listen != nil {
		c.Advertise = c.Listen.Addr().String()
	}
	return c
}

func (c Config) validate() error {
	switch {
	case c.System == nil || c.Cluster == nil || c.Listen == nil || c.Resolve == nil || c.Node == nil:
		return errors.New("link: System, Cluster, Listen, Resolve and Node must be set")
	case c.Self.IsZero():
		return errors.New("link: Self is zero")
	case c.System.ProcessRegistry.Address != c.Self.String():
		return fmt.Errorf("link: the actor system's address is %q, not the node id", c.System.ProcessRegistry.Address)
	case c.Secret == nil && !isLoopback(c.Listen.Addr().String()):
		return fmt.Errorf("peer port %s: %w", c.Listen.Addr(), ErrNeedSecret)
	}
	return nil
}

func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// dialFrom connects from the address that the node listens at, as gossip does: to packet filters and peers a
// node is one address. Where it listens on all of them, or on one of the other family, the system chooses.
func dialFrom(listen net.Addr) func(context.Context, string) (net.Conn, error) {
	own, _ := listen.(*net.TCPAddr)
	return func(ctx context.Context, address string) (net.Conn, error) {
		var d net.Dialer
		to, err := netip.ParseAddrPort(address)
		if err == nil && own != nil && !own.IP.IsUnspecified() && to.Addr().Is4() == (own.IP.To4() != nil) {
			d.LocalAddr = &net.TCPAddr{IP: own.IP, Zone: own.Zone}
		}
		return d.DialContext(ctx, "tcp", address)
	}
}
