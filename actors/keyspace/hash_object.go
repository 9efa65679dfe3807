package keyspace

import (
	"bytes"
	"encoding/binary"
	"iter"

	"github.com/troupedb/troupe/actors/keyspace/ctree"
)

// hashObject is a hash. A small one keeps its fields in the order in which they
// were added, and looks at each of them to find one; a large one, a table, keeps
// them in the order of their hashes.
//
// An item of the tree is [hash of the field,] length of the field, field, value.
type hashObject struct {
	t     ctree.Tree
	table bool
}

func init() {
	newObject[kindHash] = func(enc encoding) object {
		if enc != encListpack && enc != encHashtable {
			return nil
		}
		return &hashObject{table: enc == encHashtable}
	}
}

func (h *hashObject) kind() kind { return kindHash }

func (h *hashObject) tree() *ctree.Tree { return &h.t }

func (h *hashObject) encoding() encoding {
	if h.table {
		return encHashtable
	}
	return encListpack
}

func (h *hashObject) size() int64 { return objectOverhead + h.t.Size() }

func (h *hashObject) clone() object { return &hashObject{h.t.Clone(), h.table} }

// len is the number of fields; a hash that is nil has none.
func (h *hashObject) len() int {
	if h == nil {
		return 0
	}
	return h.t.Len()
}

func (h *hashObject) items() int { return h.t.Len() }

// walk returns the items without the hashes, which a restored state makes anew.
func (h *hashObject) walk(from int) iter.Seq[[]byte] {
	return withoutHash(h.t.Forward(from), h.table)
}

func (h *hashObject) add(s *State, item []byte) bool {
	n, w := binary.Uvarint(item)
	if w <= 0 || n > uint64(len(item)-w) {
		return false
	}
	if !h.table {
		h.t.Append(item)
		return true
	}
	field := item[w : w+int(n)]
	pos, old := h.find(s, field)
	if old == nil {
		h.insert(s, pos, field, item[w+int(n):])
	}
	return old == nil
}

// pair cuts an item into field and value.
func (h *hashObject) pair(item []byte) (field, value []byte) {
	if h.table {
		item = item[hashSize:]
	}
	return cutField(item)
}

// cutField cuts what begins with a length.
func cutField(b []byte) (field, rest []byte) {
	n, w := binary.Uvarint(b)
	end := w + int(n)
	return b[w:end:end], b[end:]
}

// find returns the item of a field and its position; without such a field the
// item is nil, and the position is where it belongs.
func (h *hashObject) find(s *State, field []byte) (pos int, item []byte) {
	if h.table {
		probe := s.appendProbe(s.scratch[:0], field)
		s.keepScratch(probe)
		if pos, item = h.t.Seek(probe); !bytes.HasPrefix(item, probe) {
			item = nil
		}
		return pos, item
	}
	for item := range h.t.Forward(0) {
		if f, _ := cutField(item); bytes.Equal(f, field) {
			return pos, item
		}
		pos++
	}
	return pos, nil
}

// get returns the value of a field, nil if there is none.
func (h *hashObject) get(s *State, field []byte) []byte {
	if h == nil {
		return nil
	}
	_, item := h.find(s, field)
	if item == nil {
		return nil
	}
	_, value := h.pair(item)
	return value
}

// at returns a field with its value by position.
func (h *hashObject) at(i int) (field, value []byte) { return h.pair(h.t.At(i)) }

// all returns the fields with their values from a position on.
func (h *hashObject) all(from int) iter.Seq2[[]byte, []byte] {
	return func(yield func(field, value []byte) bool) {
		for item := range h.t.Forward(from) {
			if !yield(h.pair(item)) {
				return
			}
		}
	}
}

// set gives a field a value, and is true if the field is new.
func (h *hashObject) set(s *State, field, value []byte) bool {
	if !h.table && s.limits.exceeded(hashMaxValue, len(field), len(value)) {
		h.makeTable(s)
	}
	pos, old := h.find(s, field)
	if old != nil {
		h.t.Replace(pos, h.item(s, field, value))
		return false
	}
	h.insert(s, pos, field, value)
	if !h.table && s.limits.exceeded(hashMaxEntries, h.t.Len()) {
		h.makeTable(s)
	}
	return true
}

func (h *hashObject) insert(s *State, pos int, field, value []byte) {
	h.t.Insert(pos, h.item(s, field, value))
}

// item makes an item in the scratch of the state.
func (h *hashObject) item(s *State, field, value []byte) []byte {
	b := s.scratch[:0]
	if h.table {
		b = s.appendProbe(b, field)
	} else {
		b = appendField(b, field)
	}
	b = append(b, value...)
	s.keepScratch(b)
	return b
}

// remove deletes a field, and is true if there was one.
func (h *hashObject) remove(s *State, field []byte) bool {
	pos, item := h.find(s, field)
	if item == nil {
		return false
	}
	h.t.Delete(pos)
	return true
}

// makeTable makes a small hash a large one.
func (h *hashObject) makeTable(s *State) {
	table := &hashObject{table: true}
	for field, value := range h.all(0) {
		pos, _ := table.find(s, field)
		table.insert(s, pos, field, value)
	}
	*h = hashObject{table.t, true}
}
