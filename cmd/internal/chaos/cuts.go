package chaos

import (
	"slices"
	"time"

	"github.com/troupedb/troupe/cmd/internal/netcut"
	"github.com/troupedb/troupe/cmd/internal/script"
)

// ways is a cut: what it cuts, and whether it lets everything through just now.
type ways struct {
	cut []netcut.Way
	off bool
}

// cut cuts ways. A cut that flaps is in force half of the time.
func (c *conductor) cut(d *deed) error {
	if d.Verb == script.Isolate {
		d.groups = append(d.groups, slices.DeleteFunc(upTo(d.total), func(i int) bool {
			return slices.Contains(d.nodes, i)
		}))
	}
	c.cutNumber++
	k := key(cutOff, c.cutNumber)
	c.did(d)
	d.keep(c, k, func() {
		delete(c.cuts, k)
		c.applyCuts()
	})
	c.cuts[k] = &ways{cut: d.ways()}
	c.applyCuts()
	if d.Verb == script.Flap {
		c.flap(k, d.By)
	}
	return nil
}

// flap takes a cut back, and later makes it again, as long as it is in force.
func (c *conductor) flap(k string, every time.Duration) {
	c.after(every, func() {
		if w := c.cuts[k]; w != nil {
			w.off = !w.off
			c.applyCuts()
			c.flap(k, every)
		}
	})
}

// applyCuts cuts all ways that some cut in force cuts.
func (c *conductor) applyCuts() {
	all := map[netcut.Way]bool{}
	for _, w := range c.cuts {
		for _, way := range w.cut {
			all[way] = all[way] || !w.off
		}
	}
	if err := c.target.Cut(all); err != nil {
		c.event(err.Error())
	}
}

// ways are those from each group to every other, or only from the first to the second.
func (d *deed) ways() (out []netcut.Way) {
	for a, from := range d.groups {
		for b, to := range d.groups {
			if a == b || d.Verb == script.OneWay && a > b {
				continue
			}
			for _, i := range from {
				for _, j := range to {
					if i != j {
						out = append(out, netcut.Way{From: i, To: j})
					}
				}
			}
		}
	}
	return out
}
