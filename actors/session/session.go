package session

import (
	"errors"
	"runtime/debug"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/actors/pubsub"
	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/resp"
)

// session is the actor of one connection. Its fields belong to its turn.
type session struct {
	srv  *Server
	info *client
	in   *intake
	sub  *subscriber // this client, for the broker
	root *actor.RootContext
	pid  *actor.PID

	proto    int
	authed   bool
	readonly bool
	forwards bool // carries out commands of any slot, through the slot's leader if need be
	silent   bool // CLIENT REPLY OFF
	skip     skip // CLIENT REPLY SKIP
	closing  bool // close once what is answered was written
	ended    bool // the reader has stopped

	tx      transaction
	once    []byte // key of the next transaction if it is to be applied once
	watch   watchList
	writes  map[slotmap.ShardID]uint64  // index of the newest write of this connection
	refused map[slotmap.ShardID]refusal // shards that refused, until the input is drained

	waiting *waitJoin     // the WAIT under way
	listens bool          // the broker may know this client
	spent   time.Duration // in a row for commands of its own
	held    bool          // waits for the end of a pause
	inHand  int64         // bytes of frames that were taken and are not written
	blocked *blockedOp    // the operation that waits
	migrate func()        // breaks off the MIGRATE under way; nil: there is none

	cur    *pipeline // nil: waiting for input
	at     int       // the next command of cur
	seg    segment
	parts  map[slotmap.ShardID]*part // kept for their buffers
	out    output
	keys   []int    // scratch: positions of keys
	named  [][]byte // scratch: see lowered
	pace   pace
	routes *Routes // as of the beginning of the segment
}

// skip is the state of CLIENT REPLY SKIP, which silences the command after it.
type skip uint8

const (
	skipNone skip = iota
	skipNext
	skipThis
)

func newSession(srv *Server, info *client) *session {
	s := &session{
		srv: srv, info: info, sub: &subscriber{srv, info}, in: newIntake(), root: srv.system.Root, proto: 2,
		parts: map[slotmap.ShardID]*part{},
	}
	s.forwards = s.forwardsAtFirst()
	s.out.init(info, &srv.stats, &srv.now)
	s.setAuthed(info.inner || srv.settings.password() == "")
	return s
}

// setAuthed sets whether the client is logged in. Until then its commands are read one at a time, under
// the limits of a stranger.
func (s *session) setAuthed(yes bool) {
	s.authed = yes
	s.in.single.Store(!yes)
}

// Receive implements actor.Actor.
func (s *session) Receive(ctx actor.Context) {
	defer s.contain(ctx)
	switch m := ctx.Message().(type) {
	case *actor.Started:
		s.start(ctx.Self())
	case *pipeline:
		s.begin(m)
	case *replica.Answer:
		s.answered(m)
	case frame:
		s.pushed(m)
	case mailbox.Drained:
		s.drained()
	case *waited:
		s.waited(m)
	case slept:
		s.slept()
	case *brokered:
		s.brokered(m)
	case *migrated:
		s.migrated(m)
	case resumed:
		s.resumed()
	case unblockAsked:
		s.unblockAsked()
	case *unblockTold:
		s.unblockTold(m)
	case waitCheck:
		s.checkWait()
	case inputEnded:
		s.ended = true
		s.inputEnded()
	case *actor.Stopping:
		s.stop()
	case *actor.Stopped:
		s.srv.running.Done()
	}
	if s.closing && s.cur == nil {
		s.info.conn.Close()
		s.in.close()
		if s.ended {
			ctx.Stop(ctx.Self())
		}
	}
}

// contain ends the connection of a session that panicked, and nothing else.
func (s *session) contain(ctx actor.Context) {
	p := recover()
	if p == nil {
		return
	}
	s.srv.log.Error("session ended by a panic", "client", s.info.id, "reason", p, "stack", string(debug.Stack()))
	s.closing, s.cur = true, nil
	s.stop()
	ctx.Stop(ctx.Self())
}

func (s *session) start(self *actor.PID) {
	s.pid = self
	send := func(msg any) { s.root.Send(self, msg) }
	read := func(n int) { s.srv.stats.bytesIn.Add(uint64(n)) }
	r := newReader(s.info.conn, s.in, send, read)
	s.srv.drive(r)
}

// stop lets go of everything that others hold of this session. It may come twice.
func (s *session) stop() {
	s.leaveBlocked()
	s.leaveWait()
	if s.migrate != nil {
		s.migrate()
	}
	s.refuseQueries()
	s.srv.monitors.remove(s.info)
	if s.listens {
		s.root.Send(s.srv.cfg.Broker, &pubsub.Forget{Client: s.sub})
	}
	if s.held {
		s.srv.paused.forget(s.pid)
	}
	s.info.conn.Close()
	s.in.close()
	s.srv.clients.remove(s.info)
}

// begin starts on a pipeline that the reader sent.
func (s *session) begin(p *pipeline) {
	if s.closing {
		return
	}
	s.cur, s.at = p, 0
	s.info.active.Store(s.srv.now.Load())
	s.advance()
}

// advance works until there is something to wait for: answers, or input.
func (s *session) advance() {
	for s.cur != nil {
		s.route()
		if s.mustWait() {
			return
		}
		s.finish()
		if s.cur != nil {
			aside(s.info.conn) // there was no wait: so it may go on for ever
		}
	}
}

// mustWait reports whether answers are to come before the segment can be finished. A transaction goes on first
// with what waited for the answers that are in.
func (s *session) mustWait() bool {
	if s.seg.outstanding == 0 && len(s.seg.places) > 0 {
		if exec, ok := s.seg.places[len(s.seg.places)-1].join.(*execJoin); ok {
			exec.advance(s)
		}
	}
	return s.seg.outstanding > 0
}

// finish joins and writes the replies of a segment whose answers are all in, and takes the next pipeline
// when this one is done.
func (s *session) finish() {
	s.assemble()
	s.forgive()
	if err := s.out.flush(); err != nil {
		s.closing = true
	}
	if s.closing {
		s.cur = nil
		return
	}
	if s.at == s.cur.n {
		s.take()
	}
}

// forgive ends the refusal of shards, and the effect of a refused WATCH, when no input is left that was sent
// before the refusal could be known. It is called before the replies are written, for what comes after was
// sent in their light.
func (s *session) forgive() {
	if len(s.refused) == 0 && !s.watch.broken {
		return
	}
	if s.at == s.cur.n && s.in.drained() && unread(s.info.conn) == 0 {
		clear(s.refused)
		if !s.tx.open {
			s.watch.forgive()
		}
	}
}

// take goes on with what was received meanwhile.
func (s *session) take() {
	p, end := s.in.take()
	s.cur, s.at = p, 0
	if p == nil && end != nil {
		s.lastWords(end)
	}
}

// inputEnded ends a session that waits for input, or for something that only a client can need.
func (s *session) inputEnded() {
	switch {
	case s.closing:
	case s.cur == nil:
		s.take()
		s.advance()
	case s.info.blocked.Load() || s.migrate != nil || s.srv.isClosing():
		s.closing, s.cur = true, nil
	}
}

// lastWords answers input that could not be understood, and closes.
func (s *session) lastWords(end error) {
	s.closing = true
	var bad *resp.ProtocolError
	if !errors.As(end, &bad) || bad.Text == "" {
		return
	}
	s.srv.stats.failed([]byte(bad.Text))
	s.out.add([]byte("-" + oneLine(bad.Text) + "\r\n"))
	s.info.conn.SetWriteDeadline(time.Now().Add(lastWordsTimeout))
	s.out.flush()
}

const lastWordsTimeout = time.Second

func oneLine(text string) string {
	var w resp.Writer
	w.Error(text)
	return string(w.Bytes()[1 : w.Len()-2])
}
