package gossip

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/troupedb/troupe/slotmap"
)

// Config says who we are and how to find the others.
type Config struct {
	// Self is what others shall know of this node. Gossip, Boot and Digest
	// are filled in here. A zero Cluster means "empty".
	Self Node

	Bind      string // ip:port to listen on, UDP and TCP; port 0 takes a free one
	Advertise string // host or host:port that others reach us by, loopback without Keys; empty: see Bind

	Join       []string // host:port, as the operator gave them; order matters to Bootstrap
	Remembered []string // host:port to look for as well
	Peers      []Node   // from DecodeDirectory; looked for by address and id

	// Keys encrypt gossip, 16, 24 or 32 bytes each; the first is used for
	// sending, all for receiving. None: plain text, and loopback only.
	Keys [][]byte

	// Map returns the current map; nil, or returning nil, is the empty map.
	// Called on any goroutine; it must not block or call back.
	Map func() *slotmap.Map

	// Events receives all events in order, on one goroutine that holds no
	// lock: it may call any method but Close. It should not block.
	Events func(Event)

	// Wall is the clock that peers are told, in Unix milliseconds, and Mono
	// one that never runs backwards, by which theirs are read; nil: the
	// system's. Called on any goroutine.
	Wall, Mono func() int64

	Logger *slog.Logger // nil: no logging
}

func (c *Config) defaultClocks() {
	start := time.Now()
	if c.Wall == nil {
		c.Wall = func() int64 { return time.Now().UnixMilli() }
	}
	if c.Mono == nil {
		c.Mono = func() int64 { return time.Since(start).Milliseconds() }
	}
}

var (
	// ErrOpen refuses plain-text gossip on an address that others can reach, or
	// are told.
	ErrOpen = errors.New("gossip: without a secret it is for loopback only")
	// ErrClosed is returned by a Gossip that was closed.
	ErrClosed = errors.New("gossip: closed")
)

func (c *Config) check(bind netip.AddrPort) error {
	if c.Self.ID.IsZero() {
		return errors.New("gossip: no node id")
	}
	if len(c.Keys) == 0 && !bind.Addr().IsLoopback() {
		return fmt.Errorf("%w (%v)", ErrOpen, bind)
	}
	for _, addr := range [...]string{c.Self.Client, c.Self.Peer, c.Self.HTTP} {
		if !validAddr(addr) {
			return fmt.Errorf("gossip: address %q: want ip:port", addr)
		}
	}
	for _, entry := range append(append([]string(nil), c.Join...), c.Remembered...) {
		host, port, err := net.SplitHostPort(entry)
		if _, perr := strconv.ParseUint(port, 10, 16); err != nil || perr != nil || host == "" {
			return fmt.Errorf("gossip: address to join %q: want host:port", entry)
		}
	}
	return nil
}

// listConfig tunes memberlist: its LAN defaults, faster where a wrong verdict
// costs little. Nothing of importance hangs on who is alive (a shard's leader
// is elected on broken links and raft's own timeouts), and a node declared
// dead by mistake refutes that within a round or two of gossip.
func (g *Gossip) listConfig(net *transport) (*memberlist.Config, error) {
	c := memberlist.DefaultLANConfig()
	c.Name = g.id.String()
	c.Transport = net
	c.BindAddr, c.BindPort = g.own.bind.Addr().String(), int(g.own.bind.Port())
	c.AdvertiseAddr, c.AdvertisePort = g.own.advertise.Addr().String(), int(g.own.advertise.Port())
	c.Label = label // also authenticated data of every encrypted packet

	c.GossipInterval = 50 * time.Millisecond
	c.ProbeInterval = 500 * time.Millisecond
	c.ProbeTimeout = 250 * time.Millisecond
	c.SuspicionMaxTimeoutMult = 3            // 2 s to refute with a second witness, 6 s without
	c.PushPullInterval = 15 * time.Second    // digests catch what matters sooner
	c.TCPTimeout = 3 * time.Second           // a whole push/pull: bounds what a stuck peer holds
	c.DeadNodeReclaimTime = time.Millisecond // an id may come back elsewhere once it counts as dead
	c.EnableCompression = false              // packets are small, maps are compact

	c.Logger = g.lines.logger()
	c.Delegate = delegate{g}
	c.Events = eventDelegate{g}
	c.Alive = aliveDelegate{g}
	c.Merge = mergeDelegate{g}
	c.Conflict = conflictDelegate{g}
	c.Ping = pingDelegate{g}
	return c, g.secure(c)
}

// secure sets the keys, or without any shuts out all but this host.
func (g *Gossip) secure(c *memberlist.Config) (err error) {
	if len(g.cfg.Keys) > 0 {
		g.ring, err = memberlist.NewKeyring(g.cfg.Keys, g.cfg.Keys[0])
		if err != nil {
			return fmt.Errorf("gossip: keys: %w", err)
		}
		c.Keyring = g.ring
		return nil
	}
	c.CIDRsAllowed, err = memberlist.ParseCIDRs([]string{"127.0.0.0/8", "::1/128"})
	return err
}

// locate finds the addresses this node has, once it is bound.
func locate(cfg *Config, bind netip.AddrPort, port int) (ownAddress, error) {
	bind = netip.AddrPortFrom(bind.Addr(), uint16(port))
	ctx, cancel := context.WithTimeout(context.Background(), lookupTimeout)
	defer cancel()
	adv, err := advertised(ctx, cfg.Advertise, bind)
	return ownAddress{bind: bind, advertise: adv, local: localAddrs}, err
}
