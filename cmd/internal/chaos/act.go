package chaos

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/troupedb/troupe/cmd/internal/cluster"
	"github.com/troupedb/troupe/cmd/internal/script"
)

// findTime bounds how long the nodes are asked who leads.
const findTime = 2 * time.Second

// deed is a step that is being done.
type deed struct {
	*script.Step
	groups [][]int
	nodes  []int // of all groups
	total  int   // nodes of the cluster
	shards []cluster.Shard
	fault  *fault
	keys   []string // what of it is in force
}

// act does a step. What cannot be done is told, and that is all.
func (c *conductor) act(s *script.Step) {
	ctx, cancel := context.WithTimeout(c.ctx, findTime)
	defer cancel()
	groups, shards, err := c.cast.find(ctx, s.Groups)
	d := &deed{
		Step: s, groups: groups, nodes: union(nil, slices.Concat(groups...)), total: len(c.target.Addrs()), shards: shards,
	}
	if err == nil {
		err = c.do(ctx, d)
	}
	if err != nil && c.ctx.Err() == nil {
		c.event(fmt.Sprintf("line %d: %s: %v", s.Line, s.Action, err))
	}
	if d.fault == nil {
		return
	}
	c.faults.hold(d.fault, len(d.keys))
	if s.For.Max > 0 {
		c.after(c.within(s.For), func() { c.undo(d) })
	} else if s.Verb == script.Restart || s.Verb == script.WipeDisk {
		c.undo(d)
	}
}

// within is a time between the bounds of a span.
func (c *conductor) within(s script.Span) time.Duration {
	return s.Min + time.Duration(c.rng.Int64N(int64(s.Max-s.Min)+1))
}

// undo undoes what is still in force of a deed.
func (c *conductor) undo(d *deed) {
	undone := 0
	for _, k := range d.keys {
		if h := c.holds[k]; h != nil && h.fault == d.fault && c.release(k) {
			undone++
		}
	}
	if undone > 0 {
		c.event("over: " + d.fault.Text)
	}
}

// did tells of a deed.
func (c *conductor) did(d *deed) {
	text := c.describe(d)
	d.fault = c.faults.begin(d.kind(), text)
	c.event(text)
}

// keep puts a part of a deed in force.
func (d *deed) keep(c *conductor, k string, undo func()) {
	c.keep(k, d.fault, undo)
	d.keys = append(d.keys, k)
}

func (c *conductor) do(ctx context.Context, d *deed) error {
	switch d.Verb {
	case script.Kill, script.Restart, script.WipeDisk, script.Stop:
		return c.end(d)
	case script.Pause:
		return c.pause(d)
	case script.Start, script.Resume, script.FreeDisk, script.MendDisk:
		return c.undoAt(d)
	case script.Cut, script.OneWay, script.Isolate, script.Flap:
		return c.cut(d)
	case script.Heal:
		if c.releaseAll(cutOff) > 0 {
			c.event("heal")
		}
		return nil
	case script.SlowDisk, script.FillDisk, script.BreakDisk:
		return c.spoil(d)
	case script.AddNode:
		c.did(d)
		c.aside(0, func(ctx context.Context, _ int) error { return c.target.Add(ctx) })
		return nil
	case script.Call:
		c.cast.names[d.Name] = d.nodes[0]
		c.event(fmt.Sprintf("call %s %s", c.target.Name(d.nodes[0]), d.Name))
		return nil
	case script.Show:
		c.event(fmt.Sprintf("shard %d: %s", d.Shard, c.target.Show(ctx, d.Shard)))
		return nil
	}
	return fmt.Errorf("nobody knows how to %s", d.Verb)
}
