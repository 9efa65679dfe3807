package fakecluster

import (
	"fmt"
	"strconv"
	"strings"
)

// run carries out a command where the key is led, with the planted bugs.
// REQUIRES: c.mu is held.
func (s *session) run(args []string) string {
	c := s.c
	key := keyOf(args)
	switch name := strings.ToUpper(args[0]); {
	case name == "GET":
		return c.get(key)
	case name == "LRANGE", name == "ZRANGE":
		return c.list(key)
	case name == "XRANGE":
		return c.stream(key).all()
	case name == "XPENDING":
		return c.stream(key).waiting()
	case c.strikes(c.bugs.RefuseOneIn, key):
		return "-TRYAGAIN too many requests\r\n"
	case c.strikes(c.bugs.PhantomOneIn, key):
		c.write(args)
		return "-TRYAGAIN too many requests\r\n"
	case c.strikes(c.bugs.CutOneIn, key):
		s.cut = true
		if c.mu.rng.IntN(2) == 0 {
			c.write(args)
		}
		return ""
	}
	return c.write(args)
}

func (c *Cluster) get(key string) string {
	cell := c.mu.data[key]
	if c.strikes(c.bugs.CrossOneIn, key) {
		for _, other := range c.mu.data {
			cell = other
			break
		}
	}
	if cell == nil {
		return "$-1\r\n"
	}
	if c.strikes(c.bugs.StaleOneIn, key) {
		if !cell.was {
			return "$-1\r\n"
		}
		return bulk(cell.before)
	}
	return bulk(cell.value)
}

func (c *Cluster) write(args []string) string {
	key := args[1]
	switch name := strings.ToUpper(args[0]); name {
	case "SET":
		if len(args) != 3 {
			return "-ERR syntax error\r\n"
		}
		if !c.strikes(c.bugs.LoseOneIn, key) {
			c.put(key, args[2])
		}
		return "+OK\r\n"
	case "INCR":
		return c.incr(key)
	case "XGROUP", "XADD", "XREADGROUP", "XAUTOCLAIM", "XACK":
		return c.onStream(name, args)
	default:
		return c.onQueue(name, args)
	}
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
	if c.strikes(c.bugs.TwiceOneIn, key) {
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
