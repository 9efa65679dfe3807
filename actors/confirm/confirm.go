package confirm

import (
	"slices"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/actors/plant"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

// Timing in ticks.
const (
	patience  = 3  // for which only those asked first are waited for, on top of twice their time in the last race
	maxTook   = 10 // the most that counts of that time
	raceTicks = 50 // from one race to the next
)

// maxUnderWay bounds the messages to one node that are under way: one, and those that are late.
const maxUnderWay = 8

// Config is what a Confirmer works with.
type Config struct {
	System *actor.ActorSystem
	// Term tells which replica of a shard is here, 0 for none, and its term: that must rise before anything leaves the
	// replica in a later one, a vote above all. The actor's goroutine; it does not block.
	Term func(slotmap.ShardID) (replica, term uint64)
	Seed uint64 // an answer to what an earlier life has asked must not fit one of this
}

// Confirmer is the actor.
type Confirmer struct {
	cfg   Config
	tick  uint64
	last  uint64 // the newest id of a message
	peers map[slotmap.NodeID]*peer
	order []*peer                       // in which they became known
	fresh map[slotmap.ShardID]*question // that no message has carried yet
	race  race
}

// New makes the actor that is to be spawned under Name.
func New(cfg Config) *Confirmer {
	return &Confirmer{
		cfg: cfg, last: cfg.Seed, peers: map[slotmap.NodeID]*peer{}, fresh: map[slotmap.ShardID]*question{},
	}
}

// question is an Ask until its verdict.
type question struct {
	Ask
	asked uint64 // bits of the Others that were, or are about to be
	open  int    // how many of those have not answered
	want  int    // how many have to confirm yet
	over  bool
}

// Receive implements actor.Actor.
func (c *Confirmer) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *Ask:
		c.ask(m)
	case *link.Inbound:
		c.inbound(m)
	case mailbox.Drained:
		c.send()
	case Tick:
		c.onTick()
	case *link.Down:
		if p := c.peers[m.Node]; p != nil {
			c.lost(p)
		}
	}
}

func (c *Confirmer) ask(m *Ask) {
	if q := c.fresh[m.Shard]; q != nil && q.Term == m.Term && slices.Equal(q.Others, m.Others) {
		q.Round = m.Round
		return
	}
	q := &question{Ask: *m, want: m.Need}
	c.fresh[m.Shard], c.race.used = q, true
	ranked := 0
	for _, v := range m.Others {
		p := c.peer(v.Node)
		p.used = true
		if p.rank < unranked {
			ranked++
		}
	}
	n := m.Need
	if ranked < n {
		n = len(m.Others)
	}
	for range n {
		c.askOne(q)
	}
	c.settle(q)
}

// askOne has one more voter asked, if any is left: the one among them whose node answers soonest.
func (c *Confirmer) askOne(q *question) {
	best, at := (*peer)(nil), 0
	for i, v := range q.Others[:min(len(q.Others), 64)] { // asked has no more bits
		if q.asked&(1<<i) != 0 {
			continue
		}
		if p := c.peer(v.Node); best == nil || p.rank < best.rank {
			best, at = p, i
		}
	}
	if best == nil {
		return
	}
	q.asked |= 1 << at
	q.open++
	best.next = append(best.next, item{q, q.Others[at].Replica})
}

// settle gives the verdict if there is one.
func (c *Confirmer) settle(q *question) {
	if q.over || q.want > 0 && q.open >= q.want {
		return
	}
	q.over = true
	if c.fresh[q.Shard] == q {
		delete(c.fresh, q.Shard)
	}
	c.cfg.System.Root.Send(q.Reply, &Verdict{Term: q.Term, Round: q.Round, Confirmed: q.want == 0})
}

func (c *Confirmer) inbound(in *link.Inbound) {
	switch m := in.Message.(type) {
	case *wire.Confirm:
		c.cfg.System.Root.Send(c.peer(in.From).pid, c.confirm(m))
	case *wire.Confirmed:
		if p := c.peers[in.From]; p != nil {
			c.confirmed(p, m)
		}
	}
}

// confirm answers for the replicas here.
func (c *Confirmer) confirm(m *wire.Confirm) *wire.Confirmed {
	out := &wire.Confirmed{ID: m.ID, Not: []uint32{}}
	for i, l := range m.Leads {
		replica, term := c.cfg.Term(l.Shard)
		if (replica != l.Replica || term != l.Term) && !plant.BlindConfirm.On() {
			out.Not = append(out.Not, uint32(i))
		}
	}
	return out
}

func (c *Confirmer) confirmed(p *peer, m *wire.Confirmed) {
	if m.ID == c.race.id {
		c.finished(p)
		return
	}
	at := slices.IndexFunc(p.under, func(msg message) bool { return msg.id == m.ID })
	if at < 0 {
		return
	}
	lost, msg := slices.Clone(p.under[:at]), p.under[at] // a link keeps the order
	p.under = slices.Delete(p.under, 0, at+1)
	c.count(msg, m.Not)
	for _, older := range lost {
		c.failed(older.items)
	}
}

// count takes the answer to a message.
func (c *Confirmer) count(msg message, not []uint32) {
	if n := len(not); n > 0 && int(not[n-1]) >= len(msg.items) {
		c.failed(msg.items) // it makes no sense
		return
	}
	for i, it := range msg.items {
		if len(not) > 0 && not[0] == uint32(i) {
			not = not[1:]
			c.fail(it.question)
			continue
		}
		it.open--
		it.want--
		c.settle(it.question)
	}
}

func (c *Confirmer) failed(items []item) {
	for _, it := range items {
		c.fail(it.question)
	}
}

// fail notes that a voter will not confirm, and has another one asked if there is any.
func (c *Confirmer) fail(q *question) {
	q.open--
	if !q.over {
		c.askOne(q)
		c.settle(q)
	}
}

func (c *Confirmer) onTick() {
	c.tick++
	for _, p := range c.order {
		c.tend(p)
	}
	if c.tick >= c.race.next {
		c.endRace()
		c.startRace()
	}
}
