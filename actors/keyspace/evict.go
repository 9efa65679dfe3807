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
	minDraws = 8  // random keys drawn at once, at first
)

// candidate is a key that may be evicted next.
type candidate struct {
	e     *entry
	score int64 // the higher the sooner
}

// choice is what one operation is to evict. Nothing changes while it is made.
type choice struct {
	victims []*entry
	chosen  map[*entry]bool
	pool    []candidate
	drawn   []*entry // keys at random
	draws   int      // how many were drawn at the last time
	sampled int      // keys that were looked at
}

func (c *choice) ends() bool { return len(c.victims) >= maxVictims || c.sampled >= maxSampled }

// pooled tells whether an entry is a candidate.
func (c *choice) pooled(e *entry) bool {
	return slices.ContainsFunc(c.pool, func(other candidate) bool { return other.e == e })
}

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
	c := choice{chosen: map[*entry]bool{}}
	s.beginPool(&c)
	for bytes := 0; freed < need && !c.ends() && bytes < maxVictimBytes; {
		e := s.victim(&c)
		if e == nil {
			break
		}
		c.victims, c.chosen[e] = append(c.victims, e), true
		bytes += int(e.keyLen)
		freed += e.freed()
	}
	s.endPool(&c)
	if len(c.victims) == 0 {
		return dst, 0
	}
	args := [][]byte{[]byte("evict"), strconv.AppendUint(nil, s.watch.version, 10)}
	for _, e := range c.victims {
		args = append(args, e.nameBytes())
	}
	return AppendOp(dst, 0, args), freed
}

// victim chooses the next key to evict, beside those that are chosen; nil if none is found.
func (s *State) victim(c *choice) *entry {
	if s.eligible() == 0 {
		return nil
	}
	switch s.usage.rules.Policy {
	case NoEviction:
		return nil
	case VolatileTTL:
		return s.soonest(c)
	case AllKeysRandom, VolatileRandom:
		for range tries {
			if e := s.sampleKey(c); !c.chosen[e] {
				return e
			}
		}
		return nil
	}
	for range tries {
		s.fillPool(c)
		if last := len(c.pool) - 1; last >= 0 {
			e := c.pool[last].e
			c.pool = c.pool[:last]
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
func (s *State) soonest(c *choice) *entry {
	e, _ := s.expiry.at(len(c.victims))
	return e
}

// sampleKey returns one of the eligible keys at random. REQUIRES: there is one.
func (s *State) sampleKey(c *choice) *entry {
	c.sampled++
	if len(c.drawn) == 0 {
		c.draws = min(max(minDraws, 2*c.draws), AheadMax)
		c.drawn = s.draw(c.drawn, c.draws)
	}
	last := len(c.drawn) - 1
	e := c.drawn[last]
	c.drawn = c.drawn[:last]
	return e
}

// draw appends eligible keys at random to dst. Where they are a good part of all that stands in entries it picks n places
// at once, so that the waits for memory overlap, and passes over those that are free. Else it finds them one by one.
// REQUIRES: there is one.
func (s *State) draw(dst []*entry, n int) []*entry {
	volatile := s.usage.rules.Policy.volatile()
	switch {
	case s.eligible() > s.entries.places()/4 && (s.snap == nil || len(s.snap.retained) == 0):
		for len(dst) == 0 {
			for range n {
				if e := s.entries.place(s.random()); e != nil {
					dst = append(dst, e)
				}
			}
			dst = slices.DeleteFunc(dst, func(e *entry) bool { return e.free() || volatile && e.expire == 0 })
		}
		return dst
	case volatile:
		e, _ := s.expiry.at(int(s.random() % uint64(s.expiry.len())))
		return append(dst, e)
	}
	return append(dst, s.randomEntry())
}

// fillPool samples keys, and keeps the best candidates in order of their scores.
func (s *State) fillPool(c *choice) {
	for range s.usage.rules.Samples {
		e := s.sampleKey(c)
		score := s.usage.score(e)
		full := len(c.pool) == poolSize
		if full && score <= c.pool[0].score || c.chosen[e] || c.pooled(e) {
			continue
		}
		if full {
			c.pool = slices.Delete(c.pool, 0, 1)
		}
		at, _ := slices.BinarySearchFunc(c.pool, score, func(other candidate, score int64) int {
			return cmp.Compare(other.score, score)
		})
		c.pool = slices.Insert(c.pool, at, candidate{e, score})
	}
}

// score tells how good it is to evict an entry.
func (u *usage) score(e *entry) int64 {
	if u.lfu {
		return int64(counterMask - u.frequency(e))
	}
	return u.idle(e)
}

// beginPool takes over the candidates that the choice before left, those that are there and eligible still, and scores
// them anew: some were used since they were sampled.
func (s *State) beginPool(c *choice) {
	u := &s.usage
	for _, key := range u.pool {
		e := s.lookup([]byte(key)).e
		if e != nil && (e.expire != 0 || !u.rules.Policy.volatile()) {
			c.pool = append(c.pool, candidate{e, u.score(e)})
		}
	}
	slices.SortStableFunc(c.pool, func(a, b candidate) int { return cmp.Compare(a.score, b.score) })
}

// endPool leaves candidates to the next choice, by name: until then they may be gone.
func (s *State) endPool(c *choice) {
	u := &s.usage
	clear(u.pool)
	u.pool = u.pool[:0]
	for _, other := range c.pool {
		u.pool = append(u.pool, other.e.name())
	}
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
	for _, key := range s.withAhead(c.Args[2:], 1) {
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
