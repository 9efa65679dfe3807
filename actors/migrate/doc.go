// Package migrate is MIGRATE: it carries keys of this cluster to another server that speaks RESP.
//
// It is a client of both. The source is a session within the process, so that everything about slots, leaders and
// logs is that session's; the target is whatever listens at the address, and is not trusted. Nothing here is part of
// the replicated state, and no actor waits for the target: Run is called on a goroutine of its own.
//
// # The way of a key
//
//	source   WATCH k…                      of up to 64 keys at a time
//	source   PTTL k, DUMP k                one key after the other: one value is in memory
//	target   RESTORE-ASKING k ttl value
//	target   its answers, of all of them
//	source   MULTI, DEL of those that the target has taken, EXEC
//
// With COPY nothing is deleted, so nothing is watched: PTTL and DUMP are asked for in one transaction.
//
// A key that changes on the way fails the EXEC: it is carried over once more, in the place of its own older copy.
// So no change of it is lost, and it is deleted here only when the target has said that it has the same value.
//
// # Failure contract
//
// After an error a key is here, or at the target, or at both, never at neither; a key that the target did not
// acknowledge is still here. The text of the error is that of Redis where Redis has one.
//
// Sizes are bytes. All that a target sends is bounded before it is kept.
package migrate
