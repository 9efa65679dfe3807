package keyspace

// Each kind of use that string commands make of a key.
const (
	readKey   = KeyRO | KeyAccess
	changeKey = KeyRW | KeyAccess | KeyUpdate
)

var stringCommands = []Command{
	{Name: "append", Arity: 3, Flags: FlagWrite | FlagDenyOOM | FlagFast, Categories: CatString,
		KeySpecs: keyAt(1, KeyRW|KeyInsert), Since: "2.0.0", Complexity: "O(1), amortized",
		Summary: "Adds bytes at the end of a string, making it when there is none."},
	{Name: "decr", Arity: 2, Flags: FlagWrite | FlagDenyOOM | FlagFast, Categories: CatString,
		KeySpecs: keyAt(1, changeKey), Since: "1.0.0", Complexity: "O(1)",
		Summary: "Takes one from an integer; an absent key counts as 0."},
	{Name: "decrby", Arity: 3, Flags: FlagWrite | FlagDenyOOM | FlagFast, Categories: CatString,
		KeySpecs: keyAt(1, changeKey), Since: "1.0.0", Complexity: "O(1)",
		Summary: "Takes a number from an integer; an absent key counts as 0."},
	{Name: "get", Arity: 2, Flags: FlagReadOnly | FlagFast, Categories: CatString,
		KeySpecs: keyAt(1, readKey), Since: "1.0.0", Complexity: "O(1)",
		Summary: "Answers a string."},
	{Name: "getdel", Arity: 2, Flags: FlagWrite | FlagFast, Categories: CatString,
		KeySpecs: keyAt(1, KeyRW|KeyAccess|KeyDelete), Since: "6.2.0", Complexity: "O(1)",
		Summary: "Answers a string and deletes its key."},
	{Name: "getex", Arity: -2, Flags: FlagWrite | FlagFast, Categories: CatString,
		KeySpecs: keyAt(1, changeKey), Since: "6.2.0", Complexity: "O(1)",
		Summary: "Answers a string and sets or removes the expiry of its key."},
	{Name: "getrange", Arity: 4, Flags: FlagReadOnly, Categories: CatString,
		KeySpecs: keyAt(1, readKey), Since: "2.4.0", Complexity: "O(N) of the bytes answered",
		Summary: "Answers a part of a string."},
	{Name: "getset", Arity: 3, Flags: FlagWrite | FlagDenyOOM | FlagFast, Categories: CatString,
		KeySpecs: keyAt(1, changeKey), Since: "1.0.0", Complexity: "O(1)",
		Deprecated: "6.2.0", ReplacedBy: "`SET` with `GET`",
		Summary: "Sets a string and answers what it was."},
	{Name: "incr", Arity: 2, Flags: FlagWrite | FlagDenyOOM | FlagFast, Categories: CatString,
		KeySpecs: keyAt(1, changeKey), Since: "1.0.0", Complexity: "O(1)",
		Summary: "Adds one to an integer; an absent key counts as 0."},
	{Name: "incrby", Arity: 3, Flags: FlagWrite | FlagDenyOOM | FlagFast, Categories: CatString,
		KeySpecs: keyAt(1, changeKey), Since: "1.0.0", Complexity: "O(1)",
		Summary: "Adds a number to an integer; an absent key counts as 0."},
	{Name: "incrbyfloat", Arity: 3, Flags: FlagWrite | FlagDenyOOM | FlagFast, Categories: CatString,
		KeySpecs: keyAt(1, changeKey), Since: "2.6.0", Complexity: "O(1)",
		Summary: "Adds a floating point number; an absent key counts as 0."},
	{Name: "lcs", Arity: -3, Flags: FlagReadOnly, Categories: CatString,
		KeySpecs: keyRange(1, 1, 1, readKey), Since: "7.0.0", Complexity: "O(N*M) of the two lengths",
		Summary: "Finds the longest common subsequence of two strings."},
	{Name: "mget", Arity: -2, Flags: FlagReadOnly | FlagFast, Categories: CatString, Tips: []string{multiShard},
		KeySpecs: keyRange(1, -1, 1, readKey), Since: "1.0.0", Complexity: "O(N) of the keys",
		Summary: "Answers several strings at once."},
	{Name: "mset", Arity: -3, Flags: FlagWrite | FlagDenyOOM, Categories: CatString,
		Tips:     []string{multiShard, allSucceeded},
		KeySpecs: keyRange(1, -1, 2, KeyOW|KeyUpdate), Since: "1.0.1", Complexity: "O(N) of the keys",
		Summary: "Sets several strings at once."},
	{Name: "msetnx", Arity: -3, Flags: FlagWrite | FlagDenyOOM, Categories: CatString,
		KeySpecs: keyRange(1, -1, 2, KeyOW|KeyInsert), Since: "1.0.1", Complexity: "O(N) of the keys",
		Summary: "Sets several strings, only if none of the keys exists."},
	{Name: "psetex", Arity: 4, Flags: FlagWrite | FlagDenyOOM, Categories: CatString,
		KeySpecs: keyAt(1, KeyOW|KeyUpdate), Since: "2.6.0", Complexity: "O(1)",
		Deprecated: "2.6.12", ReplacedBy: "`SET` with `PX`",
		Summary: "Sets a string that expires after milliseconds."},
	{Name: "set", Arity: -3, Flags: FlagWrite | FlagDenyOOM, Categories: CatString,
		KeySpecs: keyAt(1, changeKey|KeyVariableFlags), keyFlags: setKeyFlags, Since: "1.0.0", Complexity: "O(1)",
		Summary: "Sets a string, whatever the key held; on condition and with an expiry if asked."},
	{Name: "setex", Arity: 4, Flags: FlagWrite | FlagDenyOOM, Categories: CatString,
		KeySpecs: keyAt(1, KeyOW|KeyUpdate), Since: "2.0.0", Complexity: "O(1)",
		Deprecated: "2.6.12", ReplacedBy: "`SET` with `EX`",
		Summary: "Sets a string that expires after seconds."},
	{Name: "setnx", Arity: 3, Flags: FlagWrite | FlagDenyOOM | FlagFast, Categories: CatString,
		KeySpecs: keyAt(1, KeyOW|KeyInsert), Since: "1.0.0", Complexity: "O(1)",
		Deprecated: "2.6.12", ReplacedBy: "`SET` with `NX`",
		Summary: "Sets a string, only if the key does not exist."},
	{Name: "setrange", Arity: 4, Flags: FlagWrite | FlagDenyOOM, Categories: CatString,
		KeySpecs: keyAt(1, KeyRW|KeyUpdate), Since: "2.2.0", Complexity: "O(N) of the bytes written",
		Summary: "Overwrites a part of a string from an offset on, padding it with zero bytes."},
	{Name: "strlen", Arity: 2, Flags: FlagReadOnly | FlagFast, Categories: CatString,
		KeySpecs: keyAt(1, KeyRO), Since: "2.2.0", Complexity: "O(1)",
		Summary: "Answers the length of a string in bytes."},
	{Name: "substr", Arity: 4, Flags: FlagReadOnly, Categories: CatString,
		KeySpecs: keyAt(1, readKey), Since: "1.0.0", Complexity: "O(N) of the bytes answered",
		Deprecated: "2.0.0", ReplacedBy: "`GETRANGE`",
		Summary: "Answers a part of a string."},
}

// setKeyFlags: SET reads the old value only when asked to GET it.
func setKeyFlags(args [][]byte) KeyFlags {
	for i := 3; i < len(args); i++ {
		if equalFold(args[i], "get") {
			return changeKey
		}
	}
	return KeyOW | KeyUpdate
}
