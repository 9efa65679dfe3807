package fakecluster

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// queued is an element of a list, or of a sorted set, which is kept in the order of its ranks.
type queued struct {
	rank int
	text string
}

// onQueue carries out a write to a list or a sorted set, with the planted bugs. What would wait for an element
// finds none at once.
// REQUIRES: c.mu is held.
func (c *Cluster) onQueue(name string, args []string) string {
	key := args[1]
	switch {
	case name == "RPUSH" && len(args) == 3:
		c.push(key, queued{text: args[2]})
		return ":1\r\n"
	case name == "ZADD" && len(args) == 4:
		rank, _ := strconv.Atoi(args[2])
		c.push(key, queued{rank, args[3]})
		return ":1\r\n"
	case name == "LREM" && len(args) == 4:
		return c.remove(key, args[3])
	case name == "BLMOVE" && len(args) == 6:
		e, found := c.pop(key)
		if !found {
			return "$-1\r\n"
		}
		c.push(args[2], e)
		return bulk(e.text)
	}
	e, found := c.pop(key)
	switch {
	case !found:
		return "*-1\r\n"
	case name == "BLPOP":
		return "*2\r\n" + bulk(key) + bulk(e.text)
	}
	return "*3\r\n" + bulk(key) + bulk(e.text) + bulk(strconv.Itoa(e.rank))
}

func (c *Cluster) push(key string, e queued) {
	if c.strikes(c.bugs.LoseOneIn, key) {
		return
	}
	q := c.mu.queues[key]
	at, _ := slices.BinarySearchFunc(q, e.rank+1, func(x queued, rank int) int { return x.rank - rank })
	c.mu.queues[key] = slices.Insert(q, at, e)
}

func (c *Cluster) pop(key string) (e queued, found bool) {
	q := c.mu.queues[key]
	if len(q) == 0 {
		return e, false
	}
	if !c.strikes(c.bugs.TwiceOneIn, key) {
		c.mu.queues[key] = q[1:]
	}
	return q[0], true
}

func (c *Cluster) remove(key, text string) string {
	q := c.mu.queues[key]
	rest := slices.DeleteFunc(slices.Clone(q), func(e queued) bool { return e.text == text })
	c.mu.queues[key] = rest
	return fmt.Sprintf(":%d\r\n", len(q)-len(rest))
}

func (c *Cluster) list(key string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(c.mu.queues[key]))
	for _, e := range c.mu.queues[key] {
		b.WriteString(bulk(e.text))
	}
	return b.String()
}
