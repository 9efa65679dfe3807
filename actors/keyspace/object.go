package keyspace

import (
	"math"

	"github.com/troupedb/troupe/wire/resp"
)

// objectTells returns the handler of a subcommand of OBJECT, which tells something
// of a key that exists.
func objectTells(tell func(c *call, e *entry)) handler {
	return func(s *State, c *call) {
		if e := s.read(c.Args[2]); e != nil {
			tell(c, e)
			return
		}
		c.W.Null()
	}
}

var (
	objectEncoding = objectTells(func(c *call, e *entry) { c.W.BulkString(encodingNames[e.encoding()]) })

	// Reads leave no trace in the replicated state, so there is no idle time.
	objectIdletime = objectTells(func(c *call, e *entry) { c.W.Int(0) })

	objectFreq = objectTells(func(c *call, e *entry) {
		c.W.Error("ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that " +
			"when switching between policies at runtime LRU and LFU data will take some time to adjust.")
	})

	// Redis shares its small integers for ever.
	objectRefcount = objectTells(func(c *call, e *entry) {
		if e.obj == nil && e.enc == encInt && 0 <= e.num && e.num < sharedInts {
			c.W.Int(math.MaxInt32)
			return
		}
		c.W.Int(1)
	})
)

// memoryUsage is MEMORY USAGE key [SAMPLES n]; it is an estimate without samples.
func memoryUsage(s *State, c *call) {
	for opts := c.Args[3:]; len(opts) > 0; opts = opts[2:] {
		if len(opts) == 1 || !resp.Is(opts[0], "samples") {
			c.W.Error(errSyntax)
			return
		}
		n, ok := c.int(opts[1])
		if !ok {
			return
		}
		if n < 0 {
			c.W.Error(errSyntax)
			return
		}
	}
	e := s.read(c.Args[2])
	if e == nil {
		c.W.Null()
		return
	}
	c.W.Int(e.size())
}
