package chaos

import (
	"fmt"
	"slices"
	"sync"

	"github.com/troupedb/troupe/cmd/internal/script"
)

// end ends nodes, all at once. They start again when that is undone, after a loss of the disk with an empty one.
func (c *conductor) end(d *deed) error {
	d.nodes = slices.DeleteFunc(d.nodes, func(i int) bool { return !c.target.Alive(i) })
	if len(d.nodes) == 0 {
		return errNobody
	}
	c.did(d)
	stop := func(i int) error { return c.target.Kill(i) }
	if d.Verb == script.Stop {
		stop = func(i int) error { return c.target.Stop(c.base, i) }
	}
	again := c.start
	if d.Verb == script.WipeDisk {
		again = func(i int) { c.aside(i, c.target.Replace) }
	}
	var all sync.WaitGroup
	for _, i := range d.nodes {
		all.Go(func() {
			if err := stop(i); err != nil {
				c.event(named(c.target, i, err).Error())
			}
		})
	}
	all.Wait()
	for _, i := range d.nodes {
		c.forget(key(asleep, i))
		d.keep(c, key(down, i), func() { again(i) })
	}
	return nil
}

func (c *conductor) pause(d *deed) error {
	d.nodes = slices.DeleteFunc(d.nodes, func(i int) bool { return !c.target.Alive(i) || c.holds[key(asleep, i)] != nil })
	if len(d.nodes) == 0 {
		return errNobody
	}
	c.did(d)
	for _, i := range d.nodes {
		if err := c.target.Pause(i); err != nil {
			return named(c.target, i, err)
		}
		d.keep(c, key(asleep, i), func() { c.tell(i, c.target.Resume(i)) })
	}
	return nil
}

// tell tells of an error about a node.
func (c *conductor) tell(i int, err error) {
	if err != nil {
		c.event(named(c.target, i, err).Error())
	}
}

// undoAt undoes what is in force at nodes. Whatever is not in force is none of its business.
func (c *conductor) undoAt(d *deed) error {
	kinds := map[script.Verb][]string{
		script.Start: {down}, script.Resume: {asleep}, script.FreeDisk: {full}, script.MendDisk: {slow, broken},
	}[d.Verb]
	for _, i := range d.nodes {
		for _, what := range kinds {
			if c.release(key(what, i)) {
				c.event(fmt.Sprintf("over: %s of %s", what, c.target.Name(i)))
			}
		}
	}
	return nil
}
