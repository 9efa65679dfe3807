package session

import (
	"fmt"
	"testing"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/slotmap"
)

// TestMemoryIsOfTheNodeThatLeads: a full node sends those on who write elsewhere, or carries their writes there.
func TestMemoryIsOfTheNodeThatLeads(t *testing.T) {
	var far elsewhere
	b := newBed(t, 2, func(b *bed, c *Config) { c.Forward = far.of(b) })
	away, here := b.keyIn(2, "k"), b.keyIn(1, "k")
	b.moveAway(2)
	c := b.dial()
	moved := fmt.Sprintf("-MOVED %d %s", slotmap.Slot([]byte(away)), otherAddr)
	aborted := "-EXECABORT Transaction discarded because of previous errors."
	c.want("CONFIG SET maxmemory 1", "OK", "SET "+away+" 1", moved, "SET "+here+" 1", "-"+keyspace.NoMemory,
		"MSET "+away+" 1 "+here+" 2", "-CROSSSLOT Keys in request don't hash to the same slot",
		"MULTI", "OK", "SET "+away+" 1", moved, "EXEC", aborted, "MULTI", "OK", "SET "+here+" 1", "-"+keyspace.NoMemory, "EXEC", aborted,
		"CLIENT ROUTE FORWARD", "OK", "SET "+away+" 1", "OK", "SET "+here+" 1", "-"+keyspace.NoMemory,
		"MULTI", "OK", "APPEND "+away+" 2", "QUEUED", "EXEC", "[2]", "GET "+away, "12", "GET "+here, "nil")
}

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
		count := fmt.Sprint("CLUSTER COUNTKEYSINSLOT ", slotmap.Slot([]byte(away)))
		c.want("CLIENT ROUTE FORWARD", "OK", "SET "+away+" 1", "OK", "GET "+away, "1", "DBSIZE", "1", count, "1", "SPUBLISH "+away+" m", "0",
			"CLIENT ROUTE moved", "OK", "GET "+away, moved, "DBSIZE", "0", count, "0", "SPUBLISH "+away+" m", moved, "CLIENT ROUTE x", "-"+errSyntax, "RESET", "RESET")
		if want := map[bool]string{false: moved, true: "1"}[all]; c.do("GET "+away) != want {
			t.Errorf("RESET does not bring back what the node does by itself (%v)", all)
		}
	}
	b := newBed(t, 1)
	b.dial().want("CLIENT ROUTE FORWARD", "-ERR this node forwards nothing", "CLIENT ROUTE MOVED", "OK")
}
