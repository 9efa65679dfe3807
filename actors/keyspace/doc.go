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
// replies; only the readers of bytes (OpReader, Restorer) return Go errors, and
// these allocate by what they received, never by what it claims.
//
// # Memory
//
// Keys and values are copied out of entries, and replies are copied out of
// values, so that neither pins the other. Bytes is an estimate that depends on
// the content alone. A State itself takes 0.7 MiB.
//
// # Units
//
// Times are milliseconds since 1970, sizes are bytes.
package keyspace
