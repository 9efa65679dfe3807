package link

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/troupedb/troupe/wire"
)

// acceptPause is waited after a failed accept, which is most often a lack of file descriptors.
const acceptPause = 50 * time.Millisecond

// doors counts the connections that are let in. A stranger can take all places for handshakes, but none of a
// peer that has got through.
type doors struct {
	inbound, handshakes places
	admitted            uint64 // of the accepting goroutine
}

type places struct{ free atomic.Int64 }

func (p *places) take() bool {
	if p.free.Add(-1) >= 0 {
		return true
	}
	p.free.Add(1)
	return false
}

func (p *places) leave() { p.free.Add(1) }

func (l *Links) accept() {
	var d doors
	d.inbound.free.Store(int64(l.limits.inbound))
	d.handshakes.free.Store(int64(l.limits.handshakes))
	for {
		raw, err := l.cfg.Listen.Accept()
		switch {
		case err == nil:
			l.admit(&d, raw)
		case l.ctx.Err() != nil || errors.Is(err, net.ErrClosed):
			return
		default:
			l.complain.once("accept", "cannot accept", "err", err)
			l.pause(acceptPause)
		}
	}
}

func (l *Links) pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-l.ctx.Done():
	}
}

func (l *Links) admit(d *doors, raw net.Conn) {
	if !d.inbound.take() {
		l.turnAway(raw, "too many connections")
		return
	}
	if !d.handshakes.take() {
		d.inbound.leave()
		l.turnAway(raw, "too many connections that have not said who they are")
		return
	}
	d.admitted++
	order := d.admitted
	l.spawn("connection", func() {
		defer d.inbound.leave()
		l.serve(d, raw, order)
	})
}

func (l *Links) turnAway(raw net.Conn, why string) {
	raw.Close()
	l.refused(raw, errors.New(why))
}

// refused keeps quiet about ports that are opened and closed without a word: health checks do that.
func (l *Links) refused(raw net.Conn, err error) {
	if l.ctx.Err() != nil {
		return
	}
	l.counters.refused.Add(1)
	if errors.Is(err, io.EOF) {
		return
	}
	l.complain.once("refused: "+reason(err), "connection refused", "from", raw.RemoteAddr(), "err", err)
}

// serve owns an accepted connection to its end.
func (l *Links) serve(d *doors, raw net.Conn, order uint64) {
	c := l.adopt(raw, l.timing.handshake)
	c.order = order
	defer close(c.ended)
	defer c.kill()
	hello, err := l.shake(d, c)
	if err != nil {
		raw.Close() // not kill: what was said last tells the other side why
		l.refused(raw, err)
		return
	}
	p := l.peer(hello.Node)
	switch {
	case p == nil: // closing
	case hello.Bulk:
		l.receiveFile(p, c)
	default:
		l.deliverAll(p, c, hello)
	}
}

func (l *Links) shake(d *doors, c *conn) (wire.Hello, error) {
	defer d.handshakes.leave()
	hello, err := l.welcome(c)
	return hello, explain(err)
}
