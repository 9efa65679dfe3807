// Package ctree holds sequences of byte strings of any length: the elements of
// Redis's collections.
//
// A Tree is a counted B-tree that copies on write. An item is found by its
// position or, if the items are kept in byte order, by its beginning; both take
// O(log n), and so do insertion and removal anywhere. Clone takes O(1): the two
// trees share their nodes, and each copies those that it changes. A snapshot
// can therefore read a million elements at its leisure while commands change
// them, and to drop a tree costs nothing but the garbage collector's work.
//
// # Order
//
// A Tree does not know an order: Insert puts an item where it is told. Whoever
// wants one writes items so that their byte order is the order wanted (integers
// and scores in big-endian form with the sign turned, a hash before a member),
// inserts each where Seek says, and then Seek finds it. Without an order a Tree
// is a list.
//
// # Memory
//
// A leaf keeps its items one behind the other in a single allocation without
// pointers; an item costs two bytes beside its own, and what allocation rounds
// up. Items longer than 512 bytes are kept apart, are never changed, and are
// shared by clones.
//
// # What depends on content alone
//
// All that a Tree answers depends on its items and nothing else: two trees with
// the same items answer the same whatever they went through.
//
// The package keeps no state. A Tree belongs to one goroutine at a time; its
// clones may belong to others.
package ctree
