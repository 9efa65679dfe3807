// Package mailbox holds the batch mailbox that every actor of a node runs on, the budget that bounds what may
// be queued for an actor, the seeded dispatcher that makes an interleaving of actors replayable, and the
// supervisor strategy of actors that must never be restarted.
//
// # The mailbox is the batch
//
// The mailbox works in turns. One turn delivers, in this order:
//
//  1. system messages (Started, Stop, Watch, Terminated …), which are also checked for between any two others;
//  2. everything in the consensus lane: messages that implement [Consensus]. One that arrives while the turn
//     goes on is delivered before the next client message. One that is [Patient] brings no turn of its own;
//  3. what was queued in the client lane (all other messages) when the turn began (with [WithYield] also what came
//     while it yielded), up to the batch cap;
//  4. one [Drained], if anything at all was delivered, through the same InvokeUserMessage.
//
// So an actor collects while it receives, and flushes (one fsync, one write to a socket, one log entry) when
// Drained comes:
//
//	func (a *writer) Receive(c actor.Context) {
//		switch m := c.Message().(type) {
//		case *Append:
//			a.batch = append(a.batch, m)
//		case mailbox.Drained: // a value, not a pointer
//			a.flush()
//		case *actor.Stopping:
//			a.flush() // a stopped actor receives no further Drained
//		}
//	}
//
// What arrives during the flush is the next batch, hence the batch sizes itself to the cost of a flush. Where a flush
// is dear, [WithYield] lets the goroutines that are ready add to it first.
//
// # Order
//
// Messages of one sender in one lane are delivered in the order sent. There is no order between the lanes:
// messages that must keep their order with each other belong in the same lane.
//
// # Suspension and failure
//
// A panic in the actor is recovered and escalated with the message in hand, as the stock mailbox does: the
// mailbox is suspended, the rest of the turn is kept, and goes on when the mailbox is resumed. The message in
// hand is lost; the Drained of the turn is not, it follows after the resumption. Nothing but system messages is
// delivered while suspended.
//
// # Bounds
//
// The mailbox never blocks a sender. It has no bound of its own unless [WithLimit], [WithConsensusLimit] or
// [WithConsensusBytes] sets one: the senders of client work take tokens of a [Budget] before they send, and without a token they don't.
//
// # Goroutines
//
// Posting is safe from any goroutine. Turns run on what the dispatcher gives, never two at once. Slices are
// reused and grow with the messages queued; those that a burst grew beyond 4096 messages are given back as soon
// as they have been delivered. A message is released by the mailbox before it is delivered.
//
// protoactor's MessageBatch is not unpacked.
package mailbox
