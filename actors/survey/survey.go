package survey

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

// Name is the actor's name, the same on every node.
const Name = "survey"

// maxRounds bounds the callers that wait at a time.
const maxRounds = 64

// Mailbox bounds what peers may have queued for the actor.
var Mailbox = mailbox.WithConsensusLimit(1024, func(any) {})

// ErrBusy says that as many wait for answers as may.
var ErrBusy = errors.New("as many ask how all replicas stand as may")

// Config is what a Survey works with.
type Config struct {
	System *actor.ActorSystem
	Own    func() *wire.Surveyed // how the replicas here stand, its ID is not used; any goroutine, must not block
}

// Survey asks other nodes, and answers them. Its fields belong to the actor's turn, but for what Own and Others use.
type Survey struct {
	cfg    Config
	pid    *actor.PID
	budget *mailbox.Budget
	last   atomic.Uint64 // the newest id

	open map[uint64]*round
	up   map[slotmap.NodeID]bool // nodes that a link leads to
}

// New makes the actor that is to be spawned under Name.
func New(cfg Config) *Survey {
	return &Survey{
		cfg: cfg, pid: cfg.System.NewLocalPID(Name), budget: mailbox.NewBudget(maxRounds, 1),
		open: map[uint64]*round{}, up: map[slotmap.NodeID]bool{},
	}
}

// round is one caller's question to several nodes.
type round struct {
	id      uint64
	nodes   []slotmap.NodeID
	answers chan answer // with room for one of each node

	asked map[slotmap.NodeID]bool // who has not answered; the actor's
}

// answer is what a node says, nil if it says nothing.
type answer struct {
	from slotmap.NodeID
	said *wire.Surveyed
}

// ended tells the actor that nobody waits for a round any more.
type ended struct{ id uint64 }

// Own is how the replicas of this node stand. Any goroutine.
func (s *Survey) Own() *wire.Surveyed { return s.cfg.Own() }

// Others asks nodes, each named once, and returns what those say who answer before ctx is over. Any goroutine.
func (s *Survey) Others(ctx context.Context, nodes []slotmap.NodeID) (map[slotmap.NodeID]*wire.Surveyed, error) {
	if !s.budget.TryAcquire(1, 0) {
		return nil, ErrBusy
	}
	defer s.budget.Release(1, 0)
	r := &round{id: s.last.Add(1), nodes: nodes, answers: make(chan answer, len(nodes))}
	s.cfg.System.Root.Send(s.pid, r)
	defer s.cfg.System.Root.Send(s.pid, ended{r.id})
	out := map[slotmap.NodeID]*wire.Surveyed{}
	for range nodes {
		select {
		case a := <-r.answers:
			if a.said != nil {
				out[a.from] = a.said
			}
		case <-ctx.Done():
			return out, nil
		}
	}
	return out, nil
}

// Receive implements actor.Actor.
func (s *Survey) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *round:
		s.ask(m)
	case ended:
		delete(s.open, m.id)
	case *link.Inbound:
		s.inbound(m)
	case *link.Up:
		s.up[m.Node] = true
	case *link.Down:
		s.down(m.Node)
	}
}

func (s *Survey) ask(r *round) {
	s.open[r.id], r.asked = r, map[slotmap.NodeID]bool{}
	for _, node := range r.nodes {
		r.asked[node] = true
		if !s.up[node] {
			r.answered(node, nil)
			continue
		}
		s.tell(node, &wire.Survey{ID: r.id})
	}
}

func (s *Survey) inbound(in *link.Inbound) {
	switch m := in.Message.(type) {
	case *wire.Survey:
		said := *s.cfg.Own()
		said.ID = m.ID
		s.tell(in.From, &said)
	case *wire.Surveyed:
		if r := s.open[m.ID]; r != nil {
			r.answered(in.From, m)
		}
	}
}

func (s *Survey) down(node slotmap.NodeID) {
	delete(s.up, node)
	for _, r := range s.open {
		r.answered(node, nil)
	}
}

// answered takes the first that a node says that was asked, and nothing else.
func (r *round) answered(node slotmap.NodeID, said *wire.Surveyed) {
	if r.asked[node] {
		delete(r.asked, node)
		r.answers <- answer{node, said}
	}
}

// tell sends the same actor on another node a message.
func (s *Survey) tell(node slotmap.NodeID, m wire.Message) {
	s.cfg.System.Root.Send(actor.NewPID(node.String(), Name), m)
}
