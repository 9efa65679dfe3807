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
//	session  -> forward   Copies, Unblock    a query of WAIT; the end of what waits
//	forward  -> forward   *wire.Copies, *wire.Copied, *wire.Unblock, *wire.Waiting
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
// # Operations that wait
//
// One that blocks is held by the replica that leads, as if its client were there, and takes its place among those who
// wait by the order of arrival. The serving node keeps account of it for the asking one, by the id of its request, and
// passes both of its answers on. Its time is up when the leader says so. The client's end, and CLIENT UNBLOCK, are a
// wire.Unblock. It has no deadline; that both sides know of the same operations is seen to by comparing (waits.go).
//
//	the leader leads no more   Unblocked, as for a client that is connected to it
//	the link breaks            Unknown here: it may have taken what the answer would have brought. The other node
//	                           ends the wait, so that it takes nothing after that for nobody
//
// # Bounds
//
// What waits for answers is bounded by a budget of operations and bytes, and what may wait for long by another; with
// none left Ask refuses. What a node serves is bounded by the budgets of its replicas, and what it holds by maxHeld. A
// reply that does not fit the frame between nodes is answered an error in its place.
//
// Where this node holds as much as it may, operations of others that may need more memory are answered so, and not given
// to the replica, as the sessions here do with their own. The asking node knows nothing of the memory here.
//
// What a peer sends is checked before it comes near a log: operations that can be decoded, as many as it says,
// and one that may wait for what others do only by itself.
package forward
