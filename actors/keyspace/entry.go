package keyspace

import "strconv"

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

// value is what a key holds. It is copied as a whole only to be moved.
type value struct {
	data []byte // owned: it never aliases an entry of the log, and nothing else aliases it
	num  int64
	obj  object   // nil for a string
	enc  encoding // of a string

	access access // of the key; it stands here since there is room
}

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
const entryOverhead = 128

// size estimates the memory of e in bytes. It depends on the content alone, so
// that replicas agree on it.
func (e *entry) size() int64 {
	n := int64(entryOverhead + len(e.key))
	if e.obj != nil {
		return n + e.obj.size()
	}
	return n + int64(len(e.data))
}

func (v *value) kind() kind {
	if v.obj != nil {
		return v.obj.kind()
	}
	return kindString
}

// typeNames are the names that TYPE answers and SCAN takes.
var typeNames = [kinds]string{"string", "list", "set", "zset", "hash", "stream"}

func (v *value) typeName() string { return typeNames[v.kind()] }

func (v *value) encoding() encoding {
	if v.obj != nil {
		return v.obj.encoding()
	}
	return v.enc
}

// text returns the bytes of a string; those of an integer are made in buf.
func (v *value) text(buf []byte) []byte {
	if v.enc == encInt {
		return strconv.AppendInt(buf[:0], v.num, 10)
	}
	return v.data
}

// textLen returns the length of a string.
func (v *value) textLen() int {
	var buf [20]byte
	return len(v.text(buf[:]))
}

// setText makes v the string b, as an integer if it is the text of one.
func (v *value) setText(b []byte) {
	if n, ok := parseInt(b); ok {
		v.setInt(n)
		return
	}
	v.setBytes(b)
}

// setBytes makes v the string b, not to be taken for an integer.
func (v *value) setBytes(b []byte) {
	v.num, v.obj, v.enc = 0, nil, encRaw
	if len(b) <= embstrMax {
		v.enc = encEmbstr
	}
	v.data = replaceBytes(v.data, b)
}

func (v *value) setInt(n int64) {
	*v = value{num: n, enc: encInt, access: v.access}
}

// put makes e hold v.
func (e *entry) put(v value) {
	v.access = e.access
	e.value = v
}

// makeRaw makes a string ready to be changed in place.
func (v *value) makeRaw() {
	if v.enc == encInt {
		v.data = strconv.AppendInt(nil, v.num, 10)
	}
	v.num, v.enc = 0, encRaw
}

// replaceBytes returns a copy of b, in the room of old if it fits there and
// does not leave most of it empty.
func replaceBytes(old, b []byte) []byte {
	if cap(old) >= len(b) && cap(old) <= 2*len(b)+32 {
		return append(old[:0], b...)
	}
	return append(make([]byte, 0, len(b)), b...)
}

// clone returns a copy of v that a change of v does not show in.
func (v *value) clone() value {
	c := *v
	if v.obj != nil {
		c.obj = v.obj.clone()
	}
	if v.data != nil {
		c.data = append(make([]byte, 0, len(v.data)), v.data...)
	}
	return c
}
