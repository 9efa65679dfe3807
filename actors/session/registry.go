package session

import (
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/troupedb/troupe/actors/keyspace"
)

// client is what the rest of the server may know of a connection, and do to it: read by any goroutine,
// written by the session alone.
type client struct {
	id      uint64
	idText  string
	conn    net.Conn
	addr    string
	laddr   string
	created int64 // ms
	inner   bool  // of this process itself, see Server.Dial
	hidden  bool  // what it asks is part of another client's command, and not shown

	backlog  backlog
	subs     [3]atomic.Int32 // subscriptions by pubsub.Kind, as the broker tells
	subBytes atomic.Int64    // that they take there

	active  atomic.Int64 // ms, when input was last taken
	input   atomic.Int64 // bytes of the command under way, for CLIENT LIST
	writing atomic.Int64 // ms, when the write under way began; 0: none
	blocked atomic.Bool  // in a command that waits
	carries atomic.Bool  // in a MIGRATE
	name    atomic.Pointer[string]
	libName atomic.Pointer[string]
	libVer  atomic.Pointer[string]
	last    atomic.Pointer[keyspace.Command]
	proto   atomic.Int32
	queued  atomic.Int32 // commands in the open transaction; -1: none is open
	flags   atomic.Uint32

	mu      sync.Mutex
	queries []*unblockQuery // for the session to take
	left    bool            // it takes no more
}

// Bits of client.flags, for CLIENT LIST.
const (
	flagReadonly = 1 << iota
	flagNoEvict
	flagNoTouch
	flagMonitor
)

func newClient(id uint64, conn net.Conn, now int64) *client {
	c := &client{
		id: id, idText: strconv.FormatUint(id, 10), conn: conn, created: now,
		addr: conn.RemoteAddr().String(), laddr: conn.LocalAddr().String(),
	}
	c.active.Store(now)
	c.proto.Store(2)
	c.queued.Store(-1)
	return c
}

// class is the class of the client's output limits.
func (c *client) class() outputClass {
	if c.subscriptions() > 0 {
		return classPubSub
	}
	return classNormal
}

func (c *client) actorName() string { return "session/" + c.idText }

func (c *client) setFlag(bit uint32, on bool) {
	if on {
		c.flags.Or(bit)
	} else {
		c.flags.And(^bit)
	}
}

// kill breaks the connection; its session ends by itself.
func (c *client) kill() { c.conn.Close() }

// registry lists the connections. Any goroutine.
type registry struct {
	mu     sync.Mutex
	byID   map[uint64]*client
	closed bool
	n      atomic.Int64
}

// add reports false when the registry is closed.
func (r *registry) add(c *client) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	if r.byID == nil {
		r.byID = map[uint64]*client{}
	}
	r.byID[c.id] = c
	r.n.Add(1)
	return true
}

func (r *registry) remove(c *client) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.byID[c.id]; ok {
		delete(r.byID, c.id)
		r.n.Add(-1)
	}
}

// find returns the connection with an id, nil if there is none.
func (r *registry) find(id uint64) *client {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byID[id]
}

// memory is what is kept for all clients, in bytes.
func (r *registry) memory() (n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.byID {
		n += c.memory()
	}
	return n
}

func (r *registry) count() int64 { return r.n.Load() }

// all lists the connections by id.
func (r *registry) all() []*client {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]*client, 0, len(r.byID))
	for _, c := range r.byID {
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b *client) int { return int(int64(a.id) - int64(b.id)) })
	return out
}

// close refuses new connections and breaks all that are there.
func (r *registry) close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	for _, c := range r.all() {
		c.kill()
	}
}
