package sim

import (
	"errors"
	"math/rand/v2"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/batchrepr"
	"github.com/tidwall/btree"

	"github.com/troupedb/troupe/actors/raftlog"
)

// store is the simulated disk below a node's durable log. What was not synced survives a crash in part: the
// first batches do, the others don't. It keeps two trees, for a copy of one at each sync costs more.
type store struct {
	content
	synced  content
	journal [][]byte     // batches since the last sync
	fail    func() error // asked before each batch
}

// content is what a store holds. A copy shares its tree until one of them is changed.
type content struct{ tree *btree.Map[string, []byte] }

func newContent() content { return content{btree.NewMap[string, []byte](0)} }

func (c content) copy() content { return content{c.tree.Copy()} }

func newStore() *store {
	return &store{content: newContent(), synced: newContent()}
}

// Get implements raftlog.Reader.
func (c content) Get(key []byte, use func([]byte) error) error {
	if v, ok := c.tree.Get(string(key)); ok {
		return use(v)
	}
	return nil
}

// Scan implements raftlog.Reader.
func (c content) Scan(lo, hi []byte, each func(key, value []byte) (bool, error)) (err error) {
	more := true
	c.tree.Ascend(string(lo), func(key string, value []byte) bool {
		if key < string(hi) {
			more, err = each([]byte(key), value)
			return more && err == nil
		}
		return false
	})
	return err
}

// Close implements raftlog.View.
func (c content) Close() error { return nil }

// View implements raftlog.Store.
func (s *store) View() raftlog.View { return s.copy() }

// NewBatch implements raftlog.Store.
func (s *store) NewBatch() *pebble.Batch { return new(pebble.Batch) }

// Flush implements raftlog.Store.
func (s *store) Flush() error { return nil }

// Commit implements raftlog.Store.
func (s *store) Commit(b *pebble.Batch, sync bool) error {
	if err := s.fail(); err != nil {
		return err
	}
	repr := append([]byte(nil), b.Repr()...)
	if err := s.apply(repr); err != nil {
		return err
	}
	s.journal = append(s.journal, repr)
	if sync {
		return s.sync()
	}
	return nil
}

func (s *store) sync() error {
	for _, repr := range s.journal {
		if err := s.synced.apply(repr); err != nil {
			return err
		}
	}
	s.journal = nil
	return nil
}

// crashed is what a crash leaves: what was synced, and the first batches of the rest.
func (s *store) crashed(rng *rand.Rand) (*store, error) {
	next := &store{content: s.synced.copy(), fail: s.fail}
	for _, repr := range s.journal[:rng.IntN(len(s.journal)+1)] {
		if err := next.apply(repr); err != nil {
			return nil, err
		}
	}
	next.synced = next.copy()
	return next, nil
}

var errBatch = errors.New("sim: a batch of the log does something that this store does not know")

// apply keeps parts of repr.
func (c content) apply(repr []byte) error {
	for r := batchrepr.Read(repr); ; {
		kind, key, value, ok, err := r.Next()
		switch {
		case err != nil || !ok:
			return err
		case kind == pebble.InternalKeyKindSet:
			c.tree.Set(string(key), value)
		case kind == pebble.InternalKeyKindDelete:
			c.tree.Delete(string(key))
		case kind == pebble.InternalKeyKindRangeDelete:
			c.drop(string(key), string(value))
		case kind != pebble.InternalKeyKindLogData:
			return errBatch
		}
	}
}

func (c content) drop(lo, hi string) {
	var gone []string
	c.tree.Ascend(lo, func(key string, _ []byte) bool {
		if key < hi {
			gone = append(gone, key)
		}
		return key < hi
	})
	for _, key := range gone {
		c.tree.Delete(key)
	}
}
