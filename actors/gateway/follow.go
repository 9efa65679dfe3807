package gateway

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/troupedb/troupe/wire/resp"
	"github.com/troupedb/troupe/wire/rest"
)

// followed are the commands whose path is answered with a stream of what a session is told from then on.
var followed = []string{"subscribe", "psubscribe", "monitor"}

func isFollowed(cmd rest.Command) bool {
	return slices.ContainsFunc(followed, func(name string) bool { return resp.Is(cmd[0], name) })
}

// follow streams what a session of its own is told after a command, until the reader leaves or is too slow, the session
// ends or the node stops. What waits for a slow reader is bounded by the session, as it is for clients of the RESP port.
func (h *Handler) follow(w http.ResponseWriter, r *http.Request, q *request) {
	if headOnly(w, r) {
		return
	}
	if !h.streams.TryAcquire(1, 0) {
		errorOf(lineStreams).write(w)
		return
	}
	defer h.streams.Release(1, 0)
	conn, err := h.cfg.Sessions.Dial()
	if err != nil {
		errorOf(lineBusy).write(w)
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	said := make(chan told)
	go listen(ctx, conn, said, q.held)
	defer func() {
		cancel()
		conn.Close()
		for range said { // it uses what this request holds
		}
	}()
	if _, err := conn.Write(encode(q.cmds)); err != nil {
		errorOf(lineBusy).write(w)
		return
	}
	select {
	case first, ok := <-said:
		switch {
		case !ok:
			errorOf(lineBusy).write(w)
		case first.refusal != "":
			errorOf(first.refusal).write(w)
		default:
			h.pass(openStream(w), r, first, said)
		}
	case <-ctx.Done():
	case <-h.drained:
		errorOf(lineStops).write(w)
	}
}

const (
	lineStreams = "BUSY as many streams as may be are open"
	lineStops   = "CLUSTERDOWN this node stops: ask another"
)

// told is one thing that a session said.
type told struct {
	refusal string // an error line, "" for anything else
	event   []byte
}

// pass writes what a session says, and a sign of life where it is silent.
func (h *Handler) pass(s stream, r *http.Request, first told, more <-chan told) {
	text := first.event
	alive := time.NewTicker(aliveEvery)
	defer alive.Stop()
	for s.send(text) == nil {
		select {
		case t, ok := <-more:
			if !ok {
				return
			}
			text = t.event
		case <-alive.C:
			text = []byte(aliveText)
		case <-r.Context().Done():
			return
		case <-h.drained:
			return
		}
	}
}

// listen hands on what a session says until it ends, or says something for which there is no room.
func listen(ctx context.Context, conn net.Conn, to chan<- told, held *hold) {
	defer close(to)
	if !held.use(readSize) {
		return
	}
	buf, mark := make([]byte, 0, readSize), held.used
	passed := int64(0) // bytes of the event that the stream may still be writing
	var scan resp.ReplyScan
	for {
		size, err := scan.End(buf)
		if errors.Is(err, resp.ErrIncomplete) {
			if buf, err = readMore(conn, buf, held); err != nil {
				return
			}
			continue
		}
		before := held.used
		if err != nil || !held.use(copiesOfEvent*int64(size)) {
			return
		}
		n, ok := hand(ctx, to, buf[:size])
		if !ok {
			return
		}
		held.rewind(before - passed) // who takes an event is done with the one before
		passed = n
		held.use(passed) // there is room: it was made of what was used
		left := buf[size:]
		if cap(buf) > readSize && len(left) <= readSize {
			buf = make([]byte, 0, readSize)
			held.rewind(mark + passed)
		}
		buf, scan = append(buf[:0], left...), resp.ReplyScan{}
		held.trim()
	}
}

// copiesOfEvent is how much an event takes beside what it is made of, each byte, at most: as values, as text, as an event.
const copiesOfEvent = 12

// hand hands on one thing that a session said, an event of size bytes, and reports false when nobody takes it.
func hand(ctx context.Context, to chan<- told, b []byte) (size int64, ok bool) {
	v, _, err := resp.ParseReply(b)
	if err != nil {
		return 0, false
	}
	t := told{event: rest.AppendEvent(nil, v)}
	if v.Kind == resp.Error {
		t = told{refusal: string(v.Str)}
	}
	select {
	case to <- t:
		return int64(len(t.event)), true
	case <-ctx.Done():
		return 0, false
	}
}
