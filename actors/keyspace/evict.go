package keyspace

import (
	"cmp"
	"slices"
	"strconv"
)

// Bounds of what one operation evicts, and of the work to choose it: the shard does nothing else meanwhile.
const (
	maxVictims     = 2 << 10
	maxSampled     = 8 << 10
	maxVictimBytes = 1 << 20 // of their keys
)

const (
	poolSize = 16 // candidates kept from one choice to the next
	tries    = 16 // to find a key that is not chosen already
)

// candidate is a key that may be evicted next. It is known by name only: it may be gone at the next choice.
type candidate struct {
	key   string
	score int64 // the higher the sooner
}

// choice is what one operation is to evict.
type choice struct {
	victims map[*entry]bool
	sampled int // keys that were looked at
}

func (c *choice) ends() bool { return len(c.victims) >= maxVictims || c.sampled >= maxSampled }

// AppendEviction appends an operation that evicts keys of about need bytes, or of as many as one operation may
// (there is more to choose once it is carried out), and tells how much that frees: nothing, and dst is as it was, if the
// rules allow for none. Nothing changes before the operation is carried out, which spares a key that was modified in
// between: that one is not what was chosen any more.
//
// The choice is by samples, by random numbers from env, and by how keys were used here: it is for a leader to make,
// and the operation for the log.
func (s *State) AppendEviction(dst []byte, env *Env, need int64) (ops []byte, freed int64) {
	s.begin(env)
	s.draws.command(env)
	args := [][]byte{[]byte("evict"), strconv.AppendUint(nil, s.watch.version, 10)}
	chosen, bytes := choice{victims: map[*entry]bool{}}, 0
	s.reviewPool()
	for freed < need && !chosen.ends() && bytes < maxVictimBytes {
		e := s.victim(&chosen)
		if e == nil {
			break
		}
		chosen.victims[e] = true
		args = append(args, []byte(e.name()))
		bytes += len(e.name())
		freed += e.freed()
	}
	if len(chosen.victims) == 0 {
		return dst, 0
	}
	return AppendOp(dst, 0, args), freed
}

// victim chooses the next key to evict, beside those that are chosen; nil if none is found.
func (s *State) victim(chosen *choice) *entry {
	if s.eligible() == 0 {
		return nil
	}
	switch s.usage.rules.Policy {
	case NoEviction:
		return nil
	case VolatileTTL:
		return s.soonest(chosen)
	case AllKeysRandom, VolatileRandom:
		for range tries {
			if e := s.sampleKey(chosen); !chosen.victims[e] {
				return e
			}
		}
		return nil
	}
	for range tries {
		s.fillPool(chosen)
		if e := s.takeCandidate(); e != nil {
			return e
		}
	}
	return nil
}

// eligible is how many keys the policy lets be evicted.
func (s *State) eligible() int {
	if s.usage.rules.Policy.volatile() {
		return s.expiry.len()
	}
	return s.census.keys
}

// soonest returns the key that expires next. Redis looks for it among samples; here they are in order.
func (s *State) soonest(chosen *choice) *entry {
	e, _ := s.expiry.at(len(chosen.victims))
	return e
}

// sampleKey returns one of the eligible keys at random. REQUIRES: there is one.
func (s *State) sampleKey(chosen *choice) *entry {
	chosen.sampled++
	if !s.usage.rules.Policy.volatile() {
		return s.randomEntry()
	}
	e, _ := s.expiry.at(int(s.random() % uint64(s.expiry.len())))
	return e
}

// fillPool samples keys, and keeps the best candidates in order of their scores.
func (s *State) fillPool(chosen *choice) {
	u := &s.usage
	for range u.rules.Samples {
		e := s.sampleKey(chosen)
		c := candidate{e.name(), u.score(e)}
		known := func(other candidate) bool { return other.key == c.key }
		if chosen.victims[e] || slices.ContainsFunc(u.pool, known) {
			continue
		}
		at, _ := slices.BinarySearchFunc(u.pool, c, soonerLast)
		if len(u.pool) < poolSize {
			u.pool = slices.Insert(u.pool, at, c)
		} else if at > 0 {
			copy(u.pool, u.pool[1:at])
			u.pool[at-1] = c
		}
	}
}

// score tells how good it is to evict an entry.
func (u *usage) score(e *entry) int64 {
	if u.lfu {
		return int64(counterMask - u.frequency(e))
	}
	return u.idle(e)
}

func soonerLast(a, b candidate) int { return cmp.Compare(a.score, b.score) }

// reviewPool drops candidates that are gone or not eligible any more, and scores the others anew: some were used since
// they were sampled.
func (s *State) reviewPool() {
	u := &s.usage
	kept := u.pool[:0]
	for _, c := range u.pool {
		e := s.lookup([]byte(c.key)).e
		if e != nil && (e.expire != 0 || !u.rules.Policy.volatile()) {
			kept = append(kept, candidate{c.key, u.score(e)})
		}
	}
	clear(u.pool[len(kept):])
	slices.SortStableFunc(kept, soonerLast)
	u.pool = kept
}

// takeCandidate takes the best candidate out of the pool, nil if it is empty.
func (s *State) takeCandidate() *entry {
	u := &s.usage
	last := len(u.pool) - 1
	if last < 0 {
		return nil
	}
	e := s.lookup([]byte(u.pool[last].key)).e
	u.pool[last] = candidate{}
	u.pool = u.pool[:last]
	return e
}

// evict is the internal command "evict version key…": it deletes the keys that no operation after that version
// modified.
func evict(s *State, c *call) {
	s.mayWrite()
	s.counts.Evictions++
	version, err := strconv.ParseUint(string(c.Args[1]), 10, 64)
	if err != nil {
		c.W.Error(errSyntax)
		return
	}
	var n int64
	before := s.watch.version // what is deleted here is newer
	for _, key := range c.Args[2:] {
		p := s.lookup(key)
		if p.e == nil || s.modified(p.hash, version, before) {
			continue
		}
		s.remove(p.e)
		s.counts.Evicted++
		s.notify(EventEvicted, "evicted", p.e.name())
		n++
	}
	c.W.Int(n)
}

// modified tells whether one of the keys that share a bucket with this hash was modified last after one version and
// not after the other.
func (s *State) modified(hash uint32, after, until uint64) bool {
	last := s.watch.modified(bucketOf(hash))
	return after < last && last <= until
}
