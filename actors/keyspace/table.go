package keyspace

import (
	"slices"
	"strings"
)

// groups holds every command, as data. A new data type is one more file with its list, and one more line here.
var groups = []struct {
	name     string
	commands []Command
}{
	{"string", stringCommands},
	{"hash", hashCommands},
	{"list", listCommands},
	{"set", setCommands},
	{"bitmap", bitmapCommands},
	{"sorted-set", sortedSetCommands},
	{"hyperloglog", hyperloglogCommands},
	{"geo", geoCommands},
	{"stream", streamCommands},
	{"pubsub", pubsubCommands},
	{"generic", genericCommands},
	{"transactions", transactionCommands},
	{"connection", connectionCommands},
	{"server", serverCommands},
	{"cluster", clusterCommands},
}

var (
	table  []*Command // by name
	byName map[string]*Command
)

// The table is completed here and not by its own initialisation because handlers look commands up in it.
func init() {
	for _, g := range groups {
		for i := range g.commands {
			c := &g.commands[i]
			c.complete(g.name, nil)
			table = append(table, c)
		}
	}
	byName = index(table)
}

// index sorts the commands by name and makes the map that finds them.
func index(commands []*Command) map[string]*Command {
	slices.SortFunc(commands, func(a, b *Command) int { return strings.Compare(a.Name, b.Name) })
	m := make(map[string]*Command, len(commands))
	for _, c := range commands {
		m[c.Name] = c
	}
	return m
}

// complete derives what the data of a command leaves to be derived.
func (c *Command) complete(group string, container *Command) {
	c.container, c.full = container, c.Name
	if container != nil {
		c.full = container.Name + "|" + c.Name
	}
	if c.Group == "" {
		c.Group = group
	}
	c.legacyRange()
	c.Categories = categories(c.Categories, c.Flags)
	c.arity = CommandError("ERR wrong number of arguments for '" + c.full + "' command")
	c.completePlace()
	for _, s := range c.Subs {
		s.complete(c.Group, c)
	}
	c.subs = index(c.Subs)
}

// completePlace sends a command with keys to their shard unless the data says otherwise, and binds its handler.
func (c *Command) completePlace() {
	if c.place == 0 {
		c.place = Node
		if c.HasKeys() {
			c.place = Shard
		}
	}
	if c.place == Node {
		return
	}
	c.handler = handlers[c.full]
	if c.handler == nil && c.container != nil {
		c.handler = handlers[c.container.Name] // one handler for all subcommands
	}
}

// Tips that several commands carry.
const (
	multiShard    = "request_policy:multi_shard"
	allShards     = "request_policy:all_shards"
	allNodes      = "request_policy:all_nodes"
	specialAsk    = "request_policy:special"
	allSucceeded  = "response_policy:all_succeeded"
	sumOfReplies  = "response_policy:agg_sum"
	leastOfReply  = "response_policy:agg_min"
	specialAnswer = "response_policy:special"
	varies        = "nondeterministic_output"
	variesInOrder = "nondeterministic_output_order"
)

// What a container itself can say of its cost.
const bySub = "Depends on the subcommand"
