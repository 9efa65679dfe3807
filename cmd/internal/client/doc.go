// Package client is a cluster client for checkers: it never retries, never hides a redirect and hands
// every outcome over as it came.
//
// Ordinary cluster clients are built to hide what a checker must see: they follow MOVED, retry after a
// broken connection (so that one INCR may run twice) and reconnect behind a WATCH. Here one request is
// at most one request on the wire, and what is known of its fate (package fate) is exact: a refused dial
// is Refused, because nothing was sent; anything after the first byte was written is Unknown until its
// reply has been read.
//
//   - Conn is one connection: write some commands, read their replies. It reads RESP with a reader of
//     its own; one shared with the server would share the server's mistakes.
//   - Routes is the slot table, learned from CLUSTER SLOTS and corrected by MOVED. Shared by sessions.
//   - Session is one client: a connection to each node, used by one goroutine. Do sends one command,
//     Batch a pipeline to each node that owns some of the keys, Swap a compare-and-set by WATCH.
//
// A session that is told MOVED reports Refused and remembers the new place for the next request. A node
// that does not answer is passed over for a moment, so that the others are asked where the slot went.
package client
