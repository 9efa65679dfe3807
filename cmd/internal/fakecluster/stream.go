package fakecluster

import (
	"fmt"
	"slices"
	"strings"
)

// stream is a stream with at most one consumer group.
type stream struct {
	grouped bool
	entries []entry
	fresh   int      // the first entry that nobody was given
	pending []string // ids that were given, and are not acknowledged
}

type entry struct{ id, field, value string }

// keyOf is the key that a command is about.
func keyOf(args []string) string {
	switch strings.ToUpper(args[0]) {
	case "XGROUP":
		if len(args) > 2 {
			return args[2]
		}
	case "XREADGROUP":
		return args[max(1, len(args)-2)] // before the id
	}
	return args[1]
}

// stream is that of a key, made if it is not there.
// REQUIRES: c.mu is held.
func (c *Cluster) stream(key string) *stream {
	s := c.mu.streams[key]
	if s == nil {
		s = &stream{}
		c.mu.streams[key] = s
	}
	return s
}

// onStream carries out a write to a stream, with the planted bugs. What would wait for an entry finds none at once.
// REQUIRES: c.mu is held.
func (c *Cluster) onStream(name string, args []string) string {
	key := keyOf(args)
	s := c.stream(key)
	switch {
	case name == "XADD" && len(args) == 5:
		return c.add(key, s, args[3], args[4])
	case name == "XGROUP" && s.grouped:
		return "-BUSYGROUP Consumer Group name already exists\r\n"
	case name == "XGROUP":
		s.grouped = true
		return "+OK\r\n"
	case !s.grouped:
		return "-NOGROUP No such consumer group\r\n"
	case name == "XREADGROUP":
		return c.give(key, s)
	case name == "XAUTOCLAIM":
		return "*3\r\n" + bulk("0-0") + s.list(s.claimed()) + "*0\r\n"
	case name == "XACK" && len(args) == 4:
		return c.ack(key, s, args[3])
	}
	return "-ERR syntax error\r\n"
}

func (c *Cluster) add(key string, s *stream, field, value string) string {
	c.mu.writes++
	e := entry{fmt.Sprintf("%d-0", c.mu.writes), field, value}
	if !c.strikes(c.bugs.LoseOneIn, key) {
		s.entries = append(s.entries, e)
	}
	return bulk(e.id)
}

// give gives what is new to who asks.
func (c *Cluster) give(key string, s *stream) string {
	given := s.entries[s.fresh:]
	if len(given) == 0 {
		return "*-1\r\n"
	}
	for _, e := range given {
		if !slices.Contains(s.pending, e.id) {
			s.pending = append(s.pending, e.id)
		}
	}
	if !c.strikes(c.bugs.TwiceOneIn, key) {
		s.fresh = len(s.entries)
	}
	return "*1\r\n*2\r\n" + bulk(key) + s.list(given)
}

func (s *stream) claimed() (all []entry) {
	for _, e := range s.entries {
		if slices.Contains(s.pending, e.id) && len(all) < 2 {
			all = append(all, e)
		}
	}
	return all
}

func (c *Cluster) ack(key string, s *stream, id string) string {
	at := slices.Index(s.pending, id)
	if at < 0 {
		return ":0\r\n"
	}
	if !c.strikes(c.bugs.TwiceOneIn, key) {
		s.pending = slices.Delete(s.pending, at, at+1)
	}
	return ":1\r\n"
}

func (s *stream) list(entries []entry) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(entries))
	for _, e := range entries {
		b.WriteString("*2\r\n" + bulk(e.id) + "*2\r\n" + bulk(e.field) + bulk(e.value))
	}
	return b.String()
}

func (s *stream) all() string { return s.list(s.entries) }

// waiting is an answer of XPENDING, of which only the ids are read.
func (s *stream) waiting() string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(s.pending))
	for _, id := range s.pending {
		b.WriteString("*4\r\n" + bulk(id) + bulk("worker") + ":0\r\n:1\r\n")
	}
	return b.String()
}
