package keyspace

import "github.com/troupedb/troupe/wire/resp"

var bitmapCommands = []Command{
	{Name: "bitcount", Arity: -2, Flags: FlagReadOnly, Categories: CatBitmap,
		KeySpecs: keyAt(1, readKey), Since: "2.6.0", Complexity: "O(N) of the bytes looked at",
		Summary: "Answers how many bits of a string are set."},
	{Name: "bitfield", Arity: -2, Flags: FlagWrite | FlagDenyOOM, Categories: CatBitmap,
		KeySpecs: keyAt(1, changeKey|KeyVariableFlags), keyFlags: bitfieldKeyFlags, Since: "3.2.0",
		Complexity: "O(1) for each operation",
		Summary:    "Reads, sets and increments integers of any width in a string."},
	{Name: "bitfield_ro", Arity: -2, Flags: FlagReadOnly | FlagFast, Categories: CatBitmap,
		KeySpecs: keyAt(1, readKey), Since: "6.0.0", Complexity: "O(1) for each operation",
		Summary: "Reads integers of any width in a string."},
	{Name: "bitop", Arity: -4, Flags: FlagWrite | FlagDenyOOM, Categories: CatBitmap,
		KeySpecs: append(keyAt(2, KeyOW|KeyUpdate), keyRange(3, -1, 1, readKey)...), Since: "2.6.0",
		Complexity: "O(N) of all bytes",
		Summary:    "Combines the bits of strings and stores the result."},
	{Name: "bitpos", Arity: -3, Flags: FlagReadOnly, Categories: CatBitmap,
		KeySpecs: keyAt(1, readKey), Since: "2.8.7", Complexity: "O(N) of the bytes looked at",
		Summary: "Answers the position of the first bit that is set, or not set."},
	{Name: "getbit", Arity: 3, Flags: FlagReadOnly | FlagFast, Categories: CatBitmap,
		KeySpecs: keyAt(1, readKey), Since: "2.2.0", Complexity: "O(1)",
		Summary: "Answers a bit of a string."},
	{Name: "setbit", Arity: 4, Flags: FlagWrite | FlagDenyOOM, Categories: CatBitmap,
		KeySpecs: keyAt(1, changeKey), Since: "2.2.0", Complexity: "O(1), but for the bytes that the string grows by",
		Summary: "Sets a bit of a string, making the string as long as needed, and answers what it was."},
}

// bitfieldKeyFlags: BITFIELD that only reads is known by its operations.
func bitfieldKeyFlags(args [][]byte) KeyFlags {
	for i := 2; i < len(args); i++ {
		switch more := len(args) - i - 1; {
		case resp.Is(args[i], "get") && more >= 2:
			i += 2
		case resp.Is(args[i], "overflow") && more >= 1:
			i++
		default:
			return changeKey
		}
	}
	return readKey
}
