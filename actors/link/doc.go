// Package link is how an actor reaches an actor of another node. It makes protoactor's PIDs work across
// nodes: a PID whose Address is a node id in hex leads to that node's link, and a message sent to it
//
//	system.Root.Send(actor.NewPID(node.String(), "shard/4"), &wire.Raft{…})
//
// arrives there at the local actor "shard/4" as *Inbound. Keep such PIDs; each new one is resolved anew.
//
// # Actors and goroutines
//
//	link/<node>    one per remote node, made on first use, on the batch mailbox. It encodes each message into
//	               one buffer as it comes, and writes the buffer to the connection at Drained. Dialing is done
//	               by a goroutine that reports back by message, so a dial never holds the mailbox up; a write
//	               holds it for the write timeout at most.
//	bulk/<node>    one per node that files are sent to; sends them one after the other, a connection each.
//	goroutines     one that accepts, one per connection that reads, one that ticks. None owns state.
//
// A connection carries messages one way. Each node dials the peers that it sends to, on first use or when the
// peer dialled it; what comes back on the same connection is only the pongs that prove the peer alive.
//
// # Messages
//
//	in   wire.Message      by way of a remote PID: sent, or dropped and counted; any other type is dropped.
//	                       A message must not change after it was sent, for it is encoded later.
//	     *SendFile         to Links.Bulk(node); answered by one *FileSent
//	out  *Inbound          to the local actor that a frame names
//	     *Unroutable       to Config.Node, when there is no such actor
//	     *Up, *Down        to Config.Node, see below
//	     *Received         to Config.Node, a file that is complete, verified and safe on disk
//
// # Failure contract
//
// A link loses messages, keeps the order of those that it delivers (within one lane of the mailbox: consensus
// messages overtake requests), and delivers none twice. It never queues for a peer that is away: while a dial
// is under way only the newest message per target is kept, if it is small; until the backoff of a failed dial
// has passed everything is dropped. For a peer that is connected and slow, what waits is bounded by MaxQueued
// bytes, and beyond that messages are dropped. What waits when a connection breaks is dropped, never sent late.
//
// Down is evidence of loss, not proof: the connection to the peer or the one from it broke, ended, or was
// silent for too long. It comes at once when the peer's process dies. Up means that a connection to the peer
// stands and that it is the node that was asked for, of the same cluster and version. For a node, Down comes
// at most once between two Up, except that a peer which never was up may be reported Down when its own
// connection to here ends. If the connection to here broke, but the one to the peer answers, Up follows Down.
// Connect has an Up repeated.
//
// Bytes from the network end at most the connection they came on, with one log line per kind of trouble and
// ten seconds. Nothing is allocated by a claimed length. Before a peer has said a valid hello it has five
// seconds and one of 256 places.
//
// # Secret
//
// With a secret every connection is TLS 1.3 with the keys of package secret pinned on both ends. Without one
// the listener must be on loopback, and only loopback addresses are dialled. SetSecret replaces a secret while
// connections stand.
//
// # Files
//
// A file is streamed under a temporary name, read by Config.Check as it comes, compared by size and xxhash64 with
// its header, synced, renamed, and the directory synced, before anyone is told. Whatever fails leaves no file
// behind; what a crash left is removed by Start. A file that was reported as *Received belongs to the receiver of
// that message.
package link
