package keyspace

const transactionFlags = FlagNoScript | FlagLoading | FlagStale

var transactionCommands = []Command{
	{Name: "discard", Arity: 1, Flags: transactionFlags | FlagFast | FlagAllowBusy, Categories: CatTransaction,
		Since: "2.0.0", Complexity: "O(N) of the queued commands",
		Summary: "Drops the queued commands and ends the transaction."},
	{Name: "exec", Arity: 1, Flags: transactionFlags | FlagSkipSlowlog, Categories: CatTransaction,
		Since: "1.2.0", Complexity: "That of the queued commands",
		Summary: "Carries out the queued commands as one."},
	{Name: "multi", Arity: 1, Flags: transactionFlags | FlagFast | FlagAllowBusy, Categories: CatTransaction,
		Since: "1.2.0", Complexity: "O(1)",
		Summary: "Begins a transaction: commands are queued until EXEC."},
	{Name: "unwatch", Arity: 1, Flags: transactionFlags | FlagFast | FlagAllowBusy, Categories: CatTransaction,
		Since: "2.2.0", Complexity: "O(1)",
		Summary: "Forgets the watched keys."},
	// The session watches: it asks the shard of the keys by an operation of its own.
	{Name: "watch", Arity: -2, Flags: transactionFlags | FlagFast | FlagAllowBusy, Categories: CatTransaction,
		place: Node, KeySpecs: keyRange(1, -1, 1, KeyRO), Since: "2.2.0", Complexity: "O(N) of the keys",
		Summary: "Lets the next EXEC do nothing if one of the keys changes before it."},
}
