package keyspace

import (
	"encoding/binary"
	"iter"

	"github.com/troupedb/troupe/actors/keyspace/ctree"
)

// object is a value of a type other than string: a collection. doc.go tells how
// to add one.
type object interface {
	kind() kind
	encoding() encoding
	// size estimates the memory in bytes, in O(1). It depends on the content
	// alone, so that replicas agree on it.
	size() int64
	// clone returns a collection with the same content, in O(1), or in the time
	// of a small form: neither sees changes of the other.
	clone() object

	// tree is the one that a command is likely to read first. Of a set of integers it is empty.
	tree() *ctree.Tree

	// items is the number of items that a snapshot has of the collection. What
	// has none is deleted with its key.
	items() int
	// walk returns the items of a snapshot from one on. Together they are the
	// whole content, and they depend on it alone.
	walk(from int) iter.Seq[[]byte]
	// add takes the next item of a snapshot, in the order of walk. It copies what
	// it keeps, and is false if there cannot be such an item.
	add(s *State, item []byte) bool
}

// newObject makes an empty collection of each kind; nil if it has no such encoding.
var newObject [kinds]func(encoding) object

// objectOf returns the collection that e holds, nil if e is. ok is false, and it
// has answered, if e holds a value of another type.
func objectOf[T object](c *call, e *entry) (obj T, ok bool) {
	if e == nil {
		return obj, true
	}
	if obj, ok = e.object().(T); !ok {
		c.W.Error(errWrongType)
	}
	return obj, ok
}

// settle ends the change of a collection, which upsert began: it accounts for the
// size, and deletes the key of a collection that is empty now.
func (s *State) settle(e *entry, before int64) {
	s.resized(e, before)
	if e.object().items() == 0 {
		s.remove(e)
		s.notify(EventGeneric, "del", e.name())
	}
}

// edit is the change of a collection by a command that finds out step by step
// whether there is anything to change.
type edit struct {
	s    *State
	p    *place
	e    *entry // nil: nothing was changed yet
	size int64  // of e before the change
}

// begin is called before each step that changes something. The first one makes
// the key, if there is none, with the value of create.
func (d *edit) begin(create func() object) object {
	if d.e == nil {
		d.e, d.size = d.s.upsert(d.p)
	}
	if d.e.kind() == kindString {
		d.e.put(objectValue(create()))
		d.s.ready(d.e)
	}
	return d.e.object()
}

// end ends the change, if there was one, and reports it.
func (d *edit) end(class EventClass, event string) {
	if d.e != nil {
		d.s.notify(class, event, d.e.name())
		d.s.settle(d.e, d.size)
	}
}

// objectOverhead estimates what a collection takes beside its trees.
const objectOverhead = 48

// hashSize is what the hash of a member takes, in an item that begins with it.
const hashSize = 4

// appendField appends b with its length before it.
func appendField(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

// appendHash appends the hash of a member: what is ordered by it is ordered the
// same on every replica, and hardly ever in the order of members.
func (s *State) appendHash(dst, member []byte) []byte {
	return binary.BigEndian.AppendUint32(dst, s.hash(member))
}

// appendProbe appends the beginning of the items of a member, which no item of
// another member begins with: hash, length, member.
func (s *State) appendProbe(dst, member []byte) []byte {
	return appendField(s.appendHash(dst, member), member)
}

// keptScratch is how large a scratch survives a command.
const keptScratch = 64 << 10

// keepScratch keeps b, which the scratch of s grew to, for the next use.
func (s *State) keepScratch(b []byte) {
	if cap(b) <= keptScratch {
		s.scratch = b
	}
}

// withoutHash cuts the hash off items if they have one.
func withoutHash(items iter.Seq[[]byte], hashed bool) iter.Seq[[]byte] {
	if !hashed {
		return items
	}
	return func(yield func([]byte) bool) {
		for item := range items {
			if !yield(item[hashSize:]) {
				return
			}
		}
	}
}
