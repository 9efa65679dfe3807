package keyspace

import (
	"encoding/binary"

	"github.com/troupedb/troupe/actors/keyspace/ctree"
)

// scanItems calls visit for items from a cursor on, about count of them, and
// returns the cursor of the next, 0 behind the last.
//
// Where items are in the order of hashes a cursor is a hash, and items of the
// same hash are visited together: so whatever is there during a whole round is
// visited, however much else comes and goes, and on whichever replica. Other
// collections are small and visited at once.
func scanItems(t *ctree.Tree, hashed bool, cursor uint64, count int64, visit func(item []byte)) uint64 {
	if !hashed {
		for item := range t.Forward(0) {
			visit(item)
		}
		return 0
	}
	if cursor > 1<<32-1 {
		return 0
	}
	from, _ := t.Seek(binary.BigEndian.AppendUint32(nil, uint32(cursor)))
	last := uint32(0)
	for item := range t.Forward(from) {
		hash := binary.BigEndian.Uint32(item)
		if count <= 0 && hash != last {
			return uint64(hash)
		}
		visit(item)
		last, count = hash, count-1
	}
	return 0
}

// emptyScan answers the scan of a key that does not exist.
func (c *call) emptyScan() {
	c.nextCursor(0)
	c.W.Array(0)
}

// bulks answers an array.
func (c *call) bulks(items [][]byte) {
	c.W.Array(len(items))
	for _, b := range items {
		c.W.Bulk(b)
	}
}
