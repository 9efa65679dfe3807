package session

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupedb/troupe/actors/clock"
	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/actors/poll"
	"github.com/troupedb/troupe/actors/pubsub"
	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/slotmap"
)

// RedisVersion is the version whose behaviour clients may expect.
const RedisVersion = "7.2.6"

// Config is what a Server is started with.
type Config struct {
	System      *actor.ActorSystem
	Routes      func() *Routes // never nil; called on any goroutine, must not block
	Listener    net.Listener
	Logger      *slog.Logger
	Requirepass string            // password of the default user; "" for none
	Version     string            // of the project
	Fsync       string            // what Redis's appendfsync says of the log; "": always
	Params      map[string]string // further parameters that CONFIG GET shows and nobody may change

	// Clock is the node's clocks and what the others say of them, for INFO. Any goroutine.
	Clock func() clock.Now

	// Debug allows the DEBUG command, which is for tests.
	Debug bool

	// Shutdown has the process end in good order, with now without handing leaderships over first. It returns at once.
	// Nil: clients can't end it.
	Shutdown func(now bool)

	// Broker is the node's pubsub.Broker, and PubSub its figures.
	Broker *actor.PID
	PubSub func() pubsub.Stats

	// Dispatcher is what the sessions run on. Nil: the pollers of TCP connections, and mailbox.Workers.
	Dispatcher actor.Dispatcher
	// Drive runs the receiving half of a connection, on one goroutine at a time: it calls read, which takes
	// input from the connection and blocks while there is none, until that reports false. Nil: the pollers of TCP
	// connections, and a goroutine for each other one.
	Drive func(conn net.Conn, read func() bool)

	// Links lists the connections to other nodes, on any goroutine; nil: there are none.
	Links func() []link.Connection

	// Forward has other nodes carry out what they lead. Without it nothing is forwarded.
	Forward Forwarder
	// ForwardAll makes the node carry out commands of any slot through the slot's leader instead of
	// answering MOVED.
	ForwardAll bool
}

// Forwarder is the way to the leaders of shards on other nodes. Any goroutine; nothing blocks.
type Forwarder interface {
	// Ask sends a batch to the replica of a shard on another node, and has its answers delivered to the batch's
	// sink. It reports false when too much is under way: nothing was sent then.
	Ask(node slotmap.NodeID, shard slotmap.ShardID, b *replica.Batch) bool
	// Copies does so with a query of WAIT, and names it for Unblock.
	Copies(node slotmap.NodeID, shard slotmap.ShardID, q *replica.WaitQuery) (id uint64, ok bool)
	// Unblock ends what waits: an operation by its Answer.Waiter, which is answered once more, or a query, which is
	// not answered any more.
	Unblock(id uint64, withError bool)
}

// Server accepts client connections and keeps what they share: settings, figures, the list of them.
type Server struct {
	cfg      Config
	system   *actor.ActorSystem
	log      *slog.Logger
	settings settings
	stats    stats
	clients  registry
	slow     slowlog
	latency  latencies
	monitors monitors
	paused   pause
	saved    saved
	events   *mailbox.Budget // of keyspace events on their way to the broker
	started  time.Time
	runID    string
	nextID   atomic.Uint64
	now      atomic.Int64 // the wall clock in ms, as of the last sweep

	closing chan struct{}
	queue   mailbox.HighWater
	boxes   actor.MailboxProducer // of the sessions
	pollers []*poll.Poller        // of TCP connections; none: each has a goroutine
	polling atomic.Uint64         // connections that were given to one so far
	running sync.WaitGroup        // the accept loop, the sweep, and two for each connection
}

const fsyncAlways = "always"

// Serve starts to accept connections; Close ends it.
func Serve(cfg Config) (*Server, error) {
	s, err := New(cfg)
	if err == nil {
		s.Start()
	}
	return s, err
}

// New makes a server for connections that are brought to Admit. It runs nothing by itself before Start.
func New(cfg Config) (*Server, error) {
	if cfg.System == nil || cfg.Routes == nil || cfg.Listener == nil || cfg.Clock == nil ||
		cfg.Broker == nil || cfg.PubSub == nil {
		return nil, errors.New("session: Config lacks System, Routes, Listener, Clock, Broker or PubSub")
	}
	if cfg.Fsync == "" {
		cfg.Fsync = fsyncAlways
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{
		cfg: cfg, system: cfg.System, log: cfg.Logger, started: time.Now(), runID: newRunID(),
		closing: make(chan struct{}), events: mailbox.NewBudget(maxEvents, maxEventBytes),
	}
	// Unbounded: a session is sent what it asked for, and by its reader one message for each pipeline that it took.
	s.boxes = mailbox.New(mailbox.WithHighWater(&s.queue))
	s.settings.init(cfg.Requirepass)
	s.stats.init()
	s.now.Store(time.Now().UnixMilli())
	s.saved.at.Store(s.started.Unix())
	return s, nil
}

// Start begins to accept connections from the listener. It is called once.
func (s *Server) Start() {
	s.startPollers()
	s.running.Add(2)
	go s.accept()
	go s.sweep()
}

func newRunID() string {
	var id [20]byte
	rand.Read(id[:])
	return hex.EncodeToString(id[:])
}

// Addr is the address that clients connect to.
func (s *Server) Addr() net.Addr { return s.cfg.Listener.Addr() }

// Close stops listening, ends all connections and waits until nothing of them runs any more.
func (s *Server) Close() {
	close(s.closing)
	s.cfg.Listener.Close()
	s.clients.close()
	s.running.Wait()
	for _, p := range s.pollers {
		p.Close()
	}
}

func (s *Server) isClosing() bool {
	select {
	case <-s.closing:
		return true
	default:
		return false
	}
}

func (s *Server) routes() *Routes { return s.cfg.Routes() }

// accept runs until the listener is closed. Another error (no file descriptor is left, say) is waited
// out: the listener is as good as before.
func (s *Server) accept() {
	defer s.running.Done()
	for {
		conn, err := s.cfg.Listener.Accept()
		if err == nil {
			s.Admit(conn)
			continue
		}
		if errors.Is(err, net.ErrClosed) {
			return
		}
		s.log.Warn("cannot accept a connection", "err", err)
		select {
		case <-s.closing:
			return
		case <-time.After(acceptPause):
		}
	}
}

const acceptPause = 100 * time.Millisecond

// Admit starts a session, unless the connection is refused. Any goroutine.
func (s *Server) Admit(conn net.Conn) {
	if reason := s.refuse(conn); reason != "" {
		s.stats.rejectedConns.Add(1)
		conn.SetWriteDeadline(time.Now().Add(acceptPause))
		conn.Write([]byte("-" + reason + "\r\n"))
		conn.Close()
		return
	}
	id := s.nextID.Add(1)
	c := newClient(id, s.polled(conn), s.now.Load())
	if !s.clients.add(c) {
		c.conn.Close()
		return
	}
	s.stats.conns.Add(1)
	s.spawn(c)
}

// refuse gives the error line for a connection that may not be served, or "".
func (s *Server) refuse(conn net.Conn) string {
	if s.clients.count() >= s.settings.maxclients.Load() {
		return "ERR max number of clients reached"
	}
	if s.settings.protected.Load() && s.settings.password() == "" && !loopback(conn.RemoteAddr()) {
		return denied
	}
	return ""
}

const denied = "DENIED this node runs in protected mode: no password is set, so connections are only accepted from " +
	"the loopback interface. Start it with --requirepass, or send CONFIG SET requirepass or " +
	"CONFIG SET protected-mode no from the node's own host."

func loopback(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return !ok || tcp.IP.IsLoopback()
}

func (s *Server) spawn(c *client) {
	s.running.Add(2)
	props := actor.PropsFromProducer(func() actor.Actor { return newSession(s, c) },
		actor.WithMailbox(s.boxes), actor.WithDispatcher(s.dispatcher(c)))
	if _, err := s.system.Root.SpawnNamed(props, c.actorName()); err != nil {
		s.log.Error("cannot start a session", "client", c.id, "err", err)
		c.conn.Close()
		s.clients.remove(c)
		s.running.Add(-2)
	}
}

// troupeVersion is the version of the project for INFO, on one line.
func (s *Server) troupeVersion() string {
	if s.cfg.Version == "" {
		return "dev"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' {
			return -1
		}
		return r
	}, s.cfg.Version)
}
