package raftlog

import "github.com/troupedb/troupe/actors/raftlog/segment"

// Reader reads named values, and the entries of streams, which are shards here. What it hands over is valid during that
// call only.
type Reader interface {
	// Get hands the value of a key over, if there is one.
	Get(key []byte, use func(value []byte) error) error
	// Scan hands over the values from lo up to hi, hi excluded, in order of key, until each says that it wants no more.
	Scan(lo, hi []byte, each func(key, value []byte) (more bool, err error)) error
	// Entries hands over the entries of a stream in [lo, hi) in order of index, until each says that it wants no more.
	Entries(stream uint32, lo, hi uint64, each func(index uint64, value []byte) (more bool, err error)) error
}

// View is some named values and one stream of a store as they were at one moment.
type View interface {
	Reader
	Close() error
}

// Store is what a Log is written to: segments, or what a simulation puts in their place. Reading is for any goroutine,
// also while a batch is committed.
type Store interface {
	Reader
	View(stream uint32, keys ...[]byte) View
	// Sizes hands over how many bytes the entries of a stream in [lo, hi) have, the last one first, until each wants no
	// more. During the call the store must not be used.
	Sizes(stream uint32, lo, hi uint64, each func(index uint64, size int) (more bool))
	// Commit makes a batch readable, and durable with all before it if sync is set. The batch is not kept.
	Commit(b *segment.Batch, sync bool) error
	Close() error
}

// segments is the Store that nodes use.
type segments struct{ *segment.Store }

func (s segments) View(stream uint32, keys ...[]byte) View { return s.Store.View(stream, keys...) }
