package keyspace

import (
	"slices"
	"strings"
)

// Policy says which keys may be evicted, and which of them are.
type Policy uint8

const (
	NoEviction Policy = iota
	AllKeysLRU
	AllKeysLFU
	AllKeysRandom
	VolatileLRU
	VolatileLFU
	VolatileRandom
	VolatileTTL
	policies
)

var policyNames = [policies]string{
	"noeviction", "allkeys-lru", "allkeys-lfu", "allkeys-random",
	"volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl",
}

// String is the name that Redis's configuration has for p.
func (p Policy) String() string { return policyNames[p%policies] }

// ParsePolicy finds a policy by the name that Redis's configuration has for it, in any case.
func ParsePolicy(name string) (p Policy, ok bool) {
	i := slices.Index(policyNames[:], strings.ToLower(name))
	return Policy(max(i, 0)), i >= 0
}

// volatile tells whether only keys with a time to live are evicted.
func (p Policy) volatile() bool { return p >= VolatileLRU }

func (p Policy) lfu() bool { return p == AllKeysLFU || p == VolatileLFU }

// Eviction are the rules by which a node evicts keys of the shards that it leads.
type Eviction struct {
	Policy       Policy
	Samples      int   // keys that are looked at for each that is evicted
	LogFactor    int64 // the higher, the slower do counters of uses grow; >= 0
	DecayMinutes int64 // after so many without use a counter is one less; 0: it stays
}

// SetEviction says by which rules keys are evicted, and their use is noted, from now on. This is no part of the
// replicated state.
func (s *State) SetEviction(rules Eviction) {
	u := &s.usage
	if u.rules == rules {
		return
	}
	if u.rules.Policy != rules.Policy {
		u.pool = u.pool[:0]
	}
	u.rules, u.lfu = rules, rules.Policy.lfu()
}
