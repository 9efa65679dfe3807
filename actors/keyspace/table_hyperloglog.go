package keyspace

var hyperloglogCommands = []Command{
	{Name: "pfadd", Arity: -2, Flags: FlagWrite | FlagDenyOOM | FlagFast, Categories: CatHyperLogLog,
		KeySpecs: keyAt(1, KeyRW|KeyInsert), Since: "2.8.9", Complexity: "O(1) for each element",
		Summary: "Counts elements, and answers whether the estimate of distinct ones may have changed."},
	{Name: "pfcount", Arity: -2, Flags: FlagReadOnly | FlagMayReplicate, Categories: CatHyperLogLog,
		KeySpecs: keyRange(1, -1, 1, KeyRW|KeyAccess), Since: "2.8.9", Complexity: "O(N) of the keys",
		Summary: "Estimates how many distinct elements were counted, under all keys together."},
	{Name: "pfdebug", Arity: 3, Flags: FlagWrite | FlagDenyOOM | FlagAdmin, Categories: CatHyperLogLog,
		KeySpecs: keyAt(2, KeyRW|KeyAccess), Since: "2.8.9", Complexity: "O(1)",
		System: true, Summary: "Shows how a count of distinct elements is kept."},
	{Name: "pfmerge", Arity: -2, Flags: FlagWrite | FlagDenyOOM, Categories: CatHyperLogLog,
		KeySpecs: append(keyAt(1, KeyRW|KeyAccess|KeyInsert), keyRange(2, -1, 1, readKey)...), Since: "2.8.9",
		Complexity: "O(N) of the keys",
		Summary:    "Joins counts of distinct elements into one."},
	{Name: "pfselftest", Arity: 1, Flags: FlagAdmin, Categories: CatHyperLogLog, Since: "2.8.9",
		Complexity: "O(1)", System: true,
		Summary: "Tests how distinct elements are counted."},
}
