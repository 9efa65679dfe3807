package session

import (
	"maps"
	"slices"
	"sync/atomic"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/actors/replica"
)

// eviction are the parameters of what is evicted when the node uses more than maxmemory.
type eviction struct {
	policy    atomic.Uint32 // keyspace.Policy
	samples   atomic.Int64
	logFactor atomic.Int64
	decay     atomic.Int64 // minutes
}

// maxSamples bounds the work for each key that is evicted.
const maxSamples = 64

func (e *eviction) init() {
	e.samples.Store(5)
	e.logFactor.Store(10)
	e.decay.Store(1)
}

func (e *eviction) rules() keyspace.Eviction {
	return keyspace.Eviction{
		Policy: keyspace.Policy(e.policy.Load()), Samples: int(e.samples.Load()),
		LogFactor: e.logFactor.Load(), DecayMinutes: e.decay.Load(),
	}
}

var evictionPolicy = parameter{
	get: func(s *Server) string { return s.settings.eviction.rules().Policy.String() },
	check: func(v string) string {
		if _, ok := keyspace.ParsePolicy(v); !ok {
			return "argument(s) must be one of the following: volatile-lru, volatile-lfu, volatile-random, volatile-ttl, " +
				"allkeys-lru, allkeys-lfu, allkeys-random, noeviction"
		}
		return ""
	},
	set: func(s *Server, v string) {
		p, _ := keyspace.ParsePolicy(v)
		s.settings.eviction.policy.Store(uint32(p))
	},
}

// Eviction are the rules by which this node evicts keys. Any goroutine.
func (s *Server) Eviction() keyspace.Eviction { return s.settings.eviction.rules() }

// Memory tells how much more this node uses than it may, where keys are to be evicted for that. Any goroutine.
func (s *Server) Memory() replica.Memory {
	limit := s.settings.maxmemory.Load()
	if limit == 0 || s.settings.eviction.rules().Policy == keyspace.NoEviction {
		return replica.Memory{}
	}
	routes := s.cfg.Routes()
	held := slices.Collect(maps.Values(routes.Handles))
	return replica.MemoryOf(limit-routes.stateBytes(), gaugesOf(held))
}

func gaugesOf(handles []*replica.Handle) []*replica.Gauges {
	out := make([]*replica.Gauges, 0, len(handles))
	for _, h := range handles {
		out = append(out, h.Gauges)
	}
	return out
}

// leastSlack is how many bytes writes may be ahead of eviction, or an eighth of maxmemory if that is more.
const leastSlack = 64 << 20

// Full reports whether this node uses more than maxmemory, and nothing is evicted to change that, or not fast enough.
// What it only follows is not its own to evict: that fills it for no write. Any goroutine.
func (s *Server) Full() bool {
	limit := s.settings.maxmemory.Load()
	if limit == 0 { // and nothing is added up, for each write comes by here
		return false
	}
	routes := s.routes()
	slack := max(leastSlack, limit/8)
	switch over := routes.usedBytes() - limit; {
	case over <= 0:
		return false
	case s.settings.eviction.rules().Policy == keyspace.NoEviction || routes.dry():
		return true
	case over <= slack:
		return false
	}
	return s.Memory().Owed(gaugesOf(routes.Led())) > slack
}

// lacksMemory reports whether a command that may need more memory is to be refused here. Who serves its slot comes
// first: a node tells of no other node's data that there is no room for it.
func (s *session) lacksMemory(v *verb, args [][]byte) bool {
	if v.cmd.Flags&keyspace.FlagDenyOOM == 0 || s.tx.mayBeDone() || !s.srv.Full() {
		return false
	}
	at, err := s.slotOf(v.cmd, args)
	return err == nil && s.growsHere(at)
}

// growsHere reports whether what is written to a slot is this node's, as far as is known here.
func (s *session) growsHere(at oneSlot) bool {
	if !at.known {
		return true
	}
	id, _ := s.routes.Map.Owner(at.slot)
	return s.redirect(at.slot, true) == "" && (leads(s.routes.Handles[id]) || !s.forwards)
}

// dry reports whether none of the shards led here has a key left that may be evicted.
func (r *Routes) dry() bool {
	led := r.Led()
	for _, h := range led {
		if !h.Gauges.Dry.Load() {
			return false
		}
	}
	return len(led) > 0
}
