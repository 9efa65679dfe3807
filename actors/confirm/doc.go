// Package confirm asks other nodes, for all shards that are led here at once, whether the leaders here lead still, which
// every read waits for (ReadIndex, Raft thesis, section 6.4).
//
// Raft has a leader exchange heartbeats with a majority after a read has come. What it learns by them is that none of
// those voters has gone on to a later term, and so that no other leader was elected before they answered: a majority that
// elects one has at least one of them in it, and whoever votes in a later term knows of that term first. A replica shows
// its term to its node before anything leaves it in that term (replica.Gauges.Term), so the node can answer for all of its
// replicas, without a turn of any. One message to one other node then does for all leaders of a node what took two
// for each.
//
// One actor, Name, is on every node, and plays both parts.
//
//	replica -> confirm   *Ask              a leader whose reads wait
//	confirm -> confirm   *wire.Confirm     there: from the leaders' node to one with voters
//	confirm -> confirm   *wire.Confirmed   back
//	confirm -> replica   *Verdict
//	node    -> confirm   *link.Down, Tick
//
// To each node one message is under way at a time; what is asked meanwhile goes in the next. The voters that are asked
// are as many as make a majority with the leader, on the nodes that answer soonest, which races show: messages to
// all of them that ask nothing. Until that is known all are asked. Where a node is late or says no, others are asked as
// well. There is a verdict once a majority has confirmed, or no longer can; where the answers do not come there is none,
// and the replica turns to raft, which asks everyone again. So it is where a message is lost, as it may be while a link is
// being made, which keeps the newest alone.
package confirm
