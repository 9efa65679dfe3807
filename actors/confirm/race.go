package confirm

import (
	"slices"

	"github.com/troupedb/troupe/wire"
)

// race is how it is found who answers soonest: all are asked nothing at the same time.
type race struct {
	id     uint64  // 0: there is none
	began  uint64  // tick
	next   uint64  // tick at which it ends, and another begins
	waits  []*peer // asked, and not answered yet
	places []*peer // answered, in this order
	used   bool    // something was asked since it began
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
