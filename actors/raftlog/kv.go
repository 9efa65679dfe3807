package raftlog

import (
	"errors"

	"github.com/cockroachdb/pebble/v2"
)

// Reader reads an ordered store. What it hands over is valid during that call only.
type Reader interface {
	// Get hands the value of a key over, if there is one.
	Get(key []byte, use func(value []byte) error) error
	// Scan hands over what there is from lo up to hi, hi excluded, in order of key, until each says that it
	// wants no more.
	Scan(lo, hi []byte, each func(key, value []byte) (more bool, err error)) error
}

// View is a store as it was at one moment.
type View interface {
	Reader
	Close() error
}

// Store is what a Log is written to: Pebble, or what a simulation puts in its place. Reading is for any
// goroutine, also while a batch is committed.
type Store interface {
	Reader
	View() View
	NewBatch() *pebble.Batch
	// Commit makes a batch readable, and durable with all before it if sync is set.
	Commit(b *pebble.Batch, sync bool) error
	// Flush writes out what is in memory, so that the next start is quick.
	Flush() error
	Close() error
}

// maxKeptBatch is the largest batch, in bytes, whose memory serves the next one. Values of a megabyte are copied into
// memory never touched before otherwise, which costs more than the copy.
const maxKeptBatch = 8 << 20

// pebbleStore is the Store that nodes use.
type pebbleStore struct{ db *pebble.DB }

func (s pebbleStore) Get(key []byte, use func([]byte) error) error { return pebbleGet(s.db, key, use) }

func (s pebbleStore) Scan(lo, hi []byte, each func(key, value []byte) (bool, error)) error {
	return pebbleScan(s.db, lo, hi, each)
}

func (s pebbleStore) View() View { return pebbleView{s.db.NewSnapshot()} }
func (s pebbleStore) NewBatch() *pebble.Batch {
	return s.db.NewBatch(pebble.WithMaxRetainedSizeBytes(maxKeptBatch))
}
func (s pebbleStore) Flush() error { return s.db.Flush() }
func (s pebbleStore) Close() error { return s.db.Close() }

func (s pebbleStore) Commit(b *pebble.Batch, sync bool) error {
	return s.db.Apply(b, &pebble.WriteOptions{Sync: sync})
}

type pebbleView struct{ *pebble.Snapshot }

func (v pebbleView) Get(key []byte, use func([]byte) error) error {
	return pebbleGet(v.Snapshot, key, use)
}

func (v pebbleView) Scan(lo, hi []byte, each func(key, value []byte) (bool, error)) error {
	return pebbleScan(v.Snapshot, lo, hi, each)
}

func pebbleGet(db pebble.Reader, key []byte, use func([]byte) error) error {
	b, closer, err := db.Get(key)
	switch {
	case errors.Is(err, pebble.ErrNotFound):
		return nil
	case err != nil:
		return storeError(err)
	}
	return errors.Join(use(b), closer.Close())
}

func pebbleScan(db pebble.Reader, lo, hi []byte, each func(key, value []byte) (bool, error)) error {
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: lo, UpperBound: hi})
	if err != nil {
		return storeError(err)
	}
	more := true
	for ok := it.First(); ok && more && err == nil; ok = it.Next() {
		var value []byte
		if value, err = it.ValueAndErr(); err == nil {
			more, err = each(it.Key(), value)
		}
	}
	if err == nil {
		err = it.Error()
	}
	return storeError(errors.Join(err, it.Close()))
}
