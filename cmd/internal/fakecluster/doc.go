// Package fakecluster is a cluster in one process that proves the checkers: it keeps all data in one
// map under one lock, so it is linearizable and loses nothing, except for the Bugs asked for.
//
// It has real listeners on loopback, one a node, and speaks as much RESP2 as the checkers use: GET, SET,
// INCR, WATCH, MULTI, EXEC, a few commands on lists and sorted sets, CLUSTER SLOTS, CLUSTER INFO and INFO with the section # Shards. A node that
// does not lead a key's shard answers MOVED. Killing a node closes its listener and connections; its
// shards answer CLUSTERDOWN to a few requests and then have another leader. Nothing in it waits for time.
package fakecluster
