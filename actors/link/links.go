package link

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

// Links are all links of one node.
type Links struct {
	cfg      Config
	timing   timing
	limits   limits
	keys     atomic.Pointer[keys] // nil without a secret
	complain *complaints
	counters counters

	ctx    context.Context // ends with Close; every connection closes with it
	cancel context.CancelFunc
	work   sync.WaitGroup // goroutines that are not actors

	// Remote PIDs are resolved on whichever goroutine sends first and want an answer there and then, so the
	// table of peers can't be an actor's.
	mu struct {
		sync.Mutex
		closed bool
		peers  map[slotmap.NodeID]*peer
	}
}

// Start begins to accept peers and makes remote PIDs work. Call it before anything is sent to a remote PID:
// protoactor's table of resolvers is not guarded.
func Start(cfg Config) (*Links, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if err := prepare(cfg.FS, cfg.Incoming); err != nil {
		return nil, fmt.Errorf("directory for received files: %w", err)
	}
	l := &Links{cfg: cfg, timing: cfg.timing, limits: cfg.limits, complain: newComplaints(cfg.Logger)}
	if cfg.Secret != nil {
		l.keys.Store(newKeys(cfg.Secret))
	}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.mu.peers = make(map[slotmap.NodeID]*peer)
	cfg.System.ProcessRegistry.RegisterAddressResolver(l.resolve)
	l.spawn("accept", l.accept)
	l.spawn("tick", l.tick)
	return l, nil
}

// Close gives links timing.leave to write out what they hold, closes every connection and waits for all that
// the package runs. Messages sent later are dropped. No event is sent after it returned.
func (l *Links) Close() {
	peers := l.shut()
	l.cfg.Listen.Close()
	for _, p := range peers {
		p.poison()
	}
	timer := time.AfterFunc(l.timing.leave, l.cancel)
	for _, p := range peers {
		p.wait()
	}
	timer.Stop()
	l.cancel()
	l.work.Wait()
}

// shut stops new peers from being made and returns those that exist; none at a second call.
func (l *Links) shut() []*peer {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mu.closed = true
	var peers []*peer
	for node, p := range l.mu.peers {
		peers = append(peers, p)
		delete(l.mu.peers, node)
	}
	return peers
}

// Connect makes a connection to node before there is anything to send, so that the first message (a vote, say)
// finds one. It tries for some seconds. Where one stands already, an Up tells of it again. Any goroutine.
func (l *Links) Connect(node slotmap.NodeID) {
	if p := l.peer(node); p != nil {
		p.post(connect{})
	}
}

// Bulk returns the actor that takes SendFile for that node; after Close it leads nowhere. Any goroutine.
func (l *Links) Bulk(to slotmap.NodeID) *actor.PID {
	if p := l.peer(to); p != nil {
		if pid := p.bulkPID(); pid != nil {
			return pid
		}
	}
	return l.cfg.System.NewLocalPID("bulk/closed")
}

// resolve is protoactor's way to find the process behind a PID of another node. It is asked once per PID.
func (l *Links) resolve(pid *actor.PID) (actor.Process, bool) {
	node, err := slotmap.ParseNodeID(pid.Address)
	if err != nil {
		return nil, false
	}
	p := l.peer(node)
	return p, p != nil
}

// peer returns the one peer of that id, made when first asked for; nil for this node itself and after Close.
func (l *Links) peer(node slotmap.NodeID) *peer {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p, ok := l.mu.peers[node]; ok {
		return p
	}
	if l.mu.closed || node == l.cfg.Self {
		return nil
	}
	p, err := newPeer(l, node)
	if err != nil {
		l.complain.once("spawn", "cannot make a link", "node", node, "err", err)
		return nil
	}
	l.mu.peers[node] = p
	return p
}

func (l *Links) all() []*peer {
	l.mu.Lock()
	defer l.mu.Unlock()
	peers := make([]*peer, 0, len(l.mu.peers))
	for _, p := range l.mu.peers {
		peers = append(peers, p)
	}
	return peers
}

func (l *Links) tick() {
	ticker := time.NewTicker(l.timing.ping)
	defer ticker.Stop()
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-ticker.C:
		}
		for _, p := range l.all() {
			p.post(tick{})
		}
	}
}

// spawn runs f on a goroutine that Close waits for. A panic ends what f did, not the node: f works on bytes
// from the network and owns no state.
func (l *Links) spawn(what string, f func()) {
	l.work.Go(func() {
		defer func() {
			if r := recover(); r != nil {
				l.panicked(r, what, debug.Stack())
			}
		}()
		f()
	})
}

// actorPanicked is told of the message in hand, which must not be printed: it may hold users' data.
func (l *Links) actorPanicked(reason, message any, stack []byte) {
	l.panicked(reason, typeName(message), stack)
}

func (l *Links) panicked(reason any, during string, stack []byte) {
	l.counters.panics.Add(1)
	l.cfg.Logger.Error("link: panic", "during", during, "reason", reason, "stack", string(stack))
}

func (l *Links) tell(event any) { l.cfg.System.Root.Send(l.cfg.Node, event) }

func (l *Links) hello(to slotmap.NodeID, bulk bool) wire.Hello {
	return wire.Hello{
		Version: wire.Version,
		Cluster: l.cfg.Cluster(),
		Node:    l.cfg.Self,
		To:      to,
		Peer:    l.cfg.Advertise,
		Bulk:    bulk,
	}
}

// counters are written by many goroutines and read by Stats.
type counters struct {
	up                                    atomic.Int64
	sent, sentBytes, received             atomic.Uint64
	away, overflow, unsendable            atomic.Uint64
	unroutable, unknown, refused, dials   atomic.Uint64
	filesSent, filesReceived, filesFailed atomic.Uint64
	filesUnreadable                       atomic.Uint64
	panics                                atomic.Uint64
}
