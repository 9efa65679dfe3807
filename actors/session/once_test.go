package session

import (
	"strings"
	"testing"

	"github.com/troupedb/troupe/actors/keyspace"
)

// TestClientOnce: a transaction with a key is applied once, on whatever connection it comes.
func TestClientOnce(t *testing.T) {
	b := newBed(t, 1)
	c, d := b.dial(), b.dial()
	c.want("CLIENT ONCE a", "OK", "MULTI", "OK", "INCR k", "QUEUED", "EXEC", "[1]")
	d.want("CLIENT ONCE a", "OK", "MULTI", "OK", "incr k", "QUEUED", "EXEC", "[1]", "GET k", "1")
	c.want("CLIENT ONCE a", "OK", "MULTI", "OK", "INCR k", "QUEUED", "INCR k", "QUEUED", "EXEC",
		"-IDEMPOTENCY the key came before, with other commands: not done")
	c.want("MULTI", "OK", "INCR k", "QUEUED", "EXEC", "[2]") // the key was for one transaction
}

// TestClientOnceWithFullMemory: what was applied is answered as it was, also when the memory is full by now.
func TestClientOnceWithFullMemory(t *testing.T) {
	b := newBed(t, 1)
	c := b.dial()
	c.want("CLIENT ONCE a", "OK", "MULTI", "OK", "INCR k", "QUEUED", "EXEC", "[1]")
	c.want("CONFIG SET maxmemory 1", "OK", "INCR k", "-"+keyspace.NoMemory)
	c.want("CLIENT ONCE a", "OK", "MULTI", "OK", "INCR k", "QUEUED", "EXEC", "[1]", "GET k", "1")
	// What comes for the first time is refused, and not applied: later it is.
	c.want("CLIENT ONCE b", "OK", "MULTI", "OK", "INCR k", "QUEUED", "EXEC", "-"+keyspace.NoMemoryInTx, "GET k", "1",
		"CLIENT ONCE c", "OK", "MULTI", "OK", "DEL other", "QUEUED", "EXEC", "[0]", "CONFIG SET maxmemory 0", "OK",
		"CLIENT ONCE b", "OK", "MULTI", "OK", "INCR k", "QUEUED", "EXEC", "[2]", "CONFIG SET maxmemory 1", "OK",
		"CLIENT ONCE b", "OK", "MULTI", "OK", "INCR k", "QUEUED", "EXEC", "[2]", "GET k", "2",
		"CLIENT ONCE a", "OK", "MULTI", "OK", "INCRBY k 2", "QUEUED", "EXEC",
		"-IDEMPOTENCY the key came before, with other commands: not done")
}

func TestClientOnceRefuses(t *testing.T) {
	b := newBed(t, 1)
	c := b.dial()
	c.want("CLIENT ONCE", "-ERR wrong number of arguments for 'client|once' command",
		"CLIENT ONCE "+strings.Repeat("x", 256), "-"+errOnceKey)
	aborted := "-EXECABORT Transaction discarded because of previous errors."
	c.want("CLIENT ONCE a", "OK", "MULTI", "OK", "SET a 1", "QUEUED", "SET b 1", "-"+errOnceSlots, "EXEC", aborted)
	c.want("CLIENT ONCE a", "OK", "MULTI", "OK", "SET a 1", "QUEUED", "PING", "QUEUED", "EXEC", "-"+errOnceOwn+"'ping' is not")
	c.want("CLIENT ONCE a", "OK", "MULTI", "OK", "SET a 1", "QUEUED", "OBJECT IDLETIME a", "QUEUED", "EXEC", "-"+errOnceUse+"'object|idletime'")
	c.want("CLIENT ONCE a", "OK", "MULTI", "OK", "object freq a", "QUEUED", "EXEC", "-"+errOnceUse+"'object|freq'")
	c.want("CLIENT ONCE a", "OK", "MULTI", "OK", "EXEC", "-"+errOnceOwn+"it has none")
	c.want("CLIENT ONCE a", "OK", "RESET", "RESET", "MULTI", "OK", "PING", "QUEUED", "EXEC", "[PONG]", "GET a", "nil")
}
