package session

import (
	"fmt"
	"testing"

	"github.com/troupedb/troupe/slotmap"
)

// TestClientRoute: a connection chooses whether its commands are carried out elsewhere, whatever the node does by itself.
func TestClientRoute(t *testing.T) {
	for _, all := range []bool{false, true} {
		var far elsewhere
		b := newBed(t, 2, func(b *bed, c *Config) {
			c.ForwardAll = all
			c.Forward = far.of(b)
		})
		away := b.keyIn(2, "k")
		b.moveAway(2)
		c := b.dial()
		moved := fmt.Sprintf("-MOVED %d %s", slotmap.Slot([]byte(away)), otherAddr)
		c.want("CLIENT ROUTE FORWARD", "OK", "SET "+away+" 1", "OK", "GET "+away, "1", "DBSIZE", "1",
			"CLIENT ROUTE moved", "OK", "GET "+away, moved, "DBSIZE", "0", "CLIENT ROUTE x", "-"+errSyntax, "RESET", "RESET")
		if want := map[bool]string{false: moved, true: "1"}[all]; c.do("GET "+away) != want {
			t.Errorf("RESET does not bring back what the node does by itself (%v)", all)
		}
	}
	b := newBed(t, 1)
	b.dial().want("CLIENT ROUTE FORWARD", "-ERR this node forwards nothing", "CLIENT ROUTE MOVED", "OK")
}
