package link

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/wire"
	"github.com/troupedb/troupe/wire/secret"
)

const (
	// flushAt is what the buffer holds before it is written without waiting for Drained.
	flushAt = 256 << 10
	// maxKept is the largest buffer, in bytes, that is kept for reuse: one for what is sent to a peer, and one for what is
	// received, on each of its connections.
	maxKept = 4 << 20
	// maxPongs bounds the frames that come back on a connection to a peer: pongs.
	maxPongs = 1 << 10
	// connectTries is how often Connect dials, at most a backoff apart.
	connectTries = 10
)

var errMoved = errors.New("the node has a new address")

// sender is the actor that owns the connection to one peer. It is in one of four states:
//
//	away      conn == nil, !dialing    a message dials if the backoff has passed, else is dropped
//	dialing   conn == nil, dialing     the newest small message per target is held
//	up        conn != nil, !dialing    messages are encoded, and written at Drained
//	renewing  conn != nil, dialing     the same, until a connection by the newest secret takes over
type sender struct {
	*peer
	log *slog.Logger

	conn    *conn
	dialing bool
	address string // that conn was dialled at
	backoff backoff
	held    holding
	wanted  int   // dials that Connect still asks for, message or not
	stale   bool  // conn was made by an older secret
	broke   error // conn ended by that while the one that replaces it was dialled

	buf    []byte
	frames int // messages of others in buf

	pings uint64
	// Invariant: lost if and only if the last event told was Down.
	lost  bool
	met   bool // an Up was told
	dials outage
}

func newSender(p *peer) *sender {
	t := p.links.timing
	return &sender{
		peer:    p,
		log:     p.links.cfg.Logger.With("node", p.node.String()),
		backoff: backoff{min: t.backoffMin, max: t.backoffMax},
	}
}

func (s *sender) Receive(c actor.Context) {
	switch m := c.Message().(type) {
	case *urgent:
		s.take(&m.outgoing)
		urgents.Put(m)
	case *outgoing:
		s.take(m)
		outgoings.Put(m)
	case mailbox.Drained:
		s.flush()
	case *dialed:
		s.dialed(m)
	case *broken:
		s.broken(m.conn, m.err)
	case *confirmed:
		s.confirmed(m.conn)
	case *arrived:
		s.arrived(m.address)
	case *departed:
		s.departed(m.err)
	case renew:
		s.stale = true
		s.wake()
	case connect:
		s.connect()
	case tick:
		s.tick()
	case *actor.Restarting:
		s.dialing = false // whatever comes of it, another sender will hear of it
		s.broken(s.conn, errors.New("the link failed and starts anew"))
	case *actor.Stopping:
		s.leave()
	case *actor.Stopped:
		close(s.gone)
	}
}

// take gives the tokens back at once: what is encoded is bounded by flushAt, and a write holds the mailbox, so
// what waits is what waits there.
func (s *sender) take(m *outgoing) {
	o := *m
	*m = outgoing{}
	s.budget.Release(1, o.cost)
	s.wake()
	switch {
	case s.conn != nil:
		s.encode(o.target, o.message)
	case s.dialing:
		s.dropped(s.held.put(o))
	default:
		s.dropped(1)
	}
}

func (s *sender) dropped(messages int) { s.links.counters.away.Add(uint64(messages)) }

func (s *sender) encode(target string, m wire.Message) {
	start := len(s.buf)
	if !s.appendFrame(target, m) || len(s.buf)-start > s.links.limits.frame {
		s.buf = s.buf[:start]
		s.unsendable(target, m)
		return
	}
	s.frames++
	if len(s.buf) >= flushAt {
		s.flush()
	}
}

// appendFrame survives a message that panics while it is encoded: one sender's defect must not end the connection
// of all others.
func (s *sender) appendFrame(target string, m wire.Message) (ok bool) {
	defer func() {
		if r := recover(); r != nil {
			s.links.counters.panics.Add(1)
			s.links.complain.once("encode", "panic while a message was encoded", "type", typeName(m), "reason", r)
		}
	}()
	s.buf = wire.AppendFrame(s.buf, target, m)
	return true
}

// flush writes what was encoded. It blocks for the write timeout at most, unless the peer makes progress.
func (s *sender) flush() {
	if len(s.buf) == 0 || s.conn == nil {
		return
	}
	n, err := s.conn.Write(s.buf)
	if err != nil {
		s.broken(s.conn, fmt.Errorf("write: %w", err))
		return
	}
	s.links.counters.sent.Add(uint64(s.frames))
	s.links.counters.sentBytes.Add(uint64(n))
	s.empty()
}

func (s *sender) empty() {
	s.frames = 0
	s.buf = s.buf[:0]
	if cap(s.buf) > maxKept {
		s.buf = nil
	}
	s.buffer.Store(int64(cap(s.buf)))
}

// wake dials if there is no connection, or an old one, and the backoff allows.
func (s *sender) wake() {
	if s.conn != nil && !s.stale || s.dialing || s.closed.Load() || !s.backoff.ready(time.Now()) {
		return
	}
	s.dialing, s.stale = true, false
	address := s.where()
	s.links.spawn("dial", func() {
		c, err := s.links.dial(s.node, address, false)
		s.post(&dialed{c, address, err})
	})
}

func (s *sender) dialed(m *dialed) {
	renewing := s.dialing
	s.dialing = false
	switch {
	case m.err != nil:
		s.notDialed(m)
		return
	case s.conn != nil && !renewing: // a sender that was started anew meanwhile
		m.drop()
		return
	case s.conn != nil:
		// The peer ends the old one once it reads from this one: it would take an end that comes sooner for a loss.
		s.links.counters.up.Add(-1)
	}
	s.broke = nil
	s.hold(m.conn)
	s.address = m.address
	s.wanted = 0
	s.links.counters.up.Add(1)
	s.links.spawn("pongs", func() { s.hear(m.conn) })
	s.dials = outage{}
	s.tellUp()
	for _, o := range s.held.take() {
		s.encode(o.target, o.message)
	}
}

// hold makes c the connection.
func (s *sender) hold(c *conn) {
	s.conn = c
	s.outbound.Store(c)
}

// notDialed leaves a connection that was to be renewed as it is, to try again, unless the peer's secret counts no
// more.
func (s *sender) notDialed(m *dialed) {
	s.backoff.fail(time.Now())
	s.wanted = max(0, s.wanted-1)
	s.dropped(s.held.drop())
	s.cannotDial(m)
	switch {
	case s.broke != nil:
		s.tellDown(s.broke)
		s.broke = nil
	case s.conn != nil && !s.links.trusts(s.conn):
		s.broken(s.conn, secret.ErrStranger)
	case s.conn != nil:
		s.stale = true
	}
}

func (s *sender) cannotDial(m *dialed) {
	if s.links.ctx.Err() != nil {
		return
	}
	failed, ok := s.dials.due(reason(m.err), time.Now())
	if !ok {
		return
	}
	args := []any{"node", s.node, "address", m.address, "err", cause(m.err)}
	if failed > 0 {
		args = append(args, "failed_before", failed)
	}
	s.links.complain.once("dial "+s.node.String(), "cannot connect", args...)
}

// broken ends the connection, unless it is another one by now.
func (s *sender) broken(c *conn, err error) {
	if c == nil || c != s.conn {
		return
	}
	s.hold(nil)
	c.kill()
	now := time.Now()
	s.backoff.lost(now, now.Sub(c.since))
	s.links.counters.up.Add(-1)
	s.dropped(s.frames)
	s.empty()
	if s.dialing { // the peer ends the old one when the new one reaches it
		s.broke = err
		return
	}
	s.tellDown(err)
}

// connect has a dial made, and tells again of a connection that stands: while a node starts, its peers may be faster to
// connect than those who want to hear of it are to be there.
func (s *sender) connect() {
	s.wanted = connectTries
	s.wake()
	if s.conn != nil && !s.lost {
		s.tellUp()
	}
}

// arrived comes when the peer has connected to here: it lives, and will want answers.
func (s *sender) arrived(address string) {
	s.hint.Store(&address)
	s.backoff.reset()
	s.wake()
}

// departed comes when the peer's connection to here has ended. That is evidence of loss, which a pong on the
// connection to the peer refutes.
func (s *sender) departed(err error) {
	s.tellDown(fmt.Errorf("the peer's connection to here ended: %w", cause(err)))
	if s.conn != nil {
		s.conn.awaited.Store(s.pings + 1)
		s.ping()
	}
}

func (s *sender) confirmed(c *conn) {
	if c == s.conn {
		s.tellUp()
	}
}

func (s *sender) tellUp() {
	if s.lost || !s.met {
		s.log.Info("link: up", "address", s.address)
	}
	s.lost, s.met = false, true
	s.links.tell(&Up{s.node})
}

func (s *sender) tellDown(err error) {
	if s.lost {
		return
	}
	s.lost = true
	s.dials.expect(unreachable, time.Now())
	if s.links.ctx.Err() == nil {
		s.log.Info("link: down", "err", cause(err))
	}
	s.links.tell(&Down{s.node})
}

func (s *sender) tick() {
	if s.conn == nil {
		if s.wanted > 0 {
			s.wake()
		}
		return
	}
	if address, ok := s.links.cfg.Resolve(s.node); ok && address != s.address {
		s.broken(s.conn, errMoved)
		s.backoff.reset()
		s.wake()
		return
	}
	s.wake()
	s.ping()
}

func (s *sender) ping() {
	s.pings++
	s.appendFrame("", &wire.Ping{ID: s.pings})
}

// hear reads pongs until the connection breaks. It runs on a goroutine of its own.
func (s *sender) hear(c *conn) {
	defer close(c.ended)
	err := s.pongs(c, func() { s.post(&confirmed{c}) })
	c.kill() // first, so that a write which blocks ends
	s.post(&broken{c, err})
}

func (s *sender) pongs(c *conn, expected func()) error {
	var buf []byte
	for {
		body, reuse, err := c.next(buf, maxPongs)
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
		buf = reuse
		_, m, err := wire.DecodeFrame(body)
		if err != nil && !errors.Is(err, wire.ErrKind) {
			return err
		}
		if pong, ok := m.(*wire.Pong); ok && pong.ID != 0 && c.awaited.CompareAndSwap(pong.ID, 0) {
			expected()
		}
	}
}

// leave is the orderly end: what was sent before is written out first.
func (s *sender) leave() {
	s.flush()
	if s.conn != nil {
		s.conn.finish()
		s.hold(nil)
		s.links.counters.up.Add(-1)
	}
}
