package link

import (
	"errors"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/troupedb/troupe/wire"
)

// deliverAll reads a peer's messages until the connection ends.
func (l *Links) deliverAll(p *peer, c *conn, hello wire.Hello) {
	if !p.takeOver(c) {
		return
	}
	l.closeStranger(c)
	p.post(&arrived{hello.Peer})
	in := inbox{links: l, peer: p, conn: c, pids: make(map[string]*actor.PID)}
	c.alive = in.alive
	err := in.run()
	c.kill()
	if p.inbound.CompareAndSwap(c, nil) {
		p.post(&departed{err})
	}
	if l.ctx.Err() == nil && isGarbage(err) {
		l.complain.once("garbage from "+p.node.String(), "connection closed: bad bytes", "node", p.node, "from", c.RemoteAddr(), "err", err)
	}
}

// takeOver makes c the connection that delivers, after the one before it has delivered all that it will. It is
// false where c itself is the older one: whose handshake ends first is a matter of luck.
func (p *peer) takeOver(c *conn) bool {
	for {
		old := p.inbound.Load()
		if old != nil && old.order > c.order {
			return false
		}
		if !p.inbound.CompareAndSwap(old, c) {
			continue
		}
		if old != nil {
			old.kill()
			<-old.ended // it may still hold messages of before
		}
		return true
	}
}

// isGarbage tells what a peer said from how its connection broke.
func isGarbage(err error) bool {
	return errors.Is(err, wire.ErrFrameSize) || errors.Is(err, errBadFrame)
}

var errBadFrame = errors.New("bad frame")

// inbox is the reading end of one connection. It belongs to one goroutine.
type inbox struct {
	links  *Links
	peer   *peer
	conn   *conn
	pids   map[string]*actor.PID // of local actors
	ponged time.Time
}

// maxPIDs bounds the cache of local PIDs; a peer can name any target.
const maxPIDs = 4096

func (in *inbox) run() error {
	var buf []byte
	for {
		body, reuse, err := in.conn.next(buf, wire.MaxFrame)
		if err != nil {
			return err
		}
		if err := in.frame(body); err != nil {
			return err
		}
		buf = reuse
	}
}

func (in *inbox) frame(body []byte) error {
	target, message, err := wire.DecodeFrame(body)
	switch {
	case errors.Is(err, wire.ErrKind):
		in.links.counters.unknown.Add(1)
		return nil
	case err != nil:
		return errors.Join(errBadFrame, err)
	}
	in.links.counters.received.Add(1)
	switch m := message.(type) {
	case *wire.Ping:
		return in.pong(m.ID)
	case *wire.Pong:
	default:
		in.deliver(target, message, len(body))
	}
	return nil
}

func (in *inbox) deliver(target string, message wire.Message, size int) {
	system := in.links.cfg.System
	if _, ok := system.ProcessRegistry.GetLocal(target); !ok {
		in.links.counters.unroutable.Add(1)
		in.links.tell(&Unroutable{in.peer.node, target, message})
		return
	}
	system.Root.Send(in.pid(target), &Inbound{in.peer.node, message, size})
}

func (in *inbox) pid(target string) *actor.PID {
	pid, ok := in.pids[target]
	if !ok {
		if len(in.pids) >= maxPIDs {
			clear(in.pids)
		}
		pid = in.links.cfg.System.NewLocalPID(target)
		in.pids[target] = pid
	}
	return pid
}

func (in *inbox) pong(id uint64) error {
	in.ponged = time.Now()
	return in.conn.send(&wire.Pong{ID: id})
}

// alive is called after each read. While a large frame arrives slowly, the ping waits behind it; a pong of its
// own accord tells the sender that its bytes are being read.
func (in *inbox) alive(now time.Time) error {
	if now.Sub(in.ponged) < in.links.timing.read/3 {
		return nil
	}
	return in.pong(0)
}
