// Package client is a cluster client for checkers: go-redis with everything turned off that would hide an
// outcome, and the choice of the node on top.
//
// One request is at most one request on the wire, unless a node says MOVED, which means that it did nothing.
// What is known of a request's fate (package fate) is exact: an error reply is what package fate says of it; a
// connection that could not be made is Refused, because nothing was sent; whatever else goes wrong is Unknown.
//
// go-redis's own ClusterClient can't be had that exact. With MaxRedirects it follows MOVED, but also sends
// again after a broken connection, so that one INCR may run twice; without, it learns of a new leader only
// from a slot table that it asks for at most five times a second, of a node chosen blindly, which may be
// the one that is paused. So there is a go-redis Client for each node here (MaxRetries -1), and a slot table
// of our own.
//
//   - Routes is the slot table, learned from CLUSTER SLOTS and corrected by MOVED, and the go-redis
//     client of each node. Shared by sessions.
//   - Session is one client, used by one goroutine. Do sends one command and follows MOVED, Batch sends a
//     pipeline to each node that owns some of the keys, Swap is a compare-and-set by WATCH, MULTI and EXEC.
//   - Ask and AskAll are questions to one node, outside the load.
//
// A node that does not answer is passed over for a moment, so that the others are asked where a slot went.
package client
