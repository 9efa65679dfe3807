package sim

import (
	"math/rand/v2"

	"github.com/tidwall/btree"

	"github.com/troupedb/troupe/actors/raftlog"
	"github.com/troupedb/troupe/actors/raftlog/segment"
)

// store is the simulated disk below a node's durable log. What was not synced survives a crash in part: the
// first batches do, the others don't. It keeps two trees, for a copy of one at each sync costs more.
type store struct {
	content
	synced  content
	journal [][]byte     // batches since the last sync
	fail    func() error // asked before each batch
}

// content is what a store holds. A copy shares its trees until one of them is changed.
type content struct {
	values  *btree.Map[string, []byte]
	entries *btree.BTreeG[entry]
}

type entry struct {
	stream uint32
	index  uint64
	value  []byte
}

func (e entry) before(f entry) bool {
	return e.stream < f.stream || e.stream == f.stream && e.index < f.index
}

func newContent() content {
	return content{btree.NewMap[string, []byte](0), btree.NewBTreeGOptions(entry.before, btree.Options{NoLocks: true})}
}

func (c content) copy() content { return content{c.values.Copy(), c.entries.Copy()} }

func newStore() *store {
	return &store{content: newContent(), synced: newContent()}
}

// Get implements raftlog.Reader.
func (c content) Get(key []byte, use func([]byte) error) error {
	if v, ok := c.values.Get(string(key)); ok {
		return use(v)
	}
	return nil
}

// Scan implements raftlog.Reader.
func (c content) Scan(lo, hi []byte, each func(key, value []byte) (bool, error)) (err error) {
	more := true
	c.values.Ascend(string(lo), func(key string, value []byte) bool {
		if key < string(hi) {
			more, err = each([]byte(key), value)
			return more && err == nil
		}
		return false
	})
	return err
}

// Entries implements raftlog.Reader.
func (c content) Entries(stream uint32, lo, hi uint64, each func(uint64, []byte) (bool, error)) (err error) {
	more := true
	c.entries.Ascend(entry{stream: stream, index: lo}, func(e entry) bool {
		if e.stream == stream && e.index < hi {
			more, err = each(e.index, e.value)
			return more && err == nil
		}
		return false
	})
	return err
}

// Close implements raftlog.View.
func (c content) Close() error { return nil }

// View implements raftlog.Store.
func (s *store) View(uint32, ...[]byte) raftlog.View { return s.copy() }

// Sizes implements raftlog.Store.
func (s *store) Sizes(stream uint32, lo, hi uint64, each func(uint64, int) bool) {
	s.entries.Descend(entry{stream: stream, index: hi - 1}, func(e entry) bool {
		return e.stream == stream && e.index >= lo && each(e.index, len(e.value))
	})
}

// Commit implements raftlog.Store.
func (s *store) Commit(b *segment.Batch, sync bool) error {
	if err := s.fail(); err != nil {
		return err
	}
	repr := append([]byte(nil), b.Bytes()...)
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

// apply keeps parts of repr.
func (c content) apply(repr []byte) error {
	for ops := segment.Read(repr); ; {
		op, ok, err := ops.Next()
		switch {
		case err != nil || !ok:
			return err
		case op.Kind == segment.Put:
			c.entries.Set(entry{op.Stream, op.First, op.Value})
		case op.Kind == segment.Cut:
			c.cut(op.Stream, op.First, op.Last)
		case op.Kind == segment.Set:
			c.values.Set(string(op.Key), op.Value)
		case op.Kind == segment.Delete:
			c.values.Delete(string(op.Key))
		}
	}
}

func (c content) cut(stream uint32, first, last uint64) {
	var gone []entry
	c.entries.Ascend(entry{stream: stream, index: first}, func(e entry) bool {
		if e.stream != stream || e.index > last {
			return false
		}
		gone = append(gone, e)
		return true
	})
	for _, e := range gone {
		c.entries.Delete(e)
	}
}
