package keyspace

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
	next   *entry
	key    string
	expire int64 // ms; 0 is never
	hash   uint32
	seen   uint32 // the newest snapshot that has this entry, or began before it was made
	value
}

// entryOverhead estimates what a key costs beside its bytes: the entry, its
// place in a bucket, and what allocation rounds up.
const entryOverhead = 88

// size estimates the memory of e in bytes. It depends on the content alone, so
// that replicas agree on it.
func (e *entry) size() int64 {
	n := int64(entryOverhead + len(e.key))
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
