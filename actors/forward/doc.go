// Package forward carries a batch of operations to the replica that leads its shard on another node, and the
// answer back.
//
// One actor, Name, is on every node, and plays both parts: it asks on behalf of the sessions here, and serves
// what others ask.
//
//	session  -> forward   Forwarder.Ask      a batch, admitted by a budget
//	forward  -> forward   *wire.Request      there: from the asking node to the serving one
//	forward  -> replica   *replica.Batch     with a sink of this package's own
//	replica  -> forward   *wire.Reply        back to the asking node, straight from the replica
//	forward  -> session   *replica.Answer    through the batch's own sink
//	node     -> forward   *link.Up, *link.Down, Tick
//
// # One hop
//
// Who serves a request gives it to the replica on its own node, or answers who leads instead: nothing is passed
// on a second time. The asking session may try there.
//
// # The fate of a batch
//
// Every batch is answered exactly once. What the replica answers is the answer. A batch that never left is Down:
// not done. One whose answer is lost is Unknown, be it that the link broke meanwhile or that no answer came for
// as long as any replica may take. For a write it may have been applied or yet be; the session tells that apart
// from a read, of which nothing remains. Answers that come later are for nobody: ids are never used twice, and
// begin anywhere, so that a node which restarts takes none of its former life for its own.
//
// # Bounds
//
// What waits for answers is bounded by a budget of operations and bytes; with none left Ask refuses. What a node
// serves is bounded by the budgets of its replicas. A reply that does not fit the frame between nodes is answered
// an error in its place.
//
// What a peer sends is checked before it comes near a log: operations that can be decoded, as many as it says,
// and none that may wait for what others do.
package forward
