package keyspace

import (
	"slices"
	"unsafe"
)

// kind is the type of a value. Only append to this list: it is in snapshots.
type kind uint8

const (
	kindString kind = iota
	kindList
	kindSet
	kindSortedSet
	kindHash
	kindStream
	kinds // how many there are
)

// encoding is how a value is held. Only append to this list: it is in snapshots.
type encoding uint8

const (
	encRaw    encoding = iota // string in data; may change in place
	encInt                    // string in num
	encEmbstr                 // string in data; short, and written in one piece
	encListpack
	encQuicklist
	encIntset
	encHashtable
	encSkiplist
	encStream
	encodings
)

// encodingNames are the names that OBJECT ENCODING answers.
var encodingNames = [encodings]string{
	"raw", "int", "embstr", "listpack", "quicklist", "intset", "hashtable", "skiplist", "stream",
}

// embstrMax is the longest string that Redis keeps in one piece with its header.
const embstrMax = 44

// sharedInts is how many small integers Redis shares between all keys.
const sharedInts = 10000

// entry is a key with its value, and a link in a chain of its dict.
type entry struct {
	value
	block  unsafe.Pointer // the bytes of the key, and behind them those of a string that is not long
	expire int64          // ms; 0 is never
	hash   uint32
	seen   uint32 // the newest snapshot that has this entry, or began before it was made
	next   ref
	keyLen uint32
}

// entryOverhead estimates what a key costs beside its bytes: the entry, its
// place in a bucket, and what allocation rounds up.
const entryOverhead = 72

// name is the key. Its bytes never change.
func (e *entry) name() string { return unsafe.String((*byte)(e.block), e.keyLen) }

// free tells whether there is no entry where e stands. An empty key that was made without room for a string has no block,
// and counts as free too.
func (e *entry) free() bool { return e.block == nil }

// nameBytes is the key, not to be changed.
func (e *entry) nameBytes() []byte { return unsafe.Slice((*byte)(e.block), e.keyLen) }

// setName gives e its key, in a block with room for a string of so many bytes, which it returns.
func (e *entry) setName(key []byte, text int) (room []byte) {
	b := append(slices.Grow([]byte(nil), len(key)+text), key...)
	e.block, e.keyLen = unsafe.Pointer(unsafe.SliceData(b)), uint32(len(key))
	return b[len(b):]
}

// size estimates the memory of e in bytes. It depends on the content alone, so
// that replicas agree on it.
func (e *entry) size() int64 {
	n := int64(entryOverhead + len(e.name()))
	if e.kind() != kindString {
		return n + e.object().size()
	}
	return n + int64(len(e.data()))
}

// freed is how much less a state holds without e.
func (e *entry) freed() int64 {
	if e.expire != 0 {
		return e.size() + deadlineBytes
	}
	return e.size()
}
