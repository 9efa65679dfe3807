// Package keyspace is the replicated state machine of a shard: Redis's types
// and commands over the keys of the slots that the shard owns.
//
// # What it owns
//
// A State holds the keys, their times to live, the slots owned with their
// epochs, and what WATCH needs. It is a plain value without goroutines, locks,
// clocks, files or sockets; it belongs to the one goroutine (the applier of a
// replica) that calls it.
//
// # In and out
//
// Operations come in as bytes: the body of a log entry is a plain concatenation
// of them (AppendOp, AppendTx, OpReader), and so is a batch of reads. Replies
// go out through a resp.Writer:
//
//	state.Tick(&env, max) // entries begin with deleting what expired
//	r.Reset(body)
//	for r.Next(&op) {
//		state.Exec(&env, &op, &w)
//		if state.NotOwned() {
//			… // nothing was done or written: the slot is another shard's
//		}
//	}
//
// A read outside the log runs at Env.Read, and changes nothing. It may find
// that a key is past its time by the leader's clock though not by the committed
// one; NeedsLog then tells the caller to throw the replies away and to send the
// reads through the log, which commits the time.
//
// Which command is what (its arity, flags, keys) says the command table; how it
// is carried out say the handlers.
//
// # Determinism
//
// The state after an entry is a function of the entries up to it, and nothing
// else: the time and the seed of random numbers come with the entry (Env), and
// nothing depends on the order of a map or on the past of a hash table. All
// replicas therefore have the same Hash at the same index, those that began
// with a snapshot included. Only commands that write change anything: a replica
// that skipped the reads of an entry would still be equal.
//
// # Failure contract
//
// Exec is total. No bytes of a client make it panic or leave the state
// half-changed in a way that differs between replicas: a panic of a handler is
// caught and becomes an error reply, the same one everywhere. Errors are
// replies; only the readers of bytes (OpReader, Restorer, Checker) return Go errors, and
// these allocate by what they received, never by what it claims.
//
// # Collections
//
// A value of a type other than string is an object (collection.go). Its elements
// are items of ctree.Trees: byte strings in the order in which they were put, or
// in an order that their bytes give. All that a tree answers depends on its items
// alone, so an object that keeps its whole content in trees, and in fields that a
// snapshot holds, is deterministic. Where Redis has a hash table the items begin
// with the hash of the member (State.appendProbe): the order of walks, the
// cursors of scans (scanItems) and random picks by position (State.picks) are then the
// same on every replica. Small forms (listpack) keep the order of insertion, as
// Redis does; the sizes at which they end are the limits (limits.go), part of the
// replicated state.
//
// To add a type:
//
//   - write the object, and let newObject make an empty one of each encoding;
//     clone must be O(1), which Tree.Clone is: snapshots and COPY depend on it;
//     walk and add are the format of snapshots, whose records hold about 16 KiB of items;
//   - write the commands: objectOf finds the object behind State.read or
//     State.write; a change begins with upsert, before anything is changed, and ends with
//     settle, which accounts for the size and deletes the key of what is empty;
//     make nothing by a number from outside, and check all of a command before upsert;
//   - list the commands in a table_*.go and its group in groups, and bind them in
//     handlers;
//   - let DUMP and RESTORE know it (rdb_write.go, rdb_read.go), and DEBUG tell its digest (debug.go);
//   - report with notify what Redis reports as a keyspace event, and with ready
//     what a blocked command may wait for; one that finds nothing ends with block (blocking.go);
//   - add its commands to families of the differential tests, which compare every
//     reply with a real server's, and a way to fill it to collections of the tests.
//
// # Events
//
// Exec and Tick collect events of the classes that Listen named, for TakeEvents.
//
// # Blocking
//
// A command that may wait comes as an operation of its own kind (Command.Waits,
// AppendWait). If it finds nothing it calls block and returns:
//
//	ms, ok := c.seconds(c.Args[last]) // or millis; checked before anything else
//	…
//	s.block(c, waitFor{keys: c.Args[1:last], kind: kindList, timeout: ms})
//
// It is then kept as it stands in c.Args, which the handler may edit before (XREAD
// puts an id in the place of $). Elsewhere, in a transaction say, block answers
// null at once; c.waits tells which it will be.
//
// Those who wait are part of the state, by arrival. When an operation is over
// (or Tick, or a whole transaction), for each key that ready was called for, those
// who wait for a value of its kind are carried out once more in the same entry, the
// first first; what they do may make other keys ready. So an element goes to one
// of them only, by the log, and nothing comes in between. What finds nothing again
// keeps its place. With waitFor.gone a command is also repeated after any change
// or deletion of its keys, as XREADGROUP is.
//
// Exec leaves a command that waits without a reply, and Blocked names it. Its end
// is among those of TakeServed on the replica that was to write the reply; the
// internal command "unblock" ends a wait without anything. All of them belong to
// the leader that proposed them: EndWaits is called at the first entry of a term.
//
// # Once
//
// A transaction that comes with a key (AppendOnce) is carried out once: when it comes again, after a failover say, it
// is answered as it was. The reply is made by every replica, remembered for a day of the shard's clock (where there is
// no room, for five minutes at least), and in the snapshot. What is remembered is bounded; a transaction that finds no room is refused before it does anything.
//
// # Memory
//
// Keys and values are copied out of entries of the log, and replies are copied out of
// values, so that neither pins the other. Bytes is an estimate that depends on
// the content alone. A State itself takes StateBytes. To delete a value is to
// forget it, however large it is: the garbage collector does the rest.
//
// What the collector has to look at is kept small, for it looks at all of it again and again while requests wait for the
// processor. Keys stand side by side in chunks (entries.go) and are found by number, so that there is no pointer to
// follow from one to the next; and a string of up to 1 KiB is set behind its key, in the same piece of memory
// (entry_string.go). So a key with such a string is one object, which the collector comes to in order of addresses.
//
// The place of a key that is deleted, 56 bytes, is for another key after the operation that deletes it; the memory of
// 1024 neighbours is let go when all are deleted. To drop a slot is to walk over its keys; only to drop all keys at
// once is to forget them.
//
// # Eviction
//
// When and how often keys are used (access.go), and the policy (policy.go), are
// no part of the replicated state: a replica knows what it carried out itself.
// AppendEviction chooses by them (evict.go) and changes nothing; the operation
// that it makes names its victims, and carried out by the log it deletes the
// same ones on every replica: those that nothing has modified since the choice.
// Snapshots say nothing of the use of keys; after a restore all count as used at
// that moment.
//
// # Units
//
// Times are milliseconds since 1970, sizes are bytes.
package keyspace
