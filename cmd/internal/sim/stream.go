package sim

import (
	"slices"
	"time"

	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/wire"
)

// stream is a connection that carries frames from one process to another. Its two ends notice its end each
// by themselves.
type stream struct {
	s    *Sim
	from *peer
	to   *process

	frames [][]byte // encoded, not sent yet
	queue  []packet // on the way, in order
	bytes  int      // of queue
	last   time.Duration
	stuck  bool // what is on the way does not get through at the moment

	sentEnd, gotEnd bool          // the ends that are closed
	answered, seen  time.Duration // when the sender last heard of the receiver, and the other way round
}

type packet struct {
	frames [][]byte
	bytes  int
	at     time.Duration // when it arrives
}

func newStream(from *peer, to *process) *stream {
	s := from.l.p.m.s
	c := &stream{s: s, from: from, to: to, answered: s.now, seen: s.now}
	for _, old := range to.links.in { // a new connection ends the one before it
		if old.from.l.cfg.Self == from.l.cfg.Self {
			old.gotEnd = true
		}
	}
	to.links.in = append(slices.DeleteFunc(to.links.in, func(c *stream) bool { return c.gotEnd }), c)
	return c
}

func (c *stream) places() (from, to int) { return c.from.l.p.m.i, c.to.m.i }

// encode puts a message behind those that wait to be sent. What waits for a slow peer is bounded, by a bound
// that takes at least one frame, as the real one does.
func (c *stream) encode(o outgoing) {
	c.s.watch.sent(c.from.l.p, o.message)
	frame := wire.AppendFrame(nil, o.target, o.message)[4:]
	if len(frame) > wire.MaxFrame {
		c.s.fail("frame of %d bytes", len(frame))
		return
	}
	if c.bytes > 0 && c.bytes+len(frame) > c.s.plan.linkBytes {
		c.s.tally.Dropped++
		return
	}
	c.bytes += len(frame)
	c.frames = append(c.frames, frame)
}

// send puts what was encoded on its way.
func (c *stream) send() {
	if len(c.frames) == 0 {
		return
	}
	p := packet{frames: c.frames, at: max(c.last, c.s.now+c.s.net.resend())}
	for _, f := range c.frames {
		p.bytes += len(f)
	}
	c.frames, c.last = nil, p.at
	c.queue = append(c.queue, p)
	if len(c.queue) == 1 && !c.stuck {
		c.pump()
	}
}

// pump delivers the first packet when its time has come, and then the next.
func (c *stream) pump() {
	c.s.after(max(0, c.queue[0].at-c.s.now), func() {
		if len(c.queue) == 0 || c.gotEnd || c.to.over {
			c.drop()
			return
		}
		if c.stuck = !c.s.net.open(c.places()); c.stuck {
			return
		}
		p := c.queue[0]
		c.queue = c.queue[1:]
		c.bytes -= p.bytes
		c.to.whenFrom(c, func() { c.arrive(p) })
		if len(c.queue) > 0 {
			c.pump()
		}
	})
}

func (c *stream) drop() { c.queue, c.bytes = nil, 0 }

// trim leaves the first part of what is on its way.
func (c *stream) trim() { c.queue = c.queue[:c.s.net.rng.IntN(len(c.queue)+1)] }

func (c *stream) arrive(p packet) {
	for _, f := range p.frames {
		c.s.hash(f)
		c.s.tally.Frames++
		c.deliver(f)
	}
}

// deliver gives a frame to the actor that it names.
func (c *stream) deliver(frame []byte) {
	target, m, err := wire.DecodeFrame(frame)
	if err != nil {
		c.s.fail("n%d cannot read a frame from n%d: %v", c.to.m.i, c.from.l.p.m.i, err)
		return
	}
	to, sender := &c.to.links.cfg, c.from.l.cfg.Self
	if _, ok := to.System.ProcessRegistry.GetLocal(target); !ok {
		to.System.Root.Send(to.Node, &link.Unroutable{From: sender, Target: target, Message: m})
		return
	}
	to.System.Root.Send(to.System.NewLocalPID(target), &link.Inbound{From: sender, Message: m})
}

// lives reports whether both ends hear each other at the moment.
func (c *stream) lives() bool {
	return !c.sentEnd && !c.gotEnd && !c.to.over && !c.to.paused && !c.from.l.p.over && !c.from.l.p.paused && c.s.net.both(c.places())
}

// look lets each end see what it can, and give up after silence.
func (c *stream) look() {
	from, to := c.places()
	sender, receiver := c.from.l.p, c.to
	if c.lives() {
		c.answered, c.seen = c.s.now, c.s.now
	}
	if !c.sentEnd && !sender.over {
		reset := (receiver.over || c.gotEnd) && c.s.net.open(to, from)
		if reset || c.s.now-c.answered > linkSilence {
			c.endSender()
		}
	}
	if !c.gotEnd && !receiver.over {
		reset := (sender.over || c.sentEnd) && c.s.net.open(from, to) && len(c.queue) == 0
		if reset || c.s.now-c.seen > linkSilence {
			c.endReceiver()
		} else if c.s.net.open(from, to) && !sender.paused && !sender.over {
			c.seen = c.s.now
		}
	}
	c.unstick()
}

func (c *stream) endSender() {
	c.sentEnd = true
	c.from.l.p.when(func() {
		if c.from.conn == c {
			c.from.broken()
		}
	})
}

func (c *stream) endReceiver() {
	c.gotEnd = true
	c.to.whenFrom(c, c.to.links.peer(c.from.l.cfg.Self).departed)
}

// breakOff ends the connection at both ends at once.
func (c *stream) breakOff() {
	if !c.sentEnd && !c.from.l.p.over {
		c.endSender()
	}
	if !c.gotEnd && !c.to.over {
		c.endReceiver()
	}
}

// unstick goes on with what a cut held up.
func (c *stream) unstick() {
	if c.stuck && c.s.net.open(c.places()) && len(c.queue) > 0 {
		c.stuck = false
		c.queue[0].at = c.s.now + c.s.net.resend()
		c.pump()
	}
}
