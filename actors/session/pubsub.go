package session

import (
	"slices"

	"github.com/troupedb/troupe/actors/pubsub"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/resp"
)

// The node's broker owns who is subscribed to what. A session asks it, and waits for the answer as for that of a
// shard; messages come as frames.

// subscriber is a client as the broker sees it.
type subscriber struct {
	srv *Server
	c   *client
}

// Deliver implements pubsub.Subscriber.
func (s *subscriber) Deliver(push []byte) bool { return s.srv.deliver(s.c, push, classPubSub) }

// Count implements pubsub.Subscriber.
func (s *subscriber) Count(kind pubsub.Kind, n int, bytes int64) {
	s.c.subs[kind].Store(int32(n))
	s.c.subBytes.Store(bytes)
}

// subscriptions is how many names a client is subscribed to.
func (c *client) subscriptions() (n int32) {
	for i := range c.subs {
		n += c.subs[i].Load()
	}
	return n
}

// inSubscriber are the commands that a RESP2 client may send while it is subscribed: what it is sent then are
// messages, not replies.
var inSubscriber = map[string]bool{
	"subscribe": true, "psubscribe": true, "ssubscribe": true, "unsubscribe": true, "punsubscribe": true,
	"sunsubscribe": true, "ping": true, "quit": true, "reset": true,
}

// listensOnly reports whether the client may not send a command for being subscribed.
func (s *session) listensOnly(v *verb) bool {
	return s.proto == 2 && s.info.subscriptions() > 0 && !inSubscriber[v.cmd.Name]
}

func lineListensOnly(name string) string {
	return "ERR Can't execute '" + name + "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context"
}

// changeJoin writes the confirmations of a change, after which messages follow.
type changeJoin struct {
	change  *pubsub.Change
	changed []pubsub.Changed
}

func (j *changeJoin) join(_ *session, w *resp.Writer) {
	if j.changed == nil {
		w.Error(lineSubscriptions)
		return
	}
	pubsub.WriteChanged(w, j.change, j.changed)
}

const lineSubscriptions = "ERR subscriptions take as much memory as they may: none of these was made"

// brokered is an answer of the broker, to be taken in the session's turn.
type brokered struct{ take func() }

// askBroker sends the broker a message that is answered once, through what answer returns.
func (s *session) askBroker(message any) {
	s.seg.outstanding++
	s.root.Send(s.srv.cfg.Broker, message)
}

// answer makes the session take an answer, and go on.
func (s *session) answer(take func()) { s.root.Send(s.pid, &brokered{take}) }

func (s *session) brokered(m *brokered) {
	if s.cur == nil {
		return
	}
	m.take()
	s.seg.outstanding--
	s.proceed()
}

// change asks for a change of subscriptions. Its confirmation is a push, which CLIENT REPLY does not silence.
func (s *session) change(kind pubsub.Kind, leave bool, names [][]byte) {
	j := &changeJoin{change: &pubsub.Change{Client: s.sub, Kind: kind, Leave: leave}}
	for _, n := range names {
		j.change.Names = append(j.change.Names, string(n))
	}
	j.change.Done = func(changed []pubsub.Changed) { s.answer(func() { j.changed = changed }) }
	s.join(j)
	s.seg.places[len(s.seg.places)-1].silent = false
	s.seg.stop, s.listens = true, true
	s.askBroker(j.change)
}

func subscribe(s *session, args [][]byte)    { s.change(pubsub.Channel, false, args[1:]) }
func psubscribe(s *session, args [][]byte)   { s.change(pubsub.Pattern, false, args[1:]) }
func unsubscribe(s *session, args [][]byte)  { s.change(pubsub.Channel, true, args[1:]) }
func punsubscribe(s *session, args [][]byte) { s.change(pubsub.Pattern, true, args[1:]) }
func sunsubscribe(s *session, args [][]byte) { s.change(pubsub.Shard, true, args[1:]) }

func ssubscribe(s *session, args [][]byte) {
	var at oneSlot
	for _, name := range args[1:] {
		slot := slotmap.Slot(name)
		if !at.admit(slot) {
			s.seg.local.Error(string(errCrossSlot))
			return
		}
		at.set(slot)
	}
	if line := s.elsewhere(at.slot); line != "" {
		s.seg.local.Error(line)
		return
	}
	s.change(pubsub.Shard, false, args[1:])
}

// elsewhere is the error for a shard channel of a shard without a replica here, "" for another.
func (s *session) elsewhere(slot uint16) string {
	id, _ := s.routes.Map.Owner(slot)
	leader, known := s.routes.Leader(id)
	switch {
	case id == 0:
		return lineNotServed
	case s.routes.Handles[id] != nil:
		return ""
	case known:
		return moved(slot, leader)
	}
	return lineDown
}

// publishJoin answers how many clients of this node were sent a message.
type publishJoin struct{ n int }

func (j *publishJoin) join(_ *session, w *resp.Writer) { w.Int(int64(j.n)) }

func publish(s *session, args [][]byte) {
	j := &publishJoin{}
	s.join(j)
	s.publish(false, args, j)
}

// spublish takes a message here where commands are forwarded: the broker sends it to the nodes of the shard.
func spublish(s *session, args [][]byte) {
	if line := s.elsewhere(slotmap.Slot(args[1])); line != "" && !s.forwards {
		s.seg.local.Error(line)
		return
	}
	j := &publishJoin{}
	s.join(j)
	s.publish(true, args, j)
}

func (s *session) publish(shard bool, args [][]byte, j *publishJoin) {
	s.askBroker(&pubsub.Publish{
		Shard: shard, Channel: string(args[1]), Payload: slices.Clone(args[2]),
		Done: func(n int) { s.answer(func() { j.n = n }) },
	})
}

// queryJoin writes names, each with a number if there are any.
type queryJoin struct {
	names  []string
	counts []int
}

func (j *queryJoin) join(_ *session, w *resp.Writer) {
	if j.counts == nil {
		w.Array(len(j.names))
	} else {
		w.Array(2 * len(j.names))
	}
	for i, name := range j.names {
		w.BulkString(name)
		if j.counts != nil {
			w.Int(int64(j.counts[i]))
		}
	}
}

func (s *session) query(q *pubsub.Query) {
	j := &queryJoin{}
	q.Done = func(names []string, counts []int) { s.answer(func() { j.names, j.counts = names, counts }) }
	s.join(j)
	s.askBroker(q)
}

func pubsubChannels(s *session, args [][]byte)      { s.channels(pubsub.Channel, args) }
func pubsubShardChannels(s *session, args [][]byte) { s.channels(pubsub.Shard, args) }

func (s *session) channels(kind pubsub.Kind, args [][]byte) {
	q := &pubsub.Query{Kind: kind}
	switch len(args) {
	case 2:
	case 3:
		q.Pattern = slices.Clone(args[2])
	default:
		s.seg.local.Error("ERR unknown subcommand or wrong number of arguments for '" + string(args[1]) + "'. Try PUBSUB HELP.")
		return
	}
	s.query(q)
}

func pubsubNumSub(s *session, args [][]byte)      { s.numSub(pubsub.Channel, args) }
func pubsubShardNumSub(s *session, args [][]byte) { s.numSub(pubsub.Shard, args) }

func (s *session) numSub(kind pubsub.Kind, args [][]byte) {
	q := &pubsub.Query{Kind: kind, Names: []string{}}
	for _, name := range args[2:] {
		q.Names = append(q.Names, string(name))
	}
	s.query(q)
}

func pubsubNumPat(s *session, _ [][]byte) {
	j := &publishJoin{}
	s.join(j)
	s.askBroker(&pubsub.Query{Kind: pubsub.Pattern, Done: func(names []string, _ []int) { s.answer(func() { j.n = len(names) }) }})
}

// resetJoin answers RESET when the broker has let go of the client.
type resetJoin struct{}

func (resetJoin) join(_ *session, w *resp.Writer) { w.Simple("RESET") }
