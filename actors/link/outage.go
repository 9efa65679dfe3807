package link

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	"github.com/troupedb/troupe/wire"
	"github.com/troupedb/troupe/wire/secret"
)

// outage decides which of the failed dials to a peer the log hears of: the first of a kind, and then ever
// fewer. That a peer which was just reported down cannot be reached is no news.
type outage struct {
	kind     string // of the latest failures; "" before the first
	wait     time.Duration
	until    time.Time
	withheld int
}

const (
	outageRepeat    = time.Minute
	outageMaxRepeat = time.Hour
)

// due reports whether to tell of a failure, and how many were not told of since the last.
func (o *outage) due(kind string, now time.Time) (withheld int, ok bool) {
	switch {
	case kind != o.kind:
		o.expect(kind, now)
		return 0, true
	case now.Before(o.until):
		o.withheld++
		return 0, false
	}
	withheld, o.withheld = o.withheld, 0
	o.wait = min(2*o.wait, outageMaxRepeat)
	o.until = now.Add(o.wait)
	return withheld, true
}

// expect makes failures of a kind known already.
func (o *outage) expect(kind string, now time.Time) {
	*o = outage{kind: kind, wait: outageRepeat, until: now.Add(outageRepeat)}
}

const unreachable = "unreachable"

// reason names the kind of an error in few words, for what must not contain addresses or ids.
func reason(err error) string {
	for _, known := range []error{wire.ErrMagic, wire.ErrVersion, wire.ErrCluster, wire.ErrFrameSize, wire.ErrInvalid,
		ErrNode, ErrNoCluster, ErrNoAddress, ErrNeedSecret, ErrRefusedSecret, secret.ErrStranger, io.ErrUnexpectedEOF} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	var op *net.OpError
	if errors.As(err, &op) && (op.Op == "dial" || op.Timeout()) || errors.Is(err, context.DeadlineExceeded) {
		return unreachable
	}
	return typeName(err)
}

// cause leaves out the addresses that an error of package net carries: the line has them already.
func cause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}
