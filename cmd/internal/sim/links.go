package sim

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupedb/troupe/actors"
	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
	"github.com/troupedb/troupe/wire/secret"
)

// Spans of package link that the simulation keeps.
const (
	linkTick    = 500 * time.Millisecond
	linkSilence = 3 * time.Second
	dialTimeout = 2 * time.Second
	backoffMin  = 20 * time.Millisecond
	backoffMax  = time.Second
	dialTries   = 10
	maxHeld     = 64
)

// links stand in for package link in one process.
type links struct {
	p     *process
	cfg   link.Config
	peers map[slotmap.NodeID]*peer
	order []*peer // in which they were made
	in    []*stream
}

func (p *process) startLinks(cfg link.Config) (actors.Links, error) {
	l := &links{p: p, cfg: cfg, peers: map[slotmap.NodeID]*peer{}}
	p.links = l
	cfg.System.ProcessRegistry.RegisterAddressResolver(l.resolve)
	l.tick()
	return l, nil
}

func (l *links) resolve(pid *actor.PID) (actor.Process, bool) {
	node, err := slotmap.ParseNodeID(pid.Address)
	if err != nil || node == l.cfg.Self {
		return nil, false
	}
	return l.peer(node), true
}

func (l *links) peer(node slotmap.NodeID) *peer {
	p := l.peers[node]
	if p == nil {
		p = &peer{l: l, node: node}
		l.peers[node] = p
		l.order = append(l.order, p)
	}
	return p
}

// Connect implements actors.Links. As of the real ones, an Up is repeated.
func (l *links) Connect(node slotmap.NodeID) {
	p := l.peer(node)
	if p.conn != nil && !p.lost {
		p.up()
	}
	p.wanted = dialTries
	p.wake()
}

// Connections implements actors.Links.
func (l *links) Connections() []link.Connection { return nil }

// Stats implements actors.Links.
func (l *links) Stats() link.Stats { return link.Stats{} }

// SetSecret implements actors.Links. Nothing is encrypted here.
func (l *links) SetSecret(*secret.Secret) error { return nil }

// Close implements actors.Links.
func (l *links) Close() {}

func (l *links) tell(event any) {
	l.p.when(func() { l.cfg.System.Root.Send(l.cfg.Node, event) })
}

// tick looks after the connections, as pings do.
func (l *links) tick() {
	l.p.m.s.after(linkTick, func() {
		if l.p.over {
			return
		}
		for _, p := range l.order {
			p.tick()
		}
		for _, c := range l.in {
			c.look()
		}
		l.tick()
	})
}

// ended tells the other ends of all connections of an end of the process, if packets get there. Of what was
// sent the first part is on its way.
func (l *links) ended() {
	s := l.p.m.s
	for _, p := range l.order {
		if c := p.conn; c != nil {
			c.trim()
			s.after(s.net.delay(), c.look)
		}
	}
	for _, c := range l.in {
		s.after(s.net.delay(), c.look)
	}
}

// breakOff ends all connections, in both directions.
func (l *links) breakOff() {
	for _, p := range l.order {
		if p.conn != nil {
			p.conn.breakOff()
		}
	}
	for _, c := range l.in {
		c.breakOff()
	}
}

// peer is the way to one node.
type peer struct {
	l       *links
	node    slotmap.NodeID
	place   int
	conn    *stream
	dialing bool
	wanted  int           // dials that Connect still asks for
	wait    time.Duration // after the next failed dial
	until   time.Duration // no dial before
	lost    bool          // the last event told was Down

	queue []outgoing
	due   bool       // a turn will send the queue
	held  []outgoing // while a dial is under way
	bulk  *transfers
}

type outgoing struct {
	target  string
	message wire.Message
}

// SendUserMessage implements actor.Process.
func (p *peer) SendUserMessage(pid *actor.PID, m any) {
	_, m, _ = actor.UnwrapEnvelope(m)
	msg, ok := m.(wire.Message)
	if !ok {
		p.l.p.m.s.fail("n%d sends a %T to %v", p.l.p.m.i, m, pid)
		return
	}
	p.queue = append(p.queue, outgoing{pid.Id, msg})
	if !p.due {
		p.due = true
		turns{p.l.p, func() {}}.Schedule(p.flush)
	}
}

// SendSystemMessage implements actor.Process.
func (*peer) SendSystemMessage(*actor.PID, any) {}

// Stop implements actor.Process.
func (*peer) Stop(*actor.PID) {}

// flush sends what is queued, consensus first.
func (p *peer) flush() {
	queue := p.queue
	p.queue, p.due = nil, false
	p.wake()
	for _, urgent := range []bool{true, false} {
		for _, o := range queue {
			if _, ok := o.message.(mailbox.Consensus); ok == urgent {
				p.put(o)
			}
		}
	}
	if p.conn != nil {
		p.conn.send()
	}
}

func (p *peer) put(o outgoing) {
	_, raft := o.message.(*wire.Raft)
	s := p.l.p.m.s
	switch {
	case raft && (s.net.mute[p.l.p.m.i] || s.net.mute[p.place]):
		s.tally.Dropped++
	case p.conn != nil:
		p.conn.encode(o)
	case p.dialing:
		p.hold(o)
	default:
		s.tally.Dropped++
	}
}

// hold keeps the newest message per target.
func (p *peer) hold(o outgoing) {
	for i := range p.held {
		if p.held[i].target == o.target {
			p.held = append(p.held[:i], p.held[i+1:]...)
			break
		}
	}
	if len(p.held) < maxHeld {
		p.held = append(p.held, o)
	}
}

func (p *peer) wake() {
	s := p.l.p.m.s
	if p.conn != nil || p.dialing || p.l.p.over || s.now < p.until {
		return
	}
	p.dialing = true
	p.place = 0
	if addr, ok := p.l.cfg.Resolve(p.node); ok {
		p.place = s.placeOf(addr)
	}
	s.after(2*s.net.resend(), p.dialed)
}

// dialed ends a dial, or waits for its timeout.
func (p *peer) dialed() {
	s, from := p.l.p.m.s, p.l.p
	if from.over {
		return
	}
	to := s.processAt(p.place)
	fail := func() { from.when(func() { p.connected(nil) }) }
	switch {
	case p.place == 0:
		fail()
	case !s.net.both(from.m.i, p.place) || to != nil && to.paused:
		s.after(dialTimeout, fail)
	case to == nil || !p.accepted(to):
		fail()
	default:
		from.when(func() { p.connected(to) })
	}
}

// accepted reports whether the process there is the node that was dialled, of the same cluster.
func (p *peer) accepted(to *process) bool {
	own := p.l.cfg.Cluster()
	return to.links != nil && to.links.cfg.Self == p.node && !own.IsZero() && to.links.cfg.Cluster() == own
}

// connected ends a dial; to is nil if it failed.
func (p *peer) connected(to *process) {
	s := p.l.p.m.s
	p.dialing = false
	if to == nil || to.over {
		p.backoff()
		p.wanted = max(0, p.wanted-1)
		p.held = nil
		return
	}
	p.wanted, p.wait, p.until = 0, 0, 0
	p.conn = newStream(p, to)
	s.tally.Connections++
	p.up()
	held := p.held
	p.held = nil
	for _, o := range held {
		p.conn.encode(o)
	}
	p.conn.send()
	back := to.links.peer(p.l.cfg.Self)
	to.when(func() {
		back.wait, back.until = 0, 0
		back.wake()
	})
}

func (p *peer) backoff() {
	wait := max(p.wait, backoffMin)
	p.until = p.l.p.m.s.now + wait/2 + time.Duration(p.l.p.m.rng.Int64N(int64(wait/2+1)))
	p.wait = min(2*wait, backoffMax)
}

func (p *peer) up() {
	p.lost = false
	p.l.tell(&link.Up{Node: p.node})
}

func (p *peer) down() {
	if !p.lost {
		p.lost = true
		p.l.tell(&link.Down{Node: p.node})
	}
}

// broken ends the connection to the peer. What waits is lost.
func (p *peer) broken() {
	if p.conn == nil {
		return
	}
	p.conn.sentEnd = true
	p.conn.drop()
	p.conn = nil
	p.backoff()
	p.down()
}

// departed takes the end of the peer's connection to here: evidence, which a pong refutes.
func (p *peer) departed() {
	p.down()
	s, c := p.l.p.m.s, p.conn
	if c == nil {
		return
	}
	s.after(2*s.net.delay(), func() {
		if p.conn == c && c.lives() {
			p.up()
		}
	})
}

func (p *peer) tick() {
	if p.conn == nil {
		if p.wanted > 0 && !p.l.p.paused {
			p.wake()
		}
		return
	}
	p.conn.look()
	if addr, ok := p.l.cfg.Resolve(p.node); p.conn != nil && ok && p.l.p.m.s.placeOf(addr) != p.place {
		p.broken()
		p.wait, p.until = 0, 0
	}
}
