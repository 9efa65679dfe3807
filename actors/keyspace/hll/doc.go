// Package hll counts distinct elements about right in little room: HyperLogLog
// as Redis keeps it in a string, so that the bytes can go from one to the other.
//
// # The idea
//
// Each element is hashed. Fourteen bits of the hash choose one of 16,384
// registers, and the register keeps the longest run of zeros that the other bits
// ever began with, plus one. How many elements there were is estimated from the
// registers, with a standard error of 0.81 %, by the method of Otmar Ertl,
// "New cardinality estimation algorithms for HyperLogLog sketches" (2017).
//
// # The bytes
//
//	"HYLL"        magic
//	encoding      0 dense, 1 sparse
//	3 bytes       not used
//	8 bytes       estimate, little endian; invalid if its highest bit is set
//	registers
//
// Dense registers are 6 bits each, from the lowest bit of the first byte on.
// Sparse ones are runs of equal registers, which must come to 16,384 in all:
//
//	00nnnnnn            n+1 zeros
//	01nnnnnn nnnnnnnn   n+1 zeros
//	1vvvvvnn            n+1 registers of value v+1
//
// # Hostile bytes
//
// A client can write any bytes into a string. Those that are no sketch are
// recognised (Is), and those that claim to be one and are not make Valid, Merge
// and Estimate false; nothing is read or written outside of them.
//
// The package is pure, and its results are the same on every machine: products
// are rounded before they are added, so that no machine may fuse the two.
package hll
