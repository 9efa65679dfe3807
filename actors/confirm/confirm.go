package confirm

import (
	"math"
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

// peer is a node with voters of groups that are led here, or with leaders that have voters here.
type peer struct {
	node  slotmap.NodeID
	pid   *actor.PID // of its Confirmer
	rank  int        // the lower, the sooner it answers; or unranked
	took  uint64     // ticks that its answer took in the last race
	used  bool       // it has a voter of a group that has asked since the last race began
	under []message  // under way, the oldest first
	next  []item     // of the message after those
}

// unranked is the rank of who has not answered lately.
const unranked = math.MaxInt

// prune forgets what others have answered: one that never answers is asked as well where it is not known who does.
func (p *peer) prune() {
	p.next = slices.DeleteFunc(p.next, item.isOver)
	for i := range p.under {
		if m := &p.under[i]; m.late && !slices.ContainsFunc(m.items, item.isOpen) {
			m.items = nil
		}
	}
}

// message is what a node was asked.
type message struct {
	id    uint64
	since uint64 // tick
	late  bool   // others were asked as well
	items []item
}

// item is a question to one voter.
type item struct {
	*question
	voter uint64
}

func (it item) isOver() bool { return it.over }
func (it item) isOpen() bool { return !it.over }

// question is an Ask until its verdict.
type question struct {
	Ask
	asked uint64 // bits of the Others that were, or are about to be
	open  int    // how many of those have not answered
	want  int    // how many have to confirm yet
	over  bool
}

// race is how it is found who answers soonest: all are asked nothing at the same time.
type race struct {
	id     uint64  // 0: there is none
	began  uint64  // tick
	next   uint64  // tick at which it ends, and another begins
	waits  []*peer // asked, and not answered yet
	places []*peer // answered, in this order
	used   bool    // something was asked since it began
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

func (c *Confirmer) peer(node slotmap.NodeID) *peer {
	p := c.peers[node]
	if p == nil {
		p = &peer{node: node, pid: actor.NewPID(node.String(), Name), rank: unranked}
		c.peers[node] = p
		c.order = append(c.order, p)
	}
	return p
}

// send asks each node that is not busy with another message, or late with all of them.
func (c *Confirmer) send() {
	for _, p := range c.order {
		if len(p.next) > 0 && (len(p.under) == 0 || p.under[len(p.under)-1].late && len(p.under) < maxUnderWay) {
			c.sendTo(p)
		}
	}
}

func (c *Confirmer) sendTo(p *peer) {
	p.prune()
	if len(p.next) == 0 {
		return
	}
	c.last++
	msg := message{id: c.last, since: c.tick}
	n := min(len(p.next), wire.MaxLeads)
	msg.items, p.next = p.next[:n:n], p.next[n:]
	m := &wire.Confirm{ID: msg.id, Leads: make([]wire.Lead, n)}
	for i, it := range msg.items {
		m.Leads[i] = wire.Lead{Shard: it.Shard, Replica: it.voter, Term: it.Term}
		if c.fresh[it.Shard] == it.question {
			delete(c.fresh, it.Shard)
		}
	}
	p.under = append(p.under, msg)
	c.cfg.System.Root.Send(p.pid, m)
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

// lost does without a node that is gone.
func (c *Confirmer) lost(p *peer) {
	delete(c.peers, p.node)
	c.order = slices.DeleteFunc(c.order, func(o *peer) bool { return o == p })
	c.leaves(p)
	for _, msg := range p.under {
		c.failed(msg.items)
	}
	c.failed(p.next)
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

// tend has others asked where a node is late, whose answer counts still when it comes.
func (c *Confirmer) tend(p *peer) {
	last := len(p.under) - 1
	if last < 0 {
		return
	}
	p.prune()
	if p.under[last].late || c.tick <= p.under[last].since+patience+2*p.took {
		return
	}
	p.under[last].late, p.rank = true, unranked
	c.race.places = slices.DeleteFunc(c.race.places, func(o *peer) bool { return o == p })
	for _, it := range slices.Concat(p.under[last].items, p.next) {
		if !it.over {
			c.askOne(it.question)
		}
	}
	if len(p.under) == maxUnderWay {
		oldest := p.under[0]
		p.under = slices.Delete(p.under, 0, 1)
		c.failed(oldest.items)
	}
}

// startRace begins a race once something was asked since the last one began, of those who could have been.
func (c *Confirmer) startRace() {
	used := c.race.used
	c.race = race{}
	if !used {
		return
	}
	c.forget()
	c.last++
	c.race.id, c.race.began, c.race.next = c.last, c.tick, c.tick+raceTicks
	for _, p := range c.order {
		if p.used {
			p.used = false
			c.race.waits = append(c.race.waits, p)
		}
	}
	for _, p := range c.race.waits {
		c.cfg.System.Root.Send(p.pid, &wire.Confirm{ID: c.race.id, Leads: []wire.Lead{}})
	}
}

// forget forgets nodes that nobody has a use for any more.
func (c *Confirmer) forget() {
	c.order = slices.DeleteFunc(c.order, func(p *peer) bool {
		idle := !p.used && len(p.under)+len(p.next) == 0
		if idle {
			delete(c.peers, p.node)
		}
		return idle
	})
}

// finished notes who has answered in a race, which is over once all have that are there.
func (c *Confirmer) finished(p *peer) {
	if !slices.Contains(c.race.waits, p) {
		return
	}
	p.took = min(c.tick-c.race.began, maxTook)
	c.race.places = append(c.race.places, p)
	c.leaves(p)
}

// leaves ends the race if nobody is waited for beside p.
func (c *Confirmer) leaves(p *peer) {
	c.race.waits = slices.DeleteFunc(c.race.waits, func(o *peer) bool { return o == p })
	if len(c.race.waits) == 0 {
		c.endRace()
	}
}

// endRace ranks the nodes by their places, those last that have not answered.
func (c *Confirmer) endRace() {
	if c.race.id == 0 {
		return
	}
	for _, p := range c.order {
		p.rank = unranked
	}
	for i, p := range c.race.places {
		p.rank = i
	}
	c.race.id = 0
}
