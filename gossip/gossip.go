package gossip

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/troupedb/troupe/slotmap"
)

const (
	lookupTimeout   = 2 * time.Second
	announceTimeout = 300 * time.Millisecond
	leaveTimeout    = time.Second
	sayAgain        = 5 * time.Second // least time between two lines or notices about one thing
	maxNotices      = 64
)

// Gossip is this node's membership of the gossip. All methods may be called
// from any goroutine.
type Gossip struct {
	cfg   Config
	id    slotmap.NodeID
	own   ownAddress
	keep  map[string]bool // Config.Remembered: never forgotten
	log   *slog.Logger
	limit *limiter

	lines *logWriter // memberlist's
	net   *transport
	list  *memberlist.Memberlist
	ring  *memberlist.Keyring // nil: plain text

	// mu is taken inside memberlist's node lock, so no call goes from under
	// it to memberlist.
	mu struct {
		sync.Mutex
		self    Node
		dir     *directory
		targets targets
		stale   time.Time // when a peer was last seen to have us under an old address
	}

	queue     memberlist.TransmitLimitedQueue
	members   atomic.Int64  // memberlist's size, for the queue
	announced atomic.Uint64 // the digest others were told last
	leaving   atomic.Bool
	heard     recent
	spoke     witness
	clocks    clocks

	out      *outbox
	notices  chan Node
	kick     chan struct{} // something changed: for rejoin
	bootKick chan struct{} // the same, for Bootstrap
	tell     chan struct{} // announce ourselves anew

	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
	once   sync.Once
}

// Start binds, and begins to gossip and to look for the others.
func Start(cfg Config) (*Gossip, error) {
	bind, err := parseBind(cfg.Bind)
	if err != nil {
		return nil, err
	}
	if err := cfg.check(bind); err != nil {
		return nil, err
	}
	g := newGossip(cfg)
	g.net, err = newTransport(bind, cfg.Keys, g.lines.logger())
	if err != nil {
		return nil, fmt.Errorf("gossip: %w", err)
	}
	if err := g.start(bind.Addr(), g.net.GetAutoBindPort()); err != nil {
		g.net.Shutdown()
		return nil, err
	}
	return g, nil
}

func newGossip(cfg Config) *Gossip {
	g := &Gossip{
		cfg:      cfg,
		id:       cfg.Self.ID,
		keep:     make(map[string]bool),
		log:      cfg.Logger,
		limit:    newLimiter(sayAgain),
		out:      newOutbox(),
		notices:  make(chan Node, maxNotices),
		kick:     make(chan struct{}, 1),
		bootKick: make(chan struct{}, 1),
		tell:     make(chan struct{}, 1),
	}
	if g.log == nil {
		g.log = slog.New(slog.DiscardHandler)
	}
	g.cfg.defaultClocks()
	g.lines = newLogWriter(g.log)
	g.ctx, g.cancel = context.WithCancel(context.Background())
	g.members.Store(1)
	g.queue.NumNodes = func() int { return int(g.members.Load()) }
	g.queue.RetransmitMult = memberlist.DefaultLANConfig().RetransmitMult
	return g
}

// SetSelf changes what others are told of this node. Its id, gossip address,
// boot time and digest are not the caller's to set.
func (g *Gossip) SetSelf(n Node) {
	g.mu.Lock()
	n.ID, n.Gossip, n.Boot, n.gone = g.id, g.mu.self.Gossip, g.mu.self.Boot, g.mu.self.gone
	changed := g.mu.self != n
	g.mu.self = n
	g.out.put(g.mu.dir.setCluster(n.Cluster)...)
	g.mu.targets.learn(g.mu.dir, g.keep)
	g.mu.Unlock()
	if changed {
		g.announce()
	}
}

// Publish spreads what the leader of a shard says of the shard. A node without
// a cluster has nothing to say.
func (g *Gossip) Publish(d slotmap.Delta) {
	cluster := g.cluster()
	if cluster.IsZero() {
		return
	}
	for i, part := range d.Split(maxMessage - deltaHead) {
		m := deltaMessage{cluster: cluster, part: uint64(i), delta: part}
		msg := m.append(nil)
		if len(msg) > maxMessage {
			g.log.Warn("shard too large to gossip; peers will pull it", "shard", d.Shard.ID, "bytes", len(msg))
			continue
		}
		g.heard.first(msg)
		g.enqueue(m.name(), msg)
	}
}

// heardDelta passes news on: to the caller, and to others, for memberlist
// itself sends a message no further than one hop.
func (g *Gossip) heardDelta(m deltaMessage, msg []byte) {
	if !g.listensTo(m.cluster) {
		return
	}
	if g.cfg.Map != nil {
		if _, news := g.ownMap().Apply(m.delta); !news {
			return
		}
	}
	g.out.put(DeltaReceived{m.delta})
	g.enqueue(m.name(), slices.Clone(msg))
}

// Nodes returns who is alive, this node included, by id.
func (g *Gossip) Nodes() []Node {
	self := g.announcement()
	g.mu.Lock()
	nodes := append(g.mu.dir.nodes(), self)
	g.mu.Unlock()
	slices.SortFunc(nodes, func(a, b Node) int { return a.ID.Compare(b.ID) })
	return nodes
}

// Known returns the other nodes worth remembering over a restart, by id: alive
// or dead, but neither gone of their own will nor replaced. For
// EncodeDirectory.
func (g *Gossip) Known() []Node {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.DeleteFunc(g.mu.dir.remembered(), func(n Node) bool { return n.Gateway })
}

// Forget stops looking for a dead node that will not come back. One that is
// alive, or listed in Config.Join or Remembered, is not forgotten.
func (g *Gossip) Forget(id slotmap.NodeID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, alive := g.mu.dir.shown[id]; !alive {
		delete(g.mu.dir.known, id)
		g.mu.targets.learn(g.mu.dir, g.keep)
	}
}

// Clocks returns what is known of the wall clocks of those alive.
func (g *Gossip) Clocks() []Clock {
	g.mu.Lock()
	nodes := g.mu.dir.nodes()
	g.mu.Unlock()
	return g.clocks.of(nodes)
}

// Addr returns the gossip address that others are told.
func (g *Gossip) Addr() string { return g.own.advertise.String() }

// Leave tells the others that this node goes of its own will. It takes a few
// rounds of gossip, and at most until ctx ends, or without a deadline a second;
// Close comes next.
func (g *Gossip) Leave(ctx context.Context) error {
	if g.ctx.Err() != nil {
		return ErrClosed
	}
	if g.leaving.Swap(true) {
		return nil
	}
	g.mu.Lock()
	g.mu.self.Leaving, g.mu.self.gone = true, true
	g.mu.Unlock()
	timeout := leaveTimeout
	if d, ok := ctx.Deadline(); ok {
		timeout = max(time.Until(d), 2*time.Millisecond) // 0 would mean no limit
	}
	// The farewell replaces whatever is still queued about us, so what it
	// means has to be out before.
	_ = g.list.UpdateNode(timeout / 2)
	if err := g.list.Leave(timeout / 2); err != nil {
		return fmt.Errorf("gossip: %w", err)
	}
	return nil
}

// Close stops at once, without a word; no event is delivered after it returns.
func (g *Gossip) Close() {
	g.once.Do(func() {
		g.lines.muted.Store(true)
		g.cancel()
		g.list.Shutdown()
		g.out.close()
	})
	g.wg.Wait()
}

// announcement is what we say of ourselves right now.
func (g *Gossip) announcement() Node {
	digest := g.ownMap().Digest()
	g.mu.Lock()
	defer g.mu.Unlock()
	n := g.mu.self
	n.Digest = digest
	return n
}

func (g *Gossip) cluster() slotmap.ClusterID {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.mu.self.Cluster
}

// listensTo tells whether the map of a member of c concerns us.
func (g *Gossip) listensTo(c slotmap.ClusterID) bool { return !c.IsZero() && c == g.cluster() }

func (g *Gossip) ownMap() *slotmap.Map {
	if g.cfg.Map == nil {
		return nil
	}
	return g.cfg.Map()
}

// announce has the others told anew who we are, soon.
func (g *Gossip) announce() { poke(g.tell) }

// wake tells our own loops that something changed.
func (g *Gossip) wake() {
	poke(g.kick)
	poke(g.bootKick)
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (g *Gossip) badInput(what string, err error) {
	if g.limit.allow("bad "+what, time.Now()) {
		g.log.Warn("dropped what a peer sent", "what", what, "err", err)
	}
}
