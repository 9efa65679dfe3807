package slotmap_test

import (
	"fmt"

	"github.com/troupedb/troupe/slotmap"
)

// Keys with the same hash tag share a slot, and with it a shard.
func ExampleSlot() {
	for _, key := range []string{"user:1", "{user:1}:name", "{user:1}:mail"} {
		fmt.Println(key, slotmap.Slot([]byte(key)))
	}
	// Output:
	// user:1 10778
	// {user:1}:name 10778
	// {user:1}:mail 10778
}

// Two nodes have heard of different things. Whoever hears of the other's map, and in whatever order, knows the same then.
func ExampleMap_Merge() {
	founded := slotmap.New(slotmap.Even(2), nil)
	moved := slotmap.New([]slotmap.Run{{Range: slotmap.Range{First: 0, Last: 99}, Shard: 2, Epoch: 2}}, nil)

	one, _ := founded.Merge(moved)
	other, _ := moved.Merge(founded)
	fmt.Println(one.Equal(other))

	_, more := one.Merge(founded) // what is older, or known, changes nothing
	fmt.Println(more)
	for _, r := range one.Runs() {
		fmt.Printf("slots %d to %d: shard %d since epoch %d\n", r.First, r.Last, r.Shard, r.Epoch)
	}
	// Output:
	// true
	// false
	// slots 0 to 99: shard 2 since epoch 2
	// slots 100 to 8191: shard 1 since epoch 1
	// slots 8192 to 16383: shard 2 since epoch 1
}
