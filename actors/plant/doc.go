// Package plant is for bugs that are planted on purpose: a checker is worth what it would find. Each stands
// where a real one of its kind would, behind On, which is constantly false unless the program is built with
// the tag plant, so that the compiler leaves the bug out. With the tag Set chooses one by name.
package plant

// Bug names a planted bug.
type Bug string

// All are the planted bugs.
var All = []Bug{
	AckBeforeSync, EarlyRead, VoteNotSaved, AppliedTwice, LostTail, LeaseRead, WrongSlot, CrossedReply, ErrorAfterCommit,
	UnsyncedSnapshot, EarlyMembership, LocalExpiry, LogGap, StaleGossip, UnknownRefused, ImpatientFollower, WatchIgnored,
	LeakedBudget, EarlyExpiry, LeftBehind, WrongMinimum, ForgottenDelivery, RepeatedMessage,
	BrokenPromise, BlindConfirm,
}

const (
	AckBeforeSync     Bug = "ack-before-sync"    // the log acknowledges an append that it has not synced
	EarlyRead         Bug = "early-read"         // a leader reads before an entry of its term is committed
	VoteNotSaved      Bug = "vote-not-saved"     // a vote is given, and is not on disk
	AppliedTwice      Bug = "applied-twice"      // some entries are applied a second time
	LostTail          Bug = "lost-tail"          // the newest entries are missing after a restart
	LeaseRead         Bug = "lease-read"         // a leader reads without asking whether it still leads
	WrongSlot         Bug = "wrong-slot"         // a shard serves slots that it does not own
	CrossedReply      Bug = "crossed-reply"      // a reply goes to another request
	ErrorAfterCommit  Bug = "error-after-commit" // what was committed is answered as refused
	UnsyncedSnapshot  Bug = "unsynced-snapshot"  // a snapshot is named before it is synced
	EarlyMembership   Bug = "early-membership"   // a configuration counts before it is committed
	LocalExpiry       Bug = "local-expiry"       // keys expire by the clock of each replica's node
	LogGap            Bug = "log-gap"            // compaction drops an entry that no snapshot covers
	StaleGossip       Bug = "stale-gossip"       // what gossip says replaces what the logs said
	UnknownRefused    Bug = "unknown-refused"    // an unknown outcome is answered as refused
	ImpatientFollower Bug = "impatient-follower" // a follower reads before it has applied the read index
	WatchIgnored      Bug = "watch-ignored"      // a transaction runs though a watched key has changed
	LeakedBudget      Bug = "leaked-budget"      // some refused requests keep their part of the budget
	EarlyExpiry       Bug = "early-expiry"       // a read finds a key expired before that time is committed
	LeftBehind        Bug = "left-behind"        // what is moved from a list to another stays in the first as well
	WrongMinimum      Bug = "wrong-minimum"      // the greatest of a sorted set is popped for the least
	ForgottenDelivery Bug = "forgotten-delivery" // what a group delivers does not become pending
	RepeatedMessage   Bug = "repeated-message"   // a message goes to the subscribers of its node twice
	BrokenPromise     Bug = "broken-promise"     // a voter elects a leader though it has promised another not to
	BlindConfirm      Bug = "blind-confirm"      // a node confirms leaders without a look at its replicas
)
