package keyspace

import "testing"

func TestEveryCommandOfAShardHasAHandler(t *testing.T) {
	everyCommand(func(c *Command) {
		switch c.Where() {
		case Shard, Scatter:
			if c.handler == nil {
				t.Errorf("%s has no handler", c.full)
			}
		case Node:
			if c.handler != nil {
				t.Errorf("%s is the session's and has a handler", c.full)
			}
		default:
			t.Errorf("%s has no place", c.full)
		}
	})
}
