//go:build plant

package plant

// Words match what the checkers of a simulation may say of each bug. A failure in other words is another bug,
// or a checker that guesses.
var Words = map[Bug]string{
	AckBeforeSync:     lost,
	EarlyRead:         stale,
	VoteNotSaved:      `votes for replica \d+ in term \d+, and has voted for|has two leaders`,
	AppliedTwice:      `the history .* is not linearizable|is there twice|is taken twice|there 2 times to be finished|was answered \d+, and ends at`,
	LostTail:          lost,
	LeaseRead:         stale,
	WrongSlot:         `lie in slots that the shard does not own|` + stale,
	CrossedReply:      `a reply that belongs elsewhere`,
	ErrorAfterCommit:  phantom,
	UnsyncedSnapshot:  `stops: .*snapshot`,
	EarlyMembership:   `has the members of index \d+ already|the members as of index`,
	LocalExpiry:       `the clock is \d+ at`,
	LogGap:            `the log of shard \d+: .*corrupt: .* follows`,
	StaleGossip:       `does not see every slot served|has another map`,
	UnknownRefused:    phantom,
	ImpatientFollower: stale,
	WatchIgnored:      `swap\d+: the history .* is not linearizable`,
	LeakedBudget:      `of the budget are still taken`,
	EarlyExpiry:       `brief\d+: no order`,
	LeftBehind:        `relay\d+: .*(is moved \d+ times|is there (twice|\d+ times))`,
	WrongMinimum:      `rank\d+: .* was to leave after`,
	ForgottenDelivery: `stream\d+: .*(is forgotten|found nothing)`,
	RepeatedMessage:   `channel\d+: .* is heard twice`,
	BrokenPromise:     stale,
	BlindConfirm:      stale,
}

const (
	// lost: what was acknowledged is not there, be it an entry of the log or a write.
	lost = `with a log that ends at|applied another entry|has another entry|votes for replica|reads ".*": lost|acknowledged, and (is|are) lost`
	// stale: a read does not see what was done before it.
	stale = `the history .* is not linearizable|no order of the operations explains|was over before`
	// phantom: what was refused is done. A counter tells only that it was counted up by somebody.
	phantom = `counter\d+: the history .* is not linearizable|: phantom|refused but done|was refused, and is there`
)
