package keyspace

var serverCommands = []Command{
	{Name: "command", Arity: -1, Flags: FlagLoading | FlagStale, Categories: CatConnection, Tips: []string{variesInOrder},
		Since: "2.8.13", Complexity: "O(N) of all commands",
		Summary: "Describes all commands.", Subs: commandSubs},
	{Name: "config", Arity: -2, Since: "2.0.0", Complexity: bySub,
		Summary: "Reads and changes settings of the node.", Subs: configSubs},
	{Name: "dbsize", Arity: 1, Flags: FlagReadOnly | FlagFast, Categories: CatKeyspace, place: Scatter,
		Tips: []string{allShards, sumOfReplies}, Since: "1.0.0", Complexity: "O(1)",
		Summary: "Answers how many keys there are."},
	{Name: "debug", Arity: -2, Flags: FlagAdmin | FlagNoScript | FlagLoading | FlagStale, Since: "1.0.0", Complexity: bySub,
		System: true, Summary: "Serves tests of the server itself."},
	{Name: "flushall", Arity: -1, Flags: FlagWrite, Categories: CatKeyspace | CatDangerous, place: Scatter,
		Tips: []string{allShards, allSucceeded}, Since: "1.0.0", Complexity: "O(N) of all keys",
		Summary: "Deletes every key."},
	{Name: "flushdb", Arity: -1, Flags: FlagWrite, Categories: CatKeyspace | CatDangerous, place: Scatter,
		Tips: []string{allShards, allSucceeded}, Since: "1.0.0", Complexity: "O(N) of all keys",
		Summary: "Deletes every key; the same as FLUSHALL."},
	{Name: "info", Arity: -1, Flags: FlagLoading | FlagStale, Categories: CatDangerous,
		Tips: []string{varies, allShards, specialAnswer}, Since: "1.0.0", Complexity: "O(1)",
		Summary: "Tells of the node and its shards, in sections."},
	{Name: "memory", Arity: -2, Since: "4.0.0", Complexity: bySub,
		Summary: "Tells of the use of memory.", Subs: memorySubs},
	{Name: "time", Arity: 1, Flags: FlagLoading | FlagStale | FlagFast, Tips: []string{varies},
		Since: "2.6.0", Complexity: "O(1)",
		Summary: "Answers the node's time in seconds and microseconds."},
}

var commandSubs = []*Command{
	{Name: "count", Arity: 2, Flags: FlagLoading | FlagStale, Categories: CatConnection, Since: "2.8.13", Complexity: "O(1)",
		Summary: "Answers how many commands there are."},
	{Name: "docs", Arity: -2, Flags: FlagLoading | FlagStale, Categories: CatConnection, Tips: []string{variesInOrder},
		Since: "7.0.0", Complexity: "O(N) of the commands", Args: "[<command-name> ...]",
		Summary: "Answers the texts that describe commands, all of them by default."},
	{Name: "getkeys", Arity: -3, Flags: FlagLoading | FlagStale, Categories: CatConnection,
		Since: "2.8.13", Complexity: "O(N) of the arguments", Args: "<full-command>",
		Summary: "Answers the keys among the arguments of a command."},
	{Name: "getkeysandflags", Arity: -3, Flags: FlagLoading | FlagStale, Categories: CatConnection,
		Since: "7.0.0", Complexity: "O(N) of the arguments", Args: "<full-command>",
		Summary: "Answers the keys among the arguments of a command and what it does with each."},
	{Name: "help", Arity: 2, Flags: FlagLoading | FlagStale, Categories: CatConnection, Since: "5.0.0", Complexity: "O(1)",
		Summary: helpSummary},
	{Name: "info", Arity: -2, Flags: FlagLoading | FlagStale, Categories: CatConnection, Tips: []string{variesInOrder},
		Since: "2.8.13", Complexity: "O(N) of the commands", Args: "[<command-name> ...]",
		Summary: "Describes commands, all of them by default."},
	{Name: "list", Arity: -2, Flags: FlagLoading | FlagStale, Categories: CatConnection, Tips: []string{variesInOrder},
		Since: "7.0.0", Complexity: "O(N) of all commands", Args: "[FILTERBY MODULE|ACLCAT|PATTERN <value>]",
		Summary: "Answers the names of commands."},
}

const configFlags = FlagAdmin | FlagNoScript | FlagLoading | FlagStale

var configSubs = []*Command{
	{Name: "get", Arity: -3, Flags: configFlags, Since: "2.0.0", Complexity: "O(N) of the patterns", Args: "<pattern> ...",
		Summary: "Answers the settings whose names match."},
	{Name: "help", Arity: 2, Flags: FlagLoading | FlagStale, Since: "5.0.0", Complexity: "O(1)",
		Summary: helpSummary},
	{Name: "resetstat", Arity: 2, Flags: configFlags, Tips: []string{allNodes, allSucceeded},
		Since: "2.0.0", Complexity: "O(1)",
		Summary: "Sets the counters that INFO shows back to 0."},
	{Name: "set", Arity: -4, Flags: configFlags, Tips: []string{allNodes, allSucceeded},
		Since: "2.0.0", Complexity: "O(N) of the settings", Args: "<name> <value> ...",
		Summary: "Changes settings until the node stops."},
}

var memorySubs = []*Command{
	{Name: "doctor", Arity: 2, Tips: []string{varies, allShards, specialAnswer}, Since: "4.0.0", Complexity: "O(1)",
		Summary: "Says whether the use of memory looks healthy."},
	{Name: "help", Arity: 2, Flags: FlagLoading | FlagStale, Since: "4.0.0", Complexity: "O(1)",
		Summary: helpSummary},
	{Name: "usage", Arity: -3, Flags: FlagReadOnly, KeySpecs: keyAt(2, KeyRO), Since: "4.0.0",
		Complexity: "O(N) of the samples", Args: "<key> [SAMPLES <count>]",
		Summary: "Estimates the bytes that a key and its value take."},
}
