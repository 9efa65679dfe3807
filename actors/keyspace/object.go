package keyspace

import (
	"math"

	"github.com/troupedb/troupe/wire/resp"
)

// objectTells returns the handler of a subcommand of OBJECT, which tells something
// of a key that exists.
func objectTells(tell func(s *State, c *call, e *entry)) handler {
	return func(s *State, c *call) {
		if e := s.peek(c.Args[2]); e != nil {
			tell(s, c, e)
			return
		}
		c.W.Null()
	}
}

var (
	objectEncoding = objectTells(func(_ *State, c *call, e *entry) { c.W.BulkString(encodingNames[e.encoding()]) })

	// What these two tell is of the replica that is asked, see access.
	objectIdletime = objectTells(func(s *State, c *call, e *entry) {
		c.mustBeHere()
		if s.usage.lfu {
			c.W.Error("ERR An LFU maxmemory policy is selected, idle time not tracked." + errPolicySwitch)
			return
		}
		c.W.Int(s.usage.idle(e))
	})
	objectFreq = objectTells(func(s *State, c *call, e *entry) {
		c.mustBeHere()
		if !s.usage.lfu {
			c.W.Error("ERR An LFU maxmemory policy is not selected, access frequency not tracked." + errPolicySwitch)
			return
		}
		c.W.Int(int64(s.usage.frequency(e)))
	})

	// Redis shares its small integers for ever.
	objectRefcount = objectTells(func(_ *State, c *call, e *entry) {
		if e.kind() == kindString && e.enc == encInt && 0 <= e.num && e.num < sharedInts {
			c.W.Int(math.MaxInt32)
			return
		}
		c.W.Int(1)
	})
)

// mustBeHere refuses to tell what replicas differ in where the reply is kept.
func (c *call) mustBeHere() {
	if c.keeps {
		panic(refuseKept)
	}
}

const errPolicySwitch = " Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust."

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
	e := s.peek(c.Args[2])
	if e == nil {
		c.W.Null()
		return
	}
	c.W.Int(e.size())
}
