package fakecluster

import (
	"fmt"
	"strconv"
	"strings"
)

// run carries out GET, SET or INCR where the key is led, with the planted bugs.
// REQUIRES: c.mu is held.
func (s *session) run(args []string) string {
	c, t := s.c, &s.c.mu.turns
	if strings.EqualFold(args[0], "GET") {
		return c.get(args[1])
	}
	switch {
	case c.every(c.bugs.RefuseEvery, &t.refuse):
		return "-TRYAGAIN too many requests\r\n"
	case c.every(c.bugs.PhantomEvery, &t.phantom):
		c.write(args)
		return "-TRYAGAIN too many requests\r\n"
	case c.every(c.bugs.CutEvery, &t.cut):
		s.cut = true
		if t.cut/c.bugs.CutEvery%2 == 0 {
			c.write(args)
		}
		return ""
	}
	return c.write(args)
}

func (c *Cluster) get(key string) string {
	cell := c.mu.data[key]
	if c.every(c.bugs.CrossEvery, &c.mu.turns.cross) {
		for _, other := range c.mu.data {
			cell = other
			break
		}
	}
	if cell == nil {
		return "$-1\r\n"
	}
	if c.every(c.bugs.StaleEvery, &c.mu.turns.stale) {
		if !cell.was {
			return "$-1\r\n"
		}
		return bulk(cell.before)
	}
	return bulk(cell.value)
}

func (c *Cluster) write(args []string) string {
	key := args[1]
	if strings.EqualFold(args[0], "SET") {
		if len(args) != 3 {
			return "-ERR syntax error\r\n"
		}
		if !c.every(c.bugs.LoseEvery, &c.mu.turns.lose) {
			c.put(key, args[2])
		}
		return "+OK\r\n"
	}
	return c.incr(key)
}

func (c *Cluster) incr(key string) string {
	n := 0
	if cell := c.mu.data[key]; cell != nil {
		var err error
		if n, err = strconv.Atoi(cell.value); err != nil {
			return "-ERR value is not an integer or out of range\r\n"
		}
	}
	n++
	c.put(key, strconv.Itoa(n))
	if c.every(c.bugs.TwiceEvery, &c.mu.turns.twice) {
		c.put(key, strconv.Itoa(n+1))
	}
	return fmt.Sprintf(":%d\r\n", n)
}

func (c *Cluster) put(key, value string) {
	old := c.mu.data[key]
	c.mu.writes++
	n := &cell{value: value, version: c.mu.writes}
	if old != nil {
		n.before, n.was = old.value, true
	}
	c.mu.data[key] = n
	sh := c.shardOf(key)
	sh.log = append(sh.log, key)
}

func (c *Cluster) version(key string) uint64 {
	if cell := c.mu.data[key]; cell != nil {
		return cell.version
	}
	return 0
}
