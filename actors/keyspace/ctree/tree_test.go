package ctree

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// check checks what must hold in every tree, and that it has the items of want.
func check(t interface {
	Helper()
	Fatalf(string, ...any)
}, tree *Tree, want [][]byte) {
	t.Helper()
	size := int64(0)
	for _, item := range want {
		size += int64(len(item))
	}
	if tree.Len() != len(want) || tree.Bytes() != size {
		t.Fatalf("%d items of %d bytes, want %d of %d", tree.Len(), tree.Bytes(), len(want), size)
	}
	got := slices.Collect(tree.Forward(0))
	for i := range want {
		if !bytes.Equal(got[i], want[i]) {
			t.Fatalf("item %d is %.40q, want %.40q", i, got[i], want[i])
		}
	}
	if tree.root != nil {
		checkNode(t, tree.root, tree.root)
	}
}

// checkNode returns the height of n.
func checkNode(t interface {
	Helper()
	Fatalf(string, ...any)
}, n, root *node) int {
	t.Helper()
	if n.inner == nil {
		if n.n == 0 || n.n > maxItems || n.weight() > maxPage || n.weight() > int(n.page.size) {
			t.Fatalf("leaf of %d items, weight %d in %d bytes", n.n, n.weight(), int(n.page.size))
		}
		return 0
	}
	if len(n.kids) == 0 || len(n.kids) > maxKids || n == root && len(n.kids) == 1 {
		t.Fatalf("node of %d children", len(n.kids))
	}
	height, count, size := 0, 0, int64(0)
	for i, k := range n.kids {
		h := checkNode(t, k.node, root)
		if i > 0 && h != height {
			t.Fatalf("children of heights %d and %d", h, height)
		}
		height = h
		if k.count != k.node.len() || k.key != keyOf(k.node.first()) {
			t.Fatalf("child %d: %d items from %x on, is %d from %x on", i, k.count, k.key, k.node.len(), keyOf(k.node.first()))
		}
		count += k.count
		size += k.node.size()
	}
	if n.count != count || n.bytes != size {
		t.Fatalf("node of %d items, %d bytes; counted %d, %d", count, size, n.count, n.bytes)
	}
	return height + 1
}

// drawItem makes items short, at the limits and beyond them.
func drawItem(t *rapid.T) []byte {
	n := rapid.OneOf(rapid.IntRange(0, 20), rapid.IntRange(0, 200),
		rapid.SampledFrom([]int{maxInline, maxInline + 1, 5000})).Draw(t, "length")
	return bytes.Repeat(rapid.SliceOfN(rapid.Byte(), 1, 5).Draw(t, "item"), n+1)[:n]
}

// A tree does what a slice does, and a clone does not see what happens to the
// tree after it, nor the tree what happens to the clone.
func TestTreeIsASlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type pair struct {
			tree  *Tree
			items [][]byte
		}
		all := []*pair{{tree: &Tree{}}}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			p := all[rapid.IntRange(0, len(all)-1).Draw(t, "which")]
			n := len(p.items)
			pos := rapid.OneOf(rapid.IntRange(0, n), rapid.Just(0), rapid.Just(n)).Draw(t, "pos")
			switch rapid.IntRange(0, 6).Draw(t, "step") {
			case 0, 1, 2:
				item := drawItem(t)
				for range rapid.IntRange(1, 300).Draw(t, "times") {
					item = append(slices.Clone(item), 'x')[len(item)/60:]
					p.tree.Insert(pos, item)
					p.items = slices.Insert(p.items, pos, item)
					pos = min(pos+rapid.IntRange(0, 2).Draw(t, "on"), len(p.items))
				}
			case 3:
				to := rapid.IntRange(pos, n).Draw(t, "to")
				p.tree.DeleteRange(pos, to)
				p.items = slices.Delete(p.items, pos, to)
			case 4:
				for range rapid.IntRange(0, n-pos).Draw(t, "times") {
					p.tree.Delete(pos)
					p.items = slices.Delete(p.items, pos, pos+1)
				}
			case 5:
				for ; pos < n; pos += rapid.IntRange(1, 50).Draw(t, "on") {
					item := drawItem(t)
					p.tree.Replace(pos, item)
					p.items[pos] = item
				}
			case 6:
				c := p.tree.Clone()
				all = append(all, &pair{&c, slices.Clone(p.items)})
			}
			check(t, p.tree, p.items)
		}
		for _, p := range all {
			check(t, p.tree, p.items)
			for i, item := range p.items {
				if !bytes.Equal(p.tree.At(i), item) {
					t.Fatalf("at %d: %.40q, want %.40q", i, p.tree.At(i), item)
				}
			}
		}
	})
}

// In a tree in byte order Seek finds where every item is and where others belong.
func TestSeek(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tree Tree
		var items [][]byte
		prefix := rapid.SampledFrom([]string{"", "same beginning", "\x00\x00"}).Draw(t, "prefix")
		width := rapid.SampledFrom([]int{1, 3, 30, 600}).Draw(t, "width")
		draw := func() []byte {
			return fmt.Appendf(nil, "%s%0*d", prefix, width, rapid.IntRange(0, 3000).Draw(t, "n"))
		}
		for range rapid.IntRange(0, 1500).Draw(t, "items") {
			item := draw()
			at, found := slices.BinarySearchFunc(items, item, bytes.Compare)
			pos, got := tree.Seek(item)
			if pos != at || bytes.Equal(got, item) != found || got == nil != (at == len(items)) {
				t.Fatalf("%q at %d (%q), want %d, %v", item, pos, got, at, found)
			}
			switch {
			case !found:
				tree.Insert(at, item)
				items = slices.Insert(items, at, item)
			case rapid.Bool().Draw(t, "delete"):
				tree.Delete(at)
				items = slices.Delete(items, at, at+1)
			}
		}
		check(t, &tree, items)
	})
}

func TestWalks(t *testing.T) {
	var tree Tree
	if n := len(slices.Collect(tree.Forward(0))) + len(slices.Collect(tree.Backward(-1))); n != 0 {
		t.Fatalf("%d items in an empty tree", n)
	}
	const n = 10_000
	for i := range n {
		tree.Append(fmt.Append(nil, i))
	}
	for _, from := range []int{0, 1, 77, 5000, n - 1, n} {
		i := from
		for item := range tree.Forward(from) {
			if string(item) != fmt.Sprint(i) {
				t.Fatalf("from %d: %s, want %d", from, item, i)
			}
			i++
		}
		if i != n {
			t.Errorf("from %d: ended at %d", from, i)
		}
		i = from - 1
		for item := range tree.Backward(from - 1) {
			if string(item) != fmt.Sprint(i) {
				t.Fatalf("back from %d: %s, want %d", from, item, i)
			}
			i--
		}
		if i != -1 {
			t.Errorf("back from %d: ended at %d", from, i)
		}
	}
	for item := range tree.Backward(n - 1) {
		if string(item) == "123" {
			break
		}
	}
}

// Leaves that grow at an end are full, and so little is lost wherever items come.
func TestMemoryOfALeafIsUsed(t *testing.T) {
	orders := map[string]func(*Tree, []byte){
		"at the end":   func(t *Tree, item []byte) { t.Append(item) },
		"at the start": func(t *Tree, item []byte) { t.Insert(0, item) },
		"anywhere":     func(t *Tree, item []byte) { t.Insert(int(keyOf(item)%uint64(t.Len()+1)), item) },
	}
	for name, insert := range orders {
		var tree Tree
		for i := range 50_000 {
			insert(&tree, fmt.Appendf(nil, "%014d", i*7919%100_003))
		}
		var held int64
		leaves := 0
		var walk func(n *node)
		walk = func(n *node) {
			if n.inner == nil {
				leaves++
				held += int64(n.page.size)
				return
			}
			for _, k := range n.kids {
				walk(k.node)
			}
		}
		walk(tree.root)
		if used := tree.Bytes() + 2*int64(tree.Len()); held > used*6/5 {
			t.Errorf("%s: %d bytes in %d leaves hold %d", name, held, leaves, used)
		}
		if most := tree.Len() / 60; leaves > most {
			t.Errorf("%s: %d leaves, want up to %d", name, leaves, most)
		}
	}
}

// A clone copies a path for a change, not the tree.
func TestChangeOfACloneCopiesLittle(t *testing.T) {
	var tree Tree
	for i := range 200_000 {
		tree.Append(fmt.Appendf(nil, "%010d", i))
	}
	n := testing.AllocsPerRun(10, func() {
		c := tree.Clone()
		c.Replace(100_000, []byte("something else"))
		c.Delete(5)
	})
	if n > 40 {
		t.Errorf("%.0f allocations", n)
	}
}

// The page of the root has all items of a small tree, and there is none of an empty or a large one.
func TestRootPage(t *testing.T) {
	var tree Tree
	if page := tree.Root().Page(); page != nil {
		t.Errorf("an empty tree has %q", page)
	}
	tree.Append([]byte("one"))
	tree.Append([]byte("two"))
	if page := string(tree.Root().Page()); !strings.HasPrefix(page, "onetwo") {
		t.Errorf("%q", page)
	}
	for range 10_000 {
		tree.Append([]byte("many"))
	}
	if page := tree.Root().Page(); page != nil {
		t.Errorf("a large tree has %q", page)
	}
}
