package confirm

import (
	"math"
	"slices"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

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
