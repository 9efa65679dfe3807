package keyspace

const (
	publishFlags   = FlagPubSub | FlagLoading | FlagStale | FlagFast | FlagMayReplicate
	subscribeFlags = FlagPubSub | FlagNoScript | FlagLoading | FlagStale
)

// Pub/sub is the session's: channels are no keys, though those of one shard are found as keys are.
var pubsubCommands = []Command{
	{Name: "psubscribe", Arity: -2, Flags: subscribeFlags, Since: "2.0.0", Complexity: "O(N) of the patterns",
		Summary: "Listens to all channels whose names match."},
	{Name: "publish", Arity: 3, Flags: publishFlags, Since: "2.0.0", Complexity: "O(N) of the subscribers and of all patterns",
		Summary: "Sends a message to the subscribers of a channel, on all nodes."},
	{Name: "pubsub", Arity: -2, Since: "2.8.0", Complexity: bySub,
		Summary: "Tells of the channels that this node has subscribers of.", Subs: pubsubSubs},
	{Name: "punsubscribe", Arity: -1, Flags: subscribeFlags, Since: "2.0.0", Complexity: "O(N) of the patterns",
		Summary: "Ends PSUBSCRIBE, of all patterns by default."},
	{Name: "spublish", Arity: 3, Flags: publishFlags, place: Node, KeySpecs: keyAt(1, KeyNotKey), Since: "7.0.0",
		Complexity: "O(N) of the subscribers",
		Summary:    "Sends a message to the subscribers of a shard channel."},
	{Name: "ssubscribe", Arity: -2, Flags: subscribeFlags, place: Node, KeySpecs: keyRange(1, -1, 1, KeyNotKey), Since: "7.0.0",
		Complexity: "O(N) of the channels",
		Summary:    "Listens to shard channels, where their slot is served."},
	{Name: "subscribe", Arity: -2, Flags: subscribeFlags, Since: "2.0.0", Complexity: "O(N) of the channels",
		Summary: "Listens to channels."},
	{Name: "sunsubscribe", Arity: -1, Flags: subscribeFlags, place: Node, KeySpecs: keyRange(1, -1, 1, KeyNotKey), Since: "7.0.0",
		Complexity: "O(N) of the channels",
		Summary:    "Ends SSUBSCRIBE, of all channels by default."},
	{Name: "unsubscribe", Arity: -1, Flags: subscribeFlags, Since: "2.0.0", Complexity: "O(N) of the channels",
		Summary: "Ends SUBSCRIBE, of all channels by default."},
}

const pubsubFlags = FlagPubSub | FlagLoading | FlagStale

var pubsubSubs = []*Command{
	{Name: "channels", Arity: -2, Flags: pubsubFlags, Since: "2.8.0", Complexity: "O(N) of the channels", Args: "[<pattern>]",
		Summary: "Answers the channels that match and have subscribers."},
	{Name: "help", Arity: 2, Flags: FlagLoading | FlagStale, Since: "6.2.0", Complexity: "O(1)",
		Summary: helpSummary},
	{Name: "numpat", Arity: 2, Flags: pubsubFlags, Since: "2.8.0", Complexity: "O(1)",
		Summary: "Answers how many patterns have subscribers."},
	{Name: "numsub", Arity: -2, Flags: pubsubFlags, Since: "2.8.0", Complexity: "O(N) of the channels", Args: "[<channel> ...]",
		Summary: "Answers how many subscribers channels have, without those of patterns."},
	{Name: "shardchannels", Arity: -2, Flags: pubsubFlags, Since: "7.0.0", Complexity: "O(N) of the channels", Args: "[<pattern>]",
		Summary: "Answers the shard channels that match and have subscribers."},
	{Name: "shardnumsub", Arity: -2, Flags: pubsubFlags, Since: "7.0.0", Complexity: "O(N) of the channels", Args: "[<channel> ...]",
		Summary: "Answers how many subscribers shard channels have."},
}
