package survey

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

// patience bounds every wait for something that must come.
const patience = time.Minute

// node is an actor system with links and a survey, whose one replica is of a shard of the node's number.
type node struct {
	t      *testing.T
	id     slotmap.NodeID
	system *actor.ActorSystem
	links  *link.Links
	survey *Survey
	events chan any
	mute   chan struct{} // while it is not closed, the node answers nobody; nil: it answers
}

// addresses is where the nodes of a test are.
type addresses struct {
	mu sync.Mutex
	of map[slotmap.NodeID]string
}

func (a *addresses) resolve(id slotmap.NodeID) (string, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	addr, ok := a.of[id]
	return addr, ok
}

func start(t *testing.T, a *addresses, number byte, mute chan struct{}) *node {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	x := &node{t: t, id: slotmap.NodeID{number}, events: make(chan any, 100), mute: mute}
	x.system = actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return quiet }))
	x.system.ProcessRegistry.Address = x.id.String()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a.mu.Lock()
	a.of[x.id] = l.Addr().String()
	a.mu.Unlock()
	x.spawn("node", actor.PropsFromFunc(x.event, actor.WithMailbox(mailbox.New())))
	x.links, err = link.Start(link.Config{
		System: x.system, Self: x.id, Listen: l, Resolve: a.resolve, Node: x.system.NewLocalPID("node"), Logger: quiet,
		Cluster: func() slotmap.ClusterID { return slotmap.ClusterID{7} },
	})
	if err != nil {
		t.Fatal(err)
	}
	x.survey = New(Config{System: x.system, Own: func() *wire.Surveyed { return x.standing(uint32(number)) }})
	x.spawn(Name, actor.PropsFromProducer(func() actor.Actor { return x.survey }, actor.WithMailbox(mailbox.New(Mailbox))))
	t.Cleanup(x.system.Shutdown)
	t.Cleanup(x.links.Close)
	return x
}

func (x *node) standing(shard uint32) *wire.Surveyed {
	if x.mute != nil {
		<-x.mute
	}
	return &wire.Surveyed{Replicas: []wire.Standing{{Shard: slotmap.ShardID(shard)}}}
}

func (x *node) spawn(name string, props *actor.Props) {
	x.t.Helper()
	if _, err := x.system.Root.SpawnNamed(props, name); err != nil {
		x.t.Fatal(err)
	}
}

// event does what a node's director does with news of links.
func (x *node) event(c actor.Context) {
	switch m := c.Message().(type) {
	case *link.Up, *link.Down:
		c.Send(x.system.NewLocalPID(Name), m)
		x.events <- m
	}
}

// meet makes links between two nodes.
func (x *node) meet(y *node) {
	x.t.Helper()
	x.links.Connect(y.id)
	for _, n := range []*node{x, y} {
		select {
		case m := <-n.events:
			if _, up := m.(*link.Up); !up {
				x.t.Fatalf("%T", m)
			}
		case <-time.After(patience):
			x.t.Fatal("no link")
		}
	}
}

// ask returns the shards that each node tells of.
func (x *node) ask(ctx context.Context, nodes ...slotmap.NodeID) map[slotmap.NodeID]slotmap.ShardID {
	x.t.Helper()
	said, err := x.survey.Others(ctx, nodes)
	if err != nil {
		x.t.Fatal(err)
	}
	out := map[slotmap.NodeID]slotmap.ShardID{}
	for id, m := range said {
		out[id] = m.Replicas[0].Shard
	}
	return out
}

// hears asks until the nodes tell of these shards: where goroutines are stopped for long, links break, and answers
// come too late.
func (x *node) hears(want map[slotmap.NodeID]slotmap.ShardID, nodes ...slotmap.NodeID) {
	x.t.Helper()
	for until := time.Now().Add(patience); ; {
		got := x.ask(x.t.Context(), nodes...)
		if maps.Equal(got, want) {
			return
		}
		if time.Now().After(until) {
			x.t.Fatalf("%v, not %v", got, want)
		}
	}
}

// Those who answer are told of; who has no link is not waited for.
func TestOthers(t *testing.T) {
	a := &addresses{of: map[slotmap.NodeID]string{}}
	one, two, three := start(t, a, 1, nil), start(t, a, 2, nil), start(t, a, 3, nil)
	one.meet(two)
	one.meet(three)
	one.hears(map[slotmap.NodeID]slotmap.ShardID{two.id: 2, three.id: 3}, two.id, three.id, slotmap.NodeID{9})
	two.hears(map[slotmap.NodeID]slotmap.ShardID{one.id: 1}, one.id)
	three.links.Close()
	one.hears(map[slotmap.NodeID]slotmap.ShardID{two.id: 2}, two.id, three.id)
}

// A node that is silent costs the caller the time that it gives, and its word counts for nobody later.
func TestSilence(t *testing.T) {
	a := &addresses{of: map[slotmap.NodeID]string{}}
	speak := make(chan struct{})
	one, two, three := start(t, a, 1, nil), start(t, a, 2, nil), start(t, a, 3, speak)
	one.meet(two)
	one.meet(three)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if got := one.ask(ctx, three.id); len(got) != 0 {
		t.Errorf("%v", got)
	}
	close(speak)
	one.hears(map[slotmap.NodeID]slotmap.ShardID{two.id: 2, three.id: 3}, two.id, three.id)
	if n, _ := one.survey.budget.InUse(); n != 0 {
		t.Errorf("%d rounds are still accounted for", n)
	}
}

// A node is heard once, when it was asked.
func TestUnasked(t *testing.T) {
	s := New(Config{System: actor.NewActorSystem(), Own: func() *wire.Surveyed { return &wire.Surveyed{} }})
	one, two := slotmap.NodeID{1}, slotmap.NodeID{2}
	s.up[one], s.up[two] = true, true
	r := &round{id: 7, nodes: []slotmap.NodeID{one}, answers: make(chan answer, 1)}
	s.ask(r)
	for range 2 {
		for _, from := range []slotmap.NodeID{two, one} {
			s.inbound(&link.Inbound{From: from, Message: &wire.Surveyed{ID: 7}})
			s.inbound(&link.Inbound{From: from, Message: &wire.Surveyed{ID: 8}})
		}
	}
	if a := <-r.answers; a.from != one || a.said.ID != 7 || len(r.answers) != 0 {
		t.Errorf("%+v, and %d more", a, len(r.answers))
	}
	s.down(one)
	if len(r.answers) != 0 {
		t.Error("a node that answered is lost, and answers again")
	}
}

func TestBusy(t *testing.T) {
	s := New(Config{System: actor.NewActorSystem()})
	if !s.budget.TryAcquire(maxRounds, 0) {
		t.Fatal("no room")
	}
	if _, err := s.Others(t.Context(), nil); !errors.Is(err, ErrBusy) {
		t.Errorf("%v", err)
	}
}
