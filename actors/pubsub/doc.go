// Package pubsub is the broker of a node: which client listens to which channel, and what is published.
//
// One actor, Name, is on every node and owns the subscriptions of the clients there.
//
//	session  -> broker    *Change     SUBSCRIBE, UNSUBSCRIBE and their kin
//	session  -> broker    *Forget     the client is gone
//	session  -> broker    *Publish    PUBLISH and SPUBLISH
//	session  -> broker    *Query      PUBSUB
//	replica  -> broker    *Events     what a committed entry did to keys
//	broker   -> broker    *wire.Publish   to the other nodes
//	node     -> broker    *link.Up, *link.Down, Rerouted
//
// # Channels
//
// There are three kinds of names. A message to a channel goes to the subscribers of the channel and to those of
// all patterns that match it, on every node that a link leads to. One to a shard channel goes to its subscribers
// on the nodes that hold a replica of the shard of its slot: only there may clients subscribe to it, wherever they publish. When a node
// gives its replica away, its subscribers are unsubscribed, and told so. Keyspace events go to clients of the node
// that leads the shard, and to no other.
//
// # Promises
//
// Messages of one client arrive in the order sent, at each subscriber. A subscriber misses nothing of its node
// between the confirmation of its subscription and that of its end. Between nodes a message is sent once, over
// the link: it is lost if the link breaks or has as much to carry as it may. A message is no write: nobody waits for
// a majority.
//
// # Bounds
//
// Who publishes waits for the number of receivers, so that what is queued here is bounded by what sessions have in
// hand; what peers send is bounded by Mailbox, in count and bytes, and dropped beyond. What subscriptions take is bounded
// for each client and for all; who would have more is refused. What is under way to a client is bounded by
// Subscriber.Deliver, which ends the client when it is too much.
package pubsub
