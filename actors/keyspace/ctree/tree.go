package ctree

import (
	"iter"
	"sync/atomic"
)

// Tree is a sequence of items, byte strings of up to 4 GiB. The zero value is
// empty. A Tree must not be copied but by Clone.
//
// An item that is returned belongs to the tree: it must not be changed, and is
// valid until the tree is changed next.
type Tree struct {
	root  *node
	owner uint64
}

// owners numbers those who may change a node. The numbers mean nothing but who is who.
var owners atomic.Uint64

// Clone returns a tree with the same items, in O(1).
func (t *Tree) Clone() Tree {
	t.owner = owners.Add(1)
	return Tree{t.root, owners.Add(1)}
}

// Len returns the number of items.
func (t *Tree) Len() int {
	if t.root == nil {
		return 0
	}
	return t.root.len()
}

// Bytes returns the sum of the lengths of all items.
func (t *Tree) Bytes() int64 {
	if t.root == nil {
		return 0
	}
	return t.root.size()
}

// Root is the root of a tree, for who touches in good time what a look-up will read.
type Root struct{ n *node }

// Root reads nothing but t.
func (t *Tree) Root() Root { return Root{t.root} }

// Page returns where the items of a root without children are, nil if there are none; it reads nothing but the root.
func (r Root) Page() []byte {
	if r.n == nil || r.n.inner != nil || r.n.data == nil {
		return nil
	}
	return r.n.buf()
}

// Size estimates the memory of the tree in bytes, by Len and Bytes alone.
func (t *Tree) Size() int64 {
	const (
		nodes = 64 // the root and what allocation rounds up
		spare = 8  // one part of so many is room to grow, and inner nodes
	)
	if t.root == nil {
		return 0
	}
	used := t.Bytes() + endSize*int64(t.Len())
	return nodes + used + used/spare
}

// At returns the item at position i. REQUIRES: 0 <= i < Len.
func (t *Tree) At(i int) []byte {
	n := t.root
	for n.inner != nil {
		k, at := n.find(i)
		n, i = n.kids[k].node, at
	}
	return n.item(i)
}

// Seek returns how many items are less than probe in byte order, and the first
// that is not, nil if there is none. REQUIRES: the items are in byte order.
func (t *Tree) Seek(probe []byte) (pos int, item []byte) {
	if t.root == nil {
		return 0, nil
	}
	pos, item = t.root.seek(probe)
	if item == nil && pos < t.Len() {
		item = t.At(pos)
	}
	return pos, item
}

// Insert puts a copy of item before the one at position i, behind the last one
// if i is Len. REQUIRES: 0 <= i <= Len.
func (t *Tree) Insert(i int, item []byte) {
	if t.root == nil {
		t.root = &node{owner: t.owner}
	}
	t.root = t.root.owned(t.owner)
	if right := t.root.insert(i, item, edges{true, true}); right != nil {
		root := &node{owner: t.owner, inner: &inner{kids: []kid{kidOf(t.root), kidOf(right)}}}
		root.sum()
		t.root = root
	}
}

// Append puts a copy of item behind the last one.
func (t *Tree) Append(item []byte) { t.Insert(t.Len(), item) }

// Replace puts a copy of item in the place of the one at position i.
// REQUIRES: 0 <= i < Len.
func (t *Tree) Replace(i int, item []byte) {
	t.root = t.root.owned(t.owner)
	if !t.root.replace(i, item) {
		t.Delete(i)
		t.Insert(i, item)
	}
}

// Delete takes the item at position i out. REQUIRES: 0 <= i < Len.
func (t *Tree) Delete(i int) { t.DeleteRange(i, i+1) }

// DeleteRange takes the items from position i up to j out.
// REQUIRES: 0 <= i <= j <= Len.
func (t *Tree) DeleteRange(i, j int) {
	switch {
	case i == j:
		return
	case j-i == t.Len():
		t.root = nil
		return
	}
	t.root = t.root.owned(t.owner)
	t.root.remove(i, j)
	for t.root.inner != nil && len(t.root.kids) == 1 {
		t.root = t.root.kids[0].node
	}
}

// Forward returns the items from position i on. REQUIRES: 0 <= i <= Len.
func (t *Tree) Forward(i int) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if t.root != nil {
			t.root.forward(i, yield)
		}
	}
}

// Backward returns the items from position i on towards the first.
// REQUIRES: -1 <= i < Len.
func (t *Tree) Backward(i int) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if i >= 0 {
			t.root.backward(i, yield)
		}
	}
}
