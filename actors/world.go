package actors

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/actors/raftlog"
	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/actors/session"
	"github.com/troupedb/troupe/gossip"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/secret"
)

// World is what a node stands on: its disk, the ways to other nodes, its clocks, chance, and who gives its
// actors their turns. Start takes the real one, a simulation brings its own. The functions are called on any
// goroutine that the world itself makes.
type World struct {
	FS      vfs.FS
	Store   raftlog.Store                 // nil: segments, on FS
	Free    func() (bytes int64, _ error) // of the disk; nil: asks FS
	Ballast int64                         // bytes of a file that is given up first when the disk fills
	Links   func(link.Config) (Links, error)
	Gossip  func(gossip.Config) (Gossip, error)

	Wall func() int64 // ms since 1970
	Mono func() int64 // ms, never backwards
	Seed func() uint64
	// After calls back once, on any goroutine; nil: no sync is put off, see raftlog.Config.
	After func(time.Duration, func())

	// Dispatcher gives the turns of the actor of a name; nil: mailbox.Workers.
	Dispatcher func(actor string) actor.Dispatcher
	// Drive runs the receiving half of a client's connection, see session.Config; nil: pollers do.
	Drive func(conn net.Conn, read func() bool)
	// Routes, if set, may give the sessions another picture of the cluster than the node has.
	Routes func(*session.Routes) *session.Routes
	// Observe, if set, sees the state machines of the node's replicas after every entry.
	Observe func(*replica.Applied)
}

// Links are the ways to the actors of other nodes; *link.Links are.
type Links interface {
	Connect(slotmap.NodeID)
	Bulk(slotmap.NodeID) *actor.PID
	Connections() []link.Connection
	Stats() link.Stats
	SetSecret(*secret.Secret) error
	Close()
}

// Gossip is what a node takes from gossip.
type Gossip interface {
	SetSelf(gossip.Node)
	Publish(slotmap.Delta)
	Nodes() []gossip.Node
	Known() []gossip.Node
	Clocks() []gossip.Clock
	SetKeys([][]byte) error
	// Bootstrap tells, once, which cluster a node without data belongs to. After Close nothing is told.
	Bootstrap(done func(gossip.Decision, error))
	Leave(context.Context) error
	Close()
}

// realWorld is the one that Start takes.
func realWorld() World {
	return World{
		FS:      vfs.Default,
		Ballast: 64 << 20,
		Links:   startLinks,
		Gossip:  startGossip,
		Wall:    func() int64 { return time.Now().UnixMilli() },
		Mono:    func() int64 { return time.Since(processStart).Milliseconds() },
		Seed:    rand.Uint64,
		After:   func(d time.Duration, do func()) { time.AfterFunc(d, do) },
	}
}

var processStart = time.Now()

func (w *World) dispatcher(name string) actor.Dispatcher {
	if w.Dispatcher == nil {
		return mailbox.Workers()
	}
	return w.Dispatcher(name)
}

func startLinks(cfg link.Config) (Links, error) {
	l, err := link.Start(cfg)
	if err != nil {
		return nil, err
	}
	return l, nil
}

func startGossip(cfg gossip.Config) (Gossip, error) {
	g, err := gossip.Start(cfg)
	if err != nil {
		return nil, err
	}
	return memberlist{g}, nil
}

// memberlist is the gossip of the real world.
type memberlist struct{ *gossip.Gossip }

// Bootstrap waits on a goroutine of its own.
func (m memberlist) Bootstrap(done func(gossip.Decision, error)) {
	go func() {
		d, err := m.Gossip.Bootstrap(context.Background())
		if !errors.Is(err, gossip.ErrClosed) {
			done(d, err)
		}
	}()
}
