package chaos

import (
	"fmt"
	"strings"

	"github.com/troupedb/troupe/cmd/internal/cluster"
	"github.com/troupedb/troupe/cmd/internal/script"
)

// describe tells in words what is about to be done.
func (c *conductor) describe(d *deed) string {
	var groups []string
	for _, g := range d.groups {
		groups = append(groups, c.nameAll(g))
	}
	switch of := strings.Join(groups, " | "); d.Verb {
	case script.OneWay:
		return "cut " + strings.Join(groups, " > ")
	case script.Isolate, script.Cut:
		return "cut " + of
	case script.Flap:
		return fmt.Sprintf("flap %s every %v", of, d.By)
	case script.SlowDisk:
		return fmt.Sprintf("slow disk of %s by %v%s", of, d.By, c.leads(d))
	case script.FillDisk, script.BreakDisk, script.WipeDisk:
		return fmt.Sprintf("%s disk of %s%s", d.Verb, of, c.leads(d))
	case script.AddNode:
		return "add node"
	default:
		return fmt.Sprintf("%s %s%s", d.Verb, c.nameAll(d.nodes), c.leads(d))
	}
}

func (c *conductor) nameAll(nodes []int) string {
	var names []string
	for _, i := range nodes {
		names = append(names, c.target.Name(i))
	}
	return strings.Join(names, " ")
}

// leads tells which shards the one node of a deed leads.
func (c *conductor) leads(d *deed) string {
	if len(d.nodes) != 1 {
		return ""
	}
	if led := ledBy(d.shards, d.nodes[0]); len(led) > 0 {
		return ", which leads " + list(led)
	}
	return ""
}

// kind is the row of a table that a deed counts in.
func (d *deed) kind() string {
	switch d.Verb {
	case script.Kill, script.Restart:
		return "kill -9 " + d.role()
	case script.Stop:
		return "SIGTERM to " + d.role()
	case script.Pause:
		return "pause of " + d.role()
	case script.OneWay:
		return "one-way cut"
	case script.Flap:
		return "flapping cut"
	case script.Cut, script.Isolate:
		return d.shape()
	case script.AddNode:
		return "node added"
	}
	return map[script.Verb]string{
		script.SlowDisk: "slow disk", script.FillDisk: "nearly full disk", script.BreakDisk: "failing disk",
		script.WipeDisk: "lost disk",
	}[d.Verb] + " of " + d.role()
}

// role is what the nodes of a deed are to the shards.
func (d *deed) role() string {
	if len(d.nodes) == d.total && d.total > 1 {
		return "all"
	}
	for _, i := range d.nodes {
		if len(ledBy(d.shards, i)) > 0 {
			return "a leader"
		}
	}
	return "a follower"
}

// shape is that of the network after a cut.
func (d *deed) shape() string {
	named, least := 0, d.total
	for _, g := range d.groups {
		named, least = named+len(g), min(least, len(g))
	}
	switch {
	case named < d.total:
		return "bridge"
	case least == 1:
		return "one node cut off"
	}
	return "cut into halves"
}

func ledBy(shards []cluster.Shard, node int) (ids []int) {
	for _, s := range shards {
		if s.Leader == node {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// list writes shard ids as words: "shard 3", "shards 1 4".
func list(ids []int) string {
	text := strings.Trim(fmt.Sprint(ids), "[]")
	if len(ids) == 1 {
		return "shard " + text
	}
	return "shards " + text
}
