// Package raftlog is the node's durable log: the entries, hard states and snapshot names of every shard's
// replica, in the segments of one store (package segment). One actor owns every write; readers read what is committed.
//
// # Messages
//
//	replica -> raftlog   *Append    entries, hard state, received snapshot   -> *Appended
//	replica -> raftlog   *Compact   local snapshot, entries it covers go     -> *Compacted
//	node    -> raftlog   *Create    a new replica                            -> *Created
//	replica -> raftlog   *Bury      the replica is gone for good             -> *Buried
//	node    -> raftlog   *SetMeta   a named value of the node (identity …)   -> Done is called
//	node    -> raftlog   CheckSpace look at the free disk space
//
// All of them travel in the consensus lane, so their order is the order sent.
//
// # The turn
//
// A message is staged into a batch as it comes. At mailbox.Drained the batch is committed, with one fsync for
// all shards, or with none when nothing in it asks for one; then the replies leave. What arrives during the
// fsync is the next batch. In a long turn, as of a replica that has fallen behind, that is done whenever 2 MiB are staged,
// for other shards' appends are in it too.
//
//	case mailbox.Drained, or the batch is full:
//		batch <- the record of every shard touched
//		commit (synced: note the marks)
//		send the replies
//
// Where shards append in turns, some in one fsync and some in the next, the flush is put off until all of them have, for
// about as long as an fsync takes at most, see groupCommit. What changes a term or a vote, and what is structural, is
// flushed at once, with all that was put off, and so is a full batch.
//
// An fsync is asked for by Append.Sync, by a changed term or vote, and by every structural message (Create,
// Bury, Compact, a received snapshot, SetMeta). Under ModeInterval and ModeNever Append.Sync is not heeded, so
// that acknowledged entries may be lost with the power; the rest is synced all the same.
//
// A commit index alone promises nothing to anyone: a restart learns it again. It stays staged until the next
// batch that has more in it, or the next CheckSpace, so that it costs no write of its own.
//
// # What is stored
//
// A shard's entries are a stream of the store, numbered as in raft. The other things are named values:
//
//	m name                   a value of the node
//	s shard(4) a             the shard's record: replica, hard state, truncation, last index (see record)
//	s shard(4) b             the snapshot: file, index, term, configuration, opaque metadata
//
// Integers in keys are big-endian. The record is written anew with every batch that touches the shard, and
// says exactly which entries there are, so that whatever is missing after a restart is noticed: the entries
// must be those from the truncation to the last index, without a gap.
//
// The log of an earlier version, which was in a Pebble store, is written anew by Open, see convert.
//
// # Corruption
//
// Checksums cover every byte of the store, but a damaged end reads like one that a crash has torn. Hence the marks: each
// record carries a counter of the shard's batches, and after each fsync the
// counters are noted in a side file, which is not synced itself: it is a lower bound of what is durable. A
// store that comes back with less has lost acknowledged writes: Open returns ErrCorrupt, before anything in the
// directory is changed. Load returns ErrCorrupt for what doesn't fit together within a shard. The advice in the
// text: rebuild the node from its peers.
//
// # Failure
//
// A failed write or fsync, and a message that contradicts the log, end the node through Config.Fatal. No reply is
// sent after that, whether or not Fatal returns.
//
// # Disk space
//
// The actor compares the free space with Config.MinFree at every CheckSpace; Space tells the rest of the node,
// which then refuses writes. Votes and configurations use what is left. A ballast file is held besides and
// given up when little more than a quarter of MinFree is left; it is made again when there is room.
//
// # Goroutines
//
// Entries, Term, Load, Shards, Meta, Space and Stats are for any goroutine. Append.Entries and what they point
// to are not changed, and not kept after the commit. Entries returned by Entries are the caller's.
package raftlog
