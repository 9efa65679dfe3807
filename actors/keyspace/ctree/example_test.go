package ctree_test

import (
	"fmt"

	"github.com/troupedb/troupe/actors/keyspace/ctree"
)

// Items are kept in order by inserting each where Seek says. A clone is made in O(1), and does not see what happens to
// the tree afterwards.
func Example() {
	var t ctree.Tree
	for _, item := range []string{"pear", "apple", "quince"} {
		pos, _ := t.Seek([]byte(item))
		t.Insert(pos, []byte(item))
	}
	before := t.Clone()
	t.Delete(0)

	for item := range before.Forward(0) {
		fmt.Printf("%s ", item)
	}
	fmt.Println(before.Len())
	pos, item := t.Seek([]byte("q"))
	fmt.Printf("%d of %d: %s\n", pos, t.Len(), item)
	// Output:
	// apple pear quince 3
	// 1 of 2: quince
}
