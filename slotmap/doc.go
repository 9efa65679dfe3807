// Package slotmap knows which slot a key falls into, which shard owns a slot,
// and which nodes make up a shard. Everything in it is a pure value: no actor,
// socket, clock or random source.
//
// # Slots
//
// The key space is cut into 16384 slots. Slot hashes a key by CRC16/XMODEM,
// or only its hash tag: the part between the first '{' and the first '}' after
// it, if that part is not empty. A shard is a Raft group that owns slots.
//
// # The map
//
// A Map says slot -> shard with the epoch of that claim, and shard -> members
// (by the log index of the configuration) and leader (by term). It is what
// nodes tell each other by gossip, thus a hint: a wrong map costs a redirect
// and never a wrong answer, since each shard checks ownership in its own log.
//
// Nodes hear of changes in any order, twice, or not at all, so Merge is the
// join of a semilattice: commutative, associative and idempotent. Each part of
// a map is a register in which the greater value wins:
//
//	slot       (epoch, shard)
//	members    (membership index, members)
//	leader     (term, replica id)
//
// The second half of each pair only breaks ties that a correct cluster never
// produces, except that a known leader beats none (0) of the same term. A map
// that would name more than MaxShards shards keeps those of the lowest ids,
// which preserves all three laws.
//
// A Map has one canonical form (runs ordered and maximal, shards by id, members
// by replica id), so equal content means equal bytes and an equal Digest, in
// whatever order it was learnt.
//
// # Ownership, failure
//
// A Map is immutable and safe for use by any number of goroutines; nil is the
// empty map. Slices that it returns are its own and must not be changed; those
// passed in are copied. DecodeMap and DecodeDelta take bytes from anyone: they
// fail with an error that wraps ErrInvalid or one of package pack, and never
// allocate more than a small multiple of the input.
//
// Units: slots are 0..16383; epochs, indexes and terms count from 1, 0 meaning
// that nothing is known.
package slotmap
