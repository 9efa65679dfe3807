package actors

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	cmap "github.com/orcaman/concurrent-map"

	"github.com/troupedb/troupe/actors/confirm"
	"github.com/troupedb/troupe/actors/forward"
	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/actors/pubsub"
	"github.com/troupedb/troupe/actors/raftlog"
	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/actors/session"
	"github.com/troupedb/troupe/actors/survey"
	"github.com/troupedb/troupe/gossip"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
	"github.com/troupedb/troupe/wire/secret"
)

// protoactor's registry of actors is made of 1024 concurrent maps. With the 32 parts that each has by default it takes
// 2.7 MB and 66,000 objects, much of what there is to collect in a node with little data. The variable is the process's.
func init() { cmap.SHARD_COUNT = 1 }

// Node is a running node.
type Node struct {
	cfg      Config
	world    World
	system   *actor.ActorSystem
	store    *raftlog.Log
	loaded   map[slotmap.ShardID]raftlog.State // until the director has it
	links    Links
	gossip   Gossip
	forward  *forward.Forwarder
	queues   map[string]*mailbox.HighWater // of the node's own actors; not written once they run
	broker   *pubsub.Broker
	survey   *survey.Survey
	sessions *session.Server
	admin    *adminServer
	time     *timekeeper
	director *actor.PID
	directed bool // the director runs
	confirms bool // package confirm's actor does
	logPID   *actor.PID
	routes   atomic.Pointer[session.Routes]
	stopTick context.CancelFunc
	ticking  chan struct{}
}

// Start opens the data directory and starts the node. It returns once everything listens; Config.Ready
// tells when the cluster is served.
func Start(cfg Config) (*Node, error) {
	world := realWorld()
	if cfg.Gateway {
		cfg = withoutData(cfg, &world)
	}
	n, err := StartIn(cfg, world)
	if err != nil {
		return nil, err
	}
	n.serve()
	return n, nil
}

// StartIn starts a node in a world of the caller's. It serves nobody by itself: the caller sends its ticks
// with Tick and brings its connections with Admit.
func StartIn(cfg Config, w World) (*Node, error) {
	n := &Node{cfg: cfg, world: w, ticking: make(chan struct{}), time: newTimekeeper(w.Wall, w.Mono), queues: map[string]*mailbox.HighWater{}}
	if err := n.openStore(); err != nil {
		return nil, err
	}
	id, err := loadIdentity(n.store)
	if err == nil {
		n.loaded, err = load(n.store)
	}
	if err == nil {
		err = n.sweep()
	}
	if err != nil {
		return nil, errors.Join(err, n.store.Close())
	}
	n.startSystem(id)
	if err := n.startCluster(id); err != nil {
		n.abort()
		return nil, err
	}
	switch {
	case !id.cluster.IsZero():
	case id.begun != nil: // whatever others say
		n.system.Root.Send(n.director, id.begun)
	default:
		n.bootstrap()
	}
	return n, nil
}

func (n *Node) openStore() error {
	for _, dir := range []string{n.cfg.Data, snapshotDir(n.cfg.Data), incomingDir(n.cfg.Data)} {
		if err := raftlog.MakeDir(n.world.FS, dir); err != nil {
			return err
		}
	}
	store, err := raftlog.Open(raftlog.Config{
		Dir: logDir(n.cfg.Data), FS: n.world.FS, Store: n.world.Store, FreeSpace: n.world.Free,
		Fsync: n.cfg.Fsync, MinFree: n.cfg.MinFree, Ballast: n.world.Ballast,
		Fatal: n.cfg.Fatal, Logger: n.cfg.Logger, After: n.world.After,
	})
	n.store = store
	return err
}

// serve begins to tick, and to listen to clients and operators.
func (n *Node) serve() {
	n.startClock()
	n.sessions.Start()
	n.admin = n.serveAdmin()
}

// Tick is one replica.TickInterval of the node's time.
func (n *Node) Tick() { n.system.Root.Send(n.director, tick{}) }

// Admit takes a client's connection.
func (n *Node) Admit(conn net.Conn) { n.sessions.Admit(conn) }

func (n *Node) startSystem(id identity) {
	quiet := func(*actor.ActorSystem) *slog.Logger { return slog.New(levelled{n.cfg.Logger.Handler()}) }
	n.system = actor.NewActorSystem(actor.WithLoggerFactory(quiet))
	n.system.ProcessRegistry.Address = id.node.String()
	n.routes.Store(&session.Routes{Map: &slotmap.Map{}, Cluster: id.cluster, Self: n.selfNode(id)})
	n.logPID = n.spawn("raftlog", n.store.Producer(), mailbox.WithYield())
}

// spawn starts one of the node's own actors, whose panic ends the node.
func (n *Node) spawn(name string, p actor.Producer, box ...mailbox.Option) *actor.PID {
	high := &mailbox.HighWater{}
	n.queues[name] = high
	box = append(box[:len(box):len(box)], mailbox.WithHighWater(high))
	strategy := mailbox.StopNode(func(reason any) { n.cfg.Fatal(panicked{name, reason}) })
	pid, err := n.system.Root.SpawnNamed(actor.PropsFromProducer(p, actor.WithMailbox(mailbox.New(box...)),
		actor.WithDispatcher(n.world.dispatcher(name)), actor.WithSupervisor(strategy), actor.WithGuardian(strategy)), name)
	if err != nil {
		n.cfg.Fatal(err)
	}
	return pid
}

func (n *Node) selfNode(id identity) gossip.Node {
	at := func(l net.Addr) string { return replaceHost(l.String(), n.cfg.Advertise) }
	client := ""
	if !n.cfg.Gateway {
		client = at(n.cfg.Client.Addr())
	}
	return gossip.Node{
		ID: id.node, Cluster: id.cluster, Name: n.cfg.Name, Zone: n.cfg.Zone, Gateway: n.cfg.Gateway,
		Client: client, Peer: n.forNodes(n.cfg.Peer.Addr().String()), HTTP: at(n.cfg.HTTP.Addr()),
		Gossip: n.forNodes(n.cfg.Gossip), Recovering: !id.cluster.IsZero(),
	}
}

// forNodes is what other nodes are told of an address. Without a secret they are all on this host, and reach
// each other by the loopback addresses that they are bound to, wherever clients are sent.
func (n *Node) forNodes(bound string) string {
	if n.cfg.Secret == nil {
		return bound
	}
	return replaceHost(bound, n.cfg.Advertise)
}

func replaceHost(addr, host string) string {
	_, port, err := net.SplitHostPort(addr)
	if err != nil || host == "" {
		return addr
	}
	return net.JoinHostPort(host, port)
}

func (n *Node) startCluster(id identity) error {
	d := &director{
		cfg: &n.cfg, world: &n.world, log: n.cfg.Logger, system: n.system, store: n.store, logPID: n.logPID,
		routes: &n.routes, time: n.time, self: n.selfNode(id), cluster: id.cluster, slots: &slotmap.Map{},
		nodes: map[slotmap.NodeID]*peer{}, linked: map[slotmap.NodeID]bool{}, replicas: map[slotmap.ShardID]*hosted{},
		facts: map[slotmap.ShardID]*replica.Facts{}, planned: map[slotmap.ShardID]uint64{}, dirty: true,
		loaded: n.loaded,
	}
	n.loaded = nil
	remembered := n.remembered(d)
	n.director = n.system.NewLocalPID(directorName)
	var err error
	if n.links, err = n.world.Links(n.linkConfig(id, remembered)); err != nil {
		return err
	}
	d.links = n.links
	if n.gossip, err = n.world.Gossip(n.gossipConfig(d.self, remembered)); err != nil {
		return err
	}
	d.gossip = n.gossip
	n.forward = forward.New(forward.Config{
		System: n.system, Local: n.local, Full: func() bool { return n.sessions.Full() }, Seed: n.world.Seed(), Logger: n.cfg.Logger,
	})
	n.broker = pubsub.New(pubsub.Config{System: n.system, Serves: n.servesSlot, Members: n.membersOfSlot})
	n.survey = survey.New(survey.Config{System: n.system, Own: n.standing})
	d.broker = n.spawn(pubsub.Name, func() actor.Actor { return n.broker }, pubsub.Mailbox)
	if n.sessions, err = session.New(n.sessionConfig()); err != nil {
		return err
	}
	d.confirm = n.spawn(confirm.Name, func() actor.Actor { return confirm.New(n.confirmConfig()) }, confirm.Mailbox...)
	n.confirms = true
	// These ask the sessions.
	d.survey = n.spawn(survey.Name, func() actor.Actor { return n.survey }, survey.Mailbox)
	d.forward = n.spawn(forward.Name, func() actor.Actor { return n.forward }, forward.Mailbox)
	d.clients = n.sessions
	d.publish()
	n.spawn(directorName, func() actor.Actor { return d })
	n.directed = true
	for _, node := range n.gossip.Nodes() {
		n.system.Root.Send(n.director, &gossiped{gossip.NodeUp{Node: node}})
	}
	return nil
}

// remembered puts the nodes that the data directory remembers into the director's picture, and returns those
// that may be back.
func (n *Node) remembered(d *director) map[slotmap.NodeID]gossip.Node {
	for _, p := range n.directory(metaLost) {
		d.nodes[p.ID] = &peer{Node: p}
	}
	out := map[slotmap.NodeID]gossip.Node{}
	for _, p := range n.directory(metaPeers) {
		if p.ID != d.self.ID {
			out[p.ID] = p
			d.nodes[p.ID] = &peer{Node: p}
		}
	}
	return out
}

// directory reads a list of nodes that the data directory holds.
func (n *Node) directory(key string) []gossip.Node {
	b, ok := n.store.Meta(key)
	if !ok {
		return nil
	}
	nodes, err := gossip.DecodeDirectory(b)
	if err != nil {
		n.cfg.Logger.Warn("remembered nodes are unreadable", "list", key, "err", err)
	}
	return nodes
}

func (n *Node) linkConfig(id identity, remembered map[slotmap.NodeID]gossip.Node) link.Config {
	return link.Config{
		System: n.system, Self: id.node, Listen: n.cfg.Peer, Advertise: n.forNodes(n.cfg.Peer.Addr().String()),
		Secret: n.cfg.Secret, Node: n.director, Incoming: incomingDir(n.cfg.Data), FS: n.world.FS, Logger: n.cfg.Logger,
		Claim: n.store.Claim,
		Check: func(h *wire.Snapshot) link.FileCheck {
			return replica.NewSnapCheck(n.routes.Load().Cluster, h)
		},
		Cluster: func() slotmap.ClusterID { return n.routes.Load().Cluster },
		Resolve: func(node slotmap.NodeID) (string, bool) {
			routes := n.routes.Load()
			for _, nodes := range []map[slotmap.NodeID]gossip.Node{routes.Nodes, routes.Gateways} {
				if p, ok := nodes[node]; ok && p.Peer != "" {
					return p.Peer, true
				}
			}
			p, ok := remembered[node]
			return p.Peer, ok
		},
	}
}

func (n *Node) gossipConfig(self gossip.Node, remembered map[slotmap.NodeID]gossip.Node) gossip.Config {
	cfg := gossip.Config{
		Self: self, Bind: n.cfg.Gossip, Advertise: self.Gossip, Join: n.cfg.Join, Logger: n.cfg.Logger,
		Map:    func() *slotmap.Map { return n.routes.Load().Map },
		Events: func(ev gossip.Event) { n.system.Root.Send(n.director, &gossiped{ev}) },
		Keys:   gossipKeys(n.cfg.Secret),
		Wall:   n.world.Wall, Mono: n.world.Mono,
	}
	for _, p := range remembered {
		cfg.Peers = append(cfg.Peers, p)
	}
	return cfg
}

func gossipKeys(s *secret.Secret) [][]byte {
	if s == nil {
		return nil
	}
	return s.GossipKeys()
}

func (n *Node) sessionConfig() session.Config {
	routes := n.routes.Load
	if n.world.Routes != nil {
		routes = func() *session.Routes { return n.world.Routes(n.routes.Load()) }
	}
	var dispatcher actor.Dispatcher
	if n.world.Dispatcher != nil {
		dispatcher = n.world.Dispatcher("session")
	}
	return session.Config{
		System: n.system, Routes: routes, Listener: n.cfg.Client, Logger: n.cfg.Logger,
		Fsync: appendfsync[n.cfg.Fsync], Requirepass: n.cfg.Password, Version: n.cfg.Version, Debug: n.cfg.Debug, Clock: n.time.now,
		Dispatcher: dispatcher, Drive: n.world.Drive, Links: n.links.Connections,
		Forward: n.forward, ForwardAll: n.cfg.Forward,
		Shutdown: n.cfg.Shutdown, Broker: n.system.NewLocalPID(pubsub.Name), PubSub: n.broker.Stats,
	}
}

// appendfsync is what Redis calls a mode of the log.
var appendfsync = map[raftlog.Mode]string{raftlog.Always: "always", raftlog.Interval: "everysec", raftlog.Never: "no"}

// local finds the replica of a shard here, or else the node that leads the shard.
func (n *Node) local(shard slotmap.ShardID) (*replica.Handle, slotmap.NodeID) {
	routes := n.routes.Load()
	if h := routes.Handles[shard]; h != nil {
		return h, slotmap.NodeID{}
	}
	leader, _ := routes.Leader(shard)
	return nil, leader.ID
}

func (n *Node) confirmConfig() confirm.Config {
	return confirm.Config{System: n.system, Seed: n.world.Seed(), Term: func(shard slotmap.ShardID) (replica, term uint64) {
		h := n.routes.Load().Handles[shard]
		if h == nil {
			return 0, 0
		}
		return h.Gauges.Replica, h.Gauges.Term.Load()
	}}
}

// servesSlot tells whether a replica of the shard of a slot is here.
func (n *Node) servesSlot(slot uint16) bool {
	routes := n.routes.Load()
	id, _ := routes.Map.Owner(slot)
	return routes.Handles[id] != nil
}

// membersOfSlot lists the nodes with a replica of the shard of a slot.
func (n *Node) membersOfSlot(slot uint16) (nodes []slotmap.NodeID) {
	m := n.routes.Load().Map
	id, _ := m.Owner(slot)
	shard, _ := m.Shard(id)
	for _, member := range shard.Members {
		nodes = append(nodes, member.Node)
	}
	return nodes
}

// bootstrap decides which cluster a node without data belongs to.
func (n *Node) bootstrap() {
	tell := func(m any) { n.system.Root.Send(n.director, m) }
	if len(n.cfg.Join) == 0 {
		tell(newFounding(n.cfg.Shards))
		return
	}
	n.gossip.Bootstrap(func(d gossip.Decision, err error) {
		switch {
		case err != nil:
			n.cfg.Fatal(err)
		case d.Action == gossip.StartCluster:
			tell(newFounding(n.cfg.Shards))
		default:
			tell(&joined{d.Cluster})
		}
	})
}

// startClock sends the director its ticks, until Stop.
func (n *Node) startClock() {
	ctx, cancel := context.WithCancel(context.Background())
	n.stopTick = cancel
	go func() {
		defer close(n.ticking)
		t := time.NewTicker(replica.TickInterval)
		defer t.Stop()
		for {
			select {
			case <-t.C:
				n.Tick()
			case <-ctx.Done():
				return
			}
		}
	}()
}

// Stop ends the node in good order: leadership is handed over, clients are closed, the log is flushed.
func (n *Node) Stop() error {
	<-n.HandOver()
	return n.StopNow()
}

// StopNow is Stop without the hand-over: the other nodes have to elect new leaders.
func (n *Node) StopNow() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	n.gossip.Leave(ctx)
	return n.abort()
}

// HandOver has the leaderships given away that others could take, and closes what it returns when they
// have, or after three seconds at most.
func (n *Node) HandOver() <-chan struct{} {
	done := make(chan struct{})
	n.system.Root.Send(n.director, &leave{done})
	return done
}

// abort ends whatever runs, in the order that nothing is used after its end.
func (n *Node) abort() error {
	if n.admin != nil {
		n.admin.close()
	}
	if n.sessions != nil {
		n.sessions.Close()
	}
	if n.stopTick != nil {
		n.stopTick()
		<-n.ticking
	}
	if n.gossip != nil {
		n.gossip.Close()
	}
	n.stopActors()
	if n.links != nil {
		n.links.Close()
	}
	return n.store.Close()
}

// stopActors stops the replicas, the director and the log, and waits for each.
func (n *Node) stopActors() {
	wait := func(pid *actor.PID) { _ = n.system.Root.StopFuture(pid).Wait() }
	for _, h := range n.routes.Load().Handles {
		wait(h.PID)
	}
	if n.directed {
		wait(n.director)
	}
	if n.forward != nil {
		wait(n.system.NewLocalPID(forward.Name))
	}
	if n.broker != nil {
		wait(n.system.NewLocalPID(pubsub.Name))
	}
	if n.survey != nil {
		wait(n.system.NewLocalPID(survey.Name))
	}
	if n.confirms {
		wait(n.system.NewLocalPID(confirm.Name))
	}
	wait(n.logPID)
}

// SetSecret replaces the secret that the node was started with: it is used for new connections and gossip at once,
// and connections that stand are made anew. It may be called from any goroutine while the node runs. It fails
// where the node was started without a secret.
func (n *Node) SetSecret(s *secret.Secret) error {
	if err := n.links.SetSecret(s); err != nil {
		return err
	}
	return n.gossip.SetKeys(s.GossipKeys())
}

// Routes is the node's picture of the cluster at the moment.
func (n *Node) Routes() *session.Routes { return n.routes.Load() }

// Log is the node's durable log. It is the node's own to write.
func (n *Node) Log() *raftlog.Log { return n.store }
