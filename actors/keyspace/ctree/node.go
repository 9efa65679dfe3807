package ctree

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// maxKids bounds the children of a node.
const maxKids = 64

// node is a leaf, which has items, or an inner node, which has children. Only the
// tree that owns a node may change it.
type node struct {
	owner uint64
	page
	*inner // nil: a leaf
}

// inner is the part of a node with children.
type inner struct {
	kids  []kid
	count int   // items below
	bytes int64 // their length
}

// kid is a child with what the way to an item is chosen by.
type kid struct {
	node  *node
	key   uint64 // of its first item
	count int    // items below
}

func kidOf(n *node) kid { return kid{n, n.key(), n.len()} }

// keyOf is the beginning of an item as a number: of two keys that differ, the
// lesser belongs to the lesser item.
func keyOf(item []byte) uint64 {
	if len(item) >= 8 {
		return binary.BigEndian.Uint64(item)
	}
	var b [8]byte
	copy(b[:], item)
	return binary.BigEndian.Uint64(b[:])
}

func (n *node) key() uint64 {
	if n.inner != nil {
		return n.kids[0].key
	}
	if n.n == 0 {
		return 0
	}
	return keyOf(n.item(0))
}

// first returns the first item below.
func (n *node) first() []byte {
	for n.inner != nil {
		n = n.kids[0].node
	}
	return n.item(0)
}

func (n *node) len() int {
	if n.inner != nil {
		return n.count
	}
	return int(n.n)
}

func (n *node) size() int64 {
	if n.inner != nil {
		return n.bytes
	}
	size := int64(n.used)
	if n.large != nil {
		for _, item := range *n.large {
			size += int64(len(item))
		}
	}
	return size
}

// owned returns n, or a copy that owner may change.
func (n *node) owned(owner uint64) *node {
	if n.owner == owner {
		return n
	}
	c := &node{owner: owner}
	if n.inner == nil {
		c.page = n.page.clone()
		return c
	}
	c.inner = &inner{slices.Clone(n.kids), n.count, n.bytes}
	return c
}

// own makes child i fit for a change.
func (n *node) own(i int) *node {
	k := &n.kids[i]
	k.node = k.node.owned(n.owner)
	return k.node
}

// refresh takes over what changed below child i.
func (n *node) refresh(i int) {
	k := &n.kids[i]
	k.key, k.count = k.node.key(), k.node.len()
}

// find returns the child that has the item at pos, and its position in there.
// The position behind the last item is in the last child.
func (n *node) find(pos int) (i, at int) {
	for i = range n.kids[:len(n.kids)-1] {
		if pos < n.kids[i].count {
			return i, pos
		}
		pos -= n.kids[i].count
	}
	return len(n.kids) - 1, pos
}

// seek returns how many items below are less than probe, and the one behind
// them if it is in the same leaf.
func (n *node) seek(probe []byte) (pos int, item []byte) {
	key := keyOf(probe)
	for n.inner != nil {
		i := n.seekKid(key, probe)
		for _, k := range n.kids[:i] {
			pos += k.count
		}
		n = n.kids[i].node
	}
	i := n.search(probe)
	if i < int(n.n) {
		item = n.item(i)
	}
	return pos + i, item
}

// seekKid returns the last child whose first item is less than probe, or the first.
func (n *node) seekKid(key uint64, probe []byte) int {
	low, high := 1, len(n.kids)
	for low < high {
		mid := int(uint(low+high) / 2)
		k := &n.kids[mid]
		if k.key < key || k.key == key && bytes.Compare(k.node.first(), probe) < 0 {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low - 1
}

// edges tells which ends of the tree a node is at. A node there is not split in
// the middle: where all items are inserted at one end, nodes stay full.
type edges struct{ first, last bool }

// splitAt returns where to split a full page for an item at pos.
func (e edges) splitAt(pos int, p *page) int {
	switch {
	case e.last && pos == int(p.n):
		return pos
	case e.first && pos == 0:
		return 0
	}
	return p.middle()
}

// splitKids returns where to split n children.
func (e edges) splitKids(n int) int {
	switch {
	case e.last:
		return n - 1
	case e.first:
		return 1
	}
	return n / 2
}

// insert puts an item at pos. If n has to be split for that it returns the
// right half.
func (n *node) insert(pos int, item []byte, e edges) (right *node) {
	if n.inner != nil {
		return n.insertBelow(pos, item, e)
	}
	if n.fits(item) {
		n.page.insert(pos, item)
		return nil
	}
	at := e.splitAt(pos, &n.page)
	right = &node{owner: n.owner, page: n.page.split(at)}
	if pos < at || at == 0 {
		n.page.insert(pos, item)
	} else {
		right.page.insert(pos-at, item)
	}
	return right
}

func (n *node) insertBelow(pos int, item []byte, e edges) (right *node) {
	i, at := n.find(pos)
	e.first = e.first && i == 0
	e.last = e.last && i == len(n.kids)-1
	more := n.own(i).insert(at, item, e)
	n.refresh(i)
	n.count++
	n.bytes += int64(len(item))
	if more == nil {
		return nil
	}
	n.kids = slices.Insert(n.kids, i+1, kidOf(more))
	if len(n.kids) <= maxKids {
		return nil
	}
	return n.splitOff(e.splitKids(len(n.kids)))
}

// splitOff takes the children from at on out. REQUIRES: both halves have some.
func (n *node) splitOff(at int) (right *node) {
	right = &node{owner: n.owner, inner: &inner{kids: slices.Clone(n.kids[at:])}}
	clear(n.kids[at:])
	n.kids = n.kids[:at]
	right.sum()
	n.count -= right.count
	n.bytes -= right.bytes
	return right
}

// sum counts what is below.
func (n *node) sum() {
	n.count, n.bytes = 0, 0
	for _, k := range n.kids {
		n.count += k.count
		n.bytes += k.node.size()
	}
}

// remove takes the items from position i up to j out, but not all. REQUIRES: i < j.
func (n *node) remove(i, j int) {
	if n.inner == nil {
		n.page.remove(i, j)
		return
	}
	kept, pos := n.kids[:0], 0
	for k := range n.kids {
		kid := n.kids[k]
		from, to := max(i-pos, 0), min(j-pos, kid.count)
		pos += kid.count
		if from < to {
			n.bytes -= kid.node.size()
			if to-from == kid.count {
				continue
			}
			kid.node = kid.node.owned(n.owner)
			kid.node.remove(from, to)
			kid = kidOf(kid.node)
			n.bytes += kid.node.size()
		}
		kept = append(kept, kid)
	}
	clear(n.kids[len(kept):])
	n.kids = kept
	n.count -= j - i
	n.mend(i)
}

// mend merges the children around position pos where two neighbours are small.
func (n *node) mend(pos int) {
	near, _ := n.find(pos)
	for i := near + 1; i >= max(near-2, 0); i-- {
		if i+1 < len(n.kids) && n.kids[i].node.mergeable(n.kids[i+1].node) {
			n.own(i).merge(n.kids[i+1].node)
			n.kids = slices.Delete(n.kids, i+1, i+2)
			n.refresh(i)
		}
	}
}

// mergeable tells whether n and the node behind it should be one: there is room
// left before it must be split again.
func (n *node) mergeable(next *node) bool {
	if n.inner != nil {
		return len(n.kids)+len(next.kids) <= maxKids*3/4
	}
	return n.weight()+next.weight() <= maxPage*3/4 && n.n+next.n <= maxItems*3/4
}

// merge appends what the node behind n has.
func (n *node) merge(next *node) {
	if n.inner == nil {
		n.page.move(&next.page, 0)
		return
	}
	n.kids = append(n.kids, next.kids...)
	n.count += next.count
	n.bytes += next.bytes
}

// replace makes the item at pos another one. It is false, and nothing is
// changed but the ownership of nodes, if that does not fit where it is.
func (n *node) replace(pos int, item []byte) bool {
	if n.inner == nil {
		return n.page.replace(pos, item)
	}
	i, at := n.find(pos)
	kid := n.own(i)
	before := kid.size()
	if !kid.replace(at, item) {
		return false
	}
	n.refresh(i)
	n.bytes += kid.size() - before
	return true
}

// forward calls yield for the items from pos on until it returns false.
func (n *node) forward(pos int, yield func([]byte) bool) bool {
	if n.inner == nil {
		for i := pos; i < int(n.n); i++ {
			if !yield(n.item(i)) {
				return false
			}
		}
		return true
	}
	i, at := n.find(pos)
	for ; i < len(n.kids); i++ {
		if !n.kids[i].node.forward(at, yield) {
			return false
		}
		at = 0
	}
	return true
}

// backward calls yield for the items from pos on towards the first until it
// returns false.
func (n *node) backward(pos int, yield func([]byte) bool) bool {
	if n.inner == nil {
		for i := pos; i >= 0; i-- {
			if !yield(n.item(i)) {
				return false
			}
		}
		return true
	}
	i, at := n.find(pos)
	for ; i >= 0; i-- {
		if !n.kids[i].node.backward(at, yield) {
			return false
		}
		if i > 0 {
			at = n.kids[i-1].count - 1
		}
	}
	return true
}
