package link

import (
	"testing"
	"time"
)

// A peer that dies and comes back is worth two lines, however often it was dialled meanwhile.
func TestOutageIsTwoLines(t *testing.T) {
	b := newBook()
	one, two := startNode(t, b, 1), startNode(t, b, 2)
	one.links.Connect(two.id)
	receive(t, "Up", one.ups)
	receive(t, "Up at the other", two.ups)
	address := two.address()
	two.crash()
	receive(t, "Down", one.downs)
	dials := one.links.Stats().Dials
	until(t, "many dials", func() bool {
		one.send(two.id, "x", 1)
		return one.links.Stats().Dials > dials+10
	})
	if n := one.lines.count("cannot connect"); n != 0 {
		t.Errorf("%d complaints about what is known:\n%s", n, one.lines)
	}
	startNode(t, b, 2, func(c *Config) { c.Listen = listen(t, address) })
	down := func() int { return one.lines.having("INFO", "link: down") }
	until(t, "it is up again", func() bool {
		one.send(two.id, "x", 1)
		return one.lines.having("INFO", "link: up") == 1+down()
	})
	// The end of one of two connections may have been refuted by a pong on the other.
	if n := down(); n < 1 || n > 2 {
		t.Errorf("%d times down:\n%s", n, one.lines)
	}
}

func TestOutage(t *testing.T) {
	var o outage
	now := time.Now()
	due := func(after time.Duration, kind string, want bool, withheld int) {
		t.Helper()
		now = now.Add(after)
		if n, ok := o.due(kind, now); ok != want || n != withheld {
			t.Errorf("%s: %v, %d withheld", kind, ok, n)
		}
	}
	due(0, unreachable, true, 0)
	due(time.Second, unreachable, false, 0)
	due(time.Second, "another", true, 0)
	due(time.Second, unreachable, true, 0)
	due(outageRepeat-1, unreachable, false, 0)
	due(1, unreachable, true, 1)
	due(outageRepeat+1, unreachable, false, 0)
	due(outageRepeat, unreachable, true, 1)
	for range 20 {
		due(outageMaxRepeat, unreachable, true, 0)
	}
	o.expect(unreachable, now)
	due(time.Second, unreachable, false, 0)
	due(0, "another", true, 0)
}
