package keyspace

// access is when a key was used last, and how often: the second of the shard's clock in the upper 24 bits, which
// wraps after 194 days, and Redis's logarithmic counter of uses in the lower 8. It serves the choice of what to
// evict, and is no part of the replicated state: reads leave no trace in the log, so a replica knows of the writes
// and of the reads that it carried out itself. 0 is unknown.
type access uint32

const (
	counterBits  = 8
	counterMask  = access(1)<<counterBits - 1
	freshCounter = access(5) // of a new key, lest it is the first to go
	hour         = access(3600) << counterBits

	longestIdle = int64((^access(0) - hour) >> counterBits) // s; what is longer ago cannot be told from what is to come
)

// usage is what State keeps of how keys are used. Nothing in it is replicated.
type usage struct {
	rules  Eviction
	lfu    bool     // uses are counted
	quiet  bool     // what is carried out does not count as use
	second int64    // of the operation at hand
	stamp  access   // … with a counter of 0
	began  access   // what a key is taken for of which nothing is known
	draws  uint64   // of the counters' own random numbers: those of commands are replicated
	pool   []string // keys that may be evicted next
}

// at begins an operation at a time in ms.
func (u *usage) at(now int64) {
	u.second = now / 1000
	u.stamp = access(u.second) << counterBits
	if u.began == 0 {
		u.began = u.stamp | freshCounter
	}
}

// SetQuiet says whether operations leave no trace in how keys are used from now on, as CLIENT NO-TOUCH wants it.
// TOUCH does all the same.
func (s *State) SetQuiet(quiet bool) { s.usage.quiet = quiet }

// used notes that a command uses an entry.
func (s *State) used(e *entry) {
	if !s.usage.quiet {
		s.usage.note(e)
	}
}

func (u *usage) note(e *entry) {
	if u.lfu {
		e.access = u.stamp | u.counted(e)
		return
	}
	e.access = u.stamp | e.access&counterMask
}

// fresh is what a new key begins with.
func (u *usage) fresh() access { return u.stamp | freshCounter }

func (u *usage) accessOf(e *entry) access {
	if e.access == 0 {
		return u.began
	}
	return e.access
}

// idle is how many seconds ago an entry was used. Reads run at the leader's estimate of the time, which may be a
// little ahead of the stamp of the next entry: that is no time ago.
func (u *usage) idle(e *entry) int64 {
	d := u.stamp - u.accessOf(e)&^counterMask
	if d > ^access(0)-hour {
		return 0
	}
	return int64(d >> counterBits)
}

// frequency is the counter of an entry: one less for each time that the decay time has passed since it was used.
func (u *usage) frequency(e *entry) access {
	n := u.accessOf(e) & counterMask
	if u.rules.DecayMinutes <= 0 {
		return n
	}
	minutes := u.second/60 - (u.second-u.idle(e))/60
	return n - access(min(int64(n), minutes/u.rules.DecayMinutes))
}

// counted is the counter of an entry after one more use. The higher it is, the less likely it grows.
func (u *usage) counted(e *entry) access {
	n := u.frequency(e)
	if n == counterMask {
		return n
	}
	odds := uint64(1)
	if n > freshCounter {
		odds += uint64(n-freshCounter) * uint64(u.rules.LogFactor)
	}
	u.draws++
	if mix(u.draws)%odds == 0 {
		n++
	}
	return n
}

// setUse gives an entry a time since it was used, in seconds, or a counter of uses, whichever the rules go by; -1 leaves
// it.
func (u *usage) setUse(e *entry, idle, frequency int64) {
	switch {
	case u.lfu && frequency >= 0:
		e.access = u.stamp | access(frequency)
	case !u.lfu && idle >= 0:
		e.access = access(max(u.second-min(idle, longestIdle), 0))<<counterBits | freshCounter
	}
}
