package keyspace

import "github.com/dchest/siphash"

// Checker refuses the snapshots that a Restorer would refuse, by the same rules, but keeps no keys: it takes the
// memory of the largest collection, one at a time, and about 30 bytes for each key, by which a key that comes
// twice is found.
type Checker struct{ t Restorer }

// fingerprint stands for a key, under the secret of the shard's hash: nobody finds two keys with the same.
type fingerprint [2]uint64

// NewChecker returns a Checker.
func NewChecker() *Checker {
	return &Checker{Restorer{s: New(Config{}), seen: map[fingerprint]struct{}{}}}
}

// Add is Restorer.Add.
func (c *Checker) Add(block []byte) error { return c.t.Add(block) }

// Finish tells whether the snapshot was complete.
func (c *Checker) Finish() error {
	_, err := c.t.Finish()
	return err
}

// Index returns the log index that the snapshot was begun at.
func (c *Checker) Index() uint64 { return c.t.index }

// twice reports whether the key came before.
func (t *Restorer) twice(slot uint16, hash uint32, key []byte) bool {
	if t.seen == nil {
		return t.s.dict(slot).find(hash, key) != nil
	}
	lo, hi := siphash.Hash128(t.s.k0, t.s.k1, key)
	_, twice := t.seen[fingerprint{lo, hi}]
	t.seen[fingerprint{lo, hi}] = struct{}{}
	return twice
}
