// Package rdb reads and writes the parts that a value in Redis's format is made of: lengths, strings and
// listpacks, and the seal around a value that DUMP answers and RESTORE takes.
//
// A payload is the type of the value, the value, the version of the format in two bytes and a CRC-64 of all
// that in eight. The checksum guards against accidents, not against malice: whoever reads a payload must expect
// any bytes. A Reader never allocates by a number that it read. It remembers its first error, after which it
// returns zeros, so that one look at Err is enough; what it returns may alias its input.
package rdb

// The types of values. Of those before version 10 only the plain ones and streams are read.
const (
	TypeString         = 0
	TypeList           = 1
	TypeSet            = 2
	TypeSortedSetText  = 3 // scores as text
	TypeHash           = 4
	TypeSortedSet      = 5
	TypeIntset         = 11
	TypeStream1        = 15 // without what 7.0 counts
	TypeHashPacked     = 16
	TypeSortedPacked   = 17
	TypeQuicklist      = 18
	TypeStream2        = 19
	TypeSetPacked      = 20 // since 7.2
	TypeStream3        = 21 // since 7.2
	QuicklistNodePlain = 1
	QuicklistNodePack  = 2
)
