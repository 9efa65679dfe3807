package confirm

import (
	"fmt"
	"log/slog"
	"slices"
	"testing"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

// The node that asks, and others.
var self, b, c, d, e = slotmap.NodeID{1}, slotmap.NodeID{2}, slotmap.NodeID{3}, slotmap.NodeID{4}, slotmap.NodeID{5}

// stage is nodes on one seeded dispatcher, and what they have sent each other, which the test delivers. Nothing in it
// runs by itself.
type stage struct {
	t     *testing.T
	sched *mailbox.Seeded
	nodes map[slotmap.NodeID]*node
	wires map[direction][]packet
	world *world // that watches, or nil
}

// direction is one way between two nodes, which keeps the order.
type direction struct{ from, to slotmap.NodeID }

type packet struct {
	frame []byte
	yes   []said // what it says, if it is an answer
	at    int    // when
}

// node is a Confirmer in an actor system of its own.
type node struct {
	s         *stage
	id        slotmap.NodeID
	system    *actor.ActorSystem
	confirmer *Confirmer
	pid       *actor.PID
	life      *mailbox.Life
	replicas  map[slotmap.ShardID]standing
	verdicts  []verdict
}

// standing is what a node says of a replica.
type standing struct{ replica, term uint64 }

type verdict struct {
	shard       slotmap.ShardID
	term, round uint64
	confirmed   bool
}

func newStage(t *testing.T, seed uint64) *stage {
	return &stage{t: t, sched: mailbox.NewSeeded(seed), nodes: map[slotmap.NodeID]*node{}, wires: map[direction][]packet{}}
}

// alone is a stage with self, whose peers the test plays.
func alone(t *testing.T) (*stage, *node) {
	s := newStage(t, 1)
	return s, s.start(self, 100)
}

// start begins a life of a node. What its disk holds, its replicas, it keeps from the one before.
func (s *stage) start(id slotmap.NodeID, seed uint64) *node {
	s.t.Helper()
	n := &node{s: s, id: id, replicas: map[slotmap.ShardID]standing{}, life: mailbox.NewLife(s.sched)}
	if old := s.nodes[id]; old != nil {
		n.replicas = old.replicas
		old.life.End()
	}
	s.nodes[id] = n
	quiet := slog.New(slog.DiscardHandler)
	n.system = actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return quiet }))
	s.t.Cleanup(n.system.Shutdown)
	n.system.ProcessRegistry.Address = id.String()
	n.system.ProcessRegistry.RegisterAddressResolver(func(*actor.PID) (actor.Process, bool) { return outbound{n}, true })
	n.confirmer = New(Config{System: n.system, Seed: seed, Term: func(shard slotmap.ShardID) (replica, term uint64) {
		r := n.replicas[shard]
		return r.replica, r.term
	}})
	pid, err := n.system.Root.SpawnNamed(actor.PropsFromProducer(func() actor.Actor { return n.confirmer },
		actor.WithMailbox(mailbox.New(Mailbox...)), actor.WithDispatcher(n.life)), Name)
	if err != nil {
		s.t.Fatal(err)
	}
	n.pid = pid
	return n
}

// outbound takes what a node sends to others, as its links would.
type outbound struct{ n *node }

// SendUserMessage implements actor.Process.
func (o outbound) SendUserMessage(pid *actor.PID, m any) {
	s := o.n.s
	_, msg, _ := actor.UnwrapEnvelope(m)
	to, err := slotmap.ParseNodeID(pid.Address)
	wm, ok := msg.(wire.Message)
	if err != nil || pid.Id != Name || !ok {
		s.t.Errorf("%T is sent to %v", msg, pid)
		return
	}
	p := packet{frame: wire.AppendFrame(nil, pid.Id, wm)[4:]}
	if s.world != nil {
		p.yes, p.at = s.world.sent(o.n, to, wm), s.world.now
	}
	way := direction{o.n.id, to}
	s.wires[way] = append(s.wires[way], p)
}

// SendSystemMessage implements actor.Process.
func (outbound) SendSystemMessage(*actor.PID, any) {}

// Stop implements actor.Process.
func (outbound) Stop(*actor.PID) {}

// leader takes the verdicts of one shard, as its replica would.
type leader struct {
	n     *node
	shard slotmap.ShardID
}

// SendUserMessage implements actor.Process.
func (l leader) SendUserMessage(_ *actor.PID, m any) {
	_, msg, _ := actor.UnwrapEnvelope(m)
	v, ok := msg.(*Verdict)
	if !ok {
		l.n.s.t.Errorf("a leader is sent %T", msg)
		return
	}
	l.n.verdicts = append(l.n.verdicts, verdict{l.shard, v.Term, v.Round, v.Confirmed})
	if w := l.n.s.world; w != nil {
		w.judge(l.n, l.shard, v)
	}
}

// SendSystemMessage implements actor.Process.
func (leader) SendSystemMessage(*actor.PID, any) {}

// Stop implements actor.Process.
func (leader) Stop(*actor.PID) {}

func (n *node) leader(shard slotmap.ShardID) *actor.PID {
	name := fmt.Sprintf("shard/%d", shard)
	if _, ok := n.system.ProcessRegistry.GetLocal(name); !ok {
		n.system.ProcessRegistry.Add(leader{n, shard}, name)
	}
	return n.system.NewLocalPID(name)
}

func (s *stage) run() {
	s.t.Helper()
	if s.sched.Run(1_000_000) == 1_000_000 {
		s.t.Fatal("does not settle")
	}
}

// send gives the actor messages that it is to find together.
func (n *node) send(messages ...any) {
	for _, m := range messages {
		n.system.Root.Send(n.pid, m)
	}
}

func (n *node) handle(messages ...any) {
	n.s.t.Helper()
	n.send(messages...)
	n.s.run()
}

func (n *node) tick(times int) {
	n.s.t.Helper()
	for range times {
		n.handle(Tick{})
	}
}

// voters are replicas on these nodes; their ids tell who they are.
func voters(nodes ...slotmap.NodeID) (out []Voter) {
	for _, id := range nodes {
		out = append(out, Voter{id, replicaOn(id)})
	}
	return out
}

func replicaOn(id slotmap.NodeID) uint64 { return uint64(id[0]) * 10 }

func (n *node) asks(shard slotmap.ShardID, term, round uint64, need int, others ...slotmap.NodeID) *Ask {
	return &Ask{Shard: shard, Term: term, Round: round, Others: voters(others...), Need: need, Reply: n.leader(shard)}
}

// take is the oldest message that self has sent to a node, and the test has not seen.
func (s *stage) take(to slotmap.NodeID) *wire.Confirm {
	s.t.Helper()
	way := direction{self, to}
	if len(s.wires[way]) == 0 {
		s.t.Fatalf("node %d is sent nothing", to[0])
	}
	m := s.decode(s.wires[way][0].frame)
	s.wires[way] = s.wires[way][1:]
	return m.(*wire.Confirm)
}

func (s *stage) decode(frame []byte) wire.Message {
	s.t.Helper()
	target, m, err := wire.DecodeFrame(frame)
	if err != nil || target != Name {
		s.t.Fatalf("frame for %q: %v", target, err)
	}
	return m
}

// inbound is a message as it comes from the wire.
func (s *stage) inbound(from slotmap.NodeID, m wire.Message) *link.Inbound {
	s.t.Helper()
	return &link.Inbound{From: from, Message: s.decode(wire.AppendFrame(nil, Name, m)[4:])}
}

// answer has a node answer self.
func (s *stage) answer(from slotmap.NodeID, id uint64, not ...uint32) {
	s.t.Helper()
	s.nodes[self].handle(s.inbound(from, &wire.Confirmed{ID: id, Not: not}))
}

// confirms has nodes say yes to the oldest message that each was sent.
func (s *stage) confirms(nodes ...slotmap.NodeID) {
	s.t.Helper()
	for _, id := range nodes {
		s.answer(id, s.take(id).ID)
	}
}

// sentTo checks to whom self has sent what the test has not seen, one message each.
func (s *stage) sentTo(nodes ...slotmap.NodeID) {
	s.t.Helper()
	for _, id := range []slotmap.NodeID{b, c, d, e} {
		want := 0
		if slices.Contains(nodes, id) {
			want = 1
		}
		if got := len(s.wires[direction{self, id}]); got != want {
			s.t.Fatalf("node %d is sent %d messages, want %d", id[0], got, want)
		}
	}
}

// says checks the verdicts that came since the last look.
func (n *node) says(want ...verdict) {
	n.s.t.Helper()
	if !slices.Equal(n.verdicts, want) {
		n.s.t.Fatalf("verdicts %v, want %v", n.verdicts, want)
	}
	n.verdicts = nil
}

// empty checks that nothing is kept of questions.
func (n *node) empty() {
	n.s.t.Helper()
	if len(n.confirmer.fresh) > 0 {
		n.s.t.Errorf("%d questions count as unsent", len(n.confirmer.fresh))
	}
	for id, p := range n.confirmer.peers {
		if len(p.under)+len(p.next) > 0 {
			n.s.t.Errorf("node %d has %d messages, and %d questions wait for it", id[0], len(p.under), len(p.next))
		}
	}
}

// other is a shard that the tests use for what they are not about.
const other = slotmap.ShardID(1000)

// busy has each of these nodes sent a message, which it gives back. Without a race all are asked.
func (s *stage) busy(nodes ...slotmap.NodeID) map[slotmap.NodeID]uint64 {
	s.t.Helper()
	n := s.nodes[self]
	n.handle(n.asks(other, 1, 1, 1, nodes...))
	out := map[slotmap.NodeID]uint64{}
	for _, id := range nodes {
		out[id] = s.take(id).ID
	}
	return out
}

// rank makes nodes known by a question, and has them end the first race in this order.
func (s *stage) rank(order ...slotmap.NodeID) {
	s.t.Helper()
	n := s.nodes[self]
	held := s.busy(order...)
	for _, id := range order {
		s.answer(id, held[id])
	}
	n.says(verdict{other, 1, 1, true})
	n.tick(1)
	s.confirms(order...)
	s.sentTo()
}
