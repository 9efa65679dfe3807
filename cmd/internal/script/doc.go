// Package script is the language in which troupe-chaos is told what to do to a cluster, and when.
//
// A script is plain text, a line a step. What stands before the first step in comments is what it is about.
//
//	# The leader of shard 3 dies, and then the network falls in two.
//	nodes 5
//	length 20s
//
//	at 5s  kill leader of shard 3 for 2s
//	at 9s  cut n1 n2 | n3 n4 n5
//	at 12s heal
//	every 4s from 13s when healthy pause a random leader for 500ms..2s
//
// In full, where […] may be left out, {…} may be repeated and a|b is one of the two:
//
//	line    = [ setting | step ] [ "#" comment ]
//	setting = "nodes" N | "shards" N | "clients" N | "length" TIME | "target" "troupe"|"redis-cluster" | "wait" N
//	step    = when [ "when" "healthy" ] action [ "for" SPAN ]
//	when    = "at" TIME | "every" TIME [ "from" TIME ] [ "until" TIME ]
//	action  = "kill" nodes | "start" nodes | "restart" nodes | "stop" nodes | "pause" nodes | "resume" nodes
//	        | "cut" nodes "|" nodes { "|" nodes } | "cut" nodes ">" nodes | "isolate" nodes
//	        | "flap" nodes "|" nodes { "|" nodes } "every" TIME | "heal"
//	        | "slow" disks [ "by" TIME ] | "fill" disks [ "to" SIZE ] | "break" disks | "free" disks | "mend" disks
//	        | "wipe" disks | "add" "node" | "call" node NAME | "show" "shard" N
//	disks   = "disk" "of" nodes
//	nodes   = node { node }
//	node    = [ "a" | "the" ] ( "n"N | NAME | "leader" "of" "shard" N | "follower" [ N ] "of" "shard" N | "all"
//	        | "rest" | "random" ( "node" | "leader" | "follower" | "minority" ) )
//	SPAN    = TIME | TIME ".." TIME
//
// TIME is a number with a unit: 300ms, 5s, 1.5m. SIZE is one with B, KiB, MiB or GiB. Times count from the
// beginning of the load. "for" undoes the step after a while, or after some time between two bounds. "when
// healthy" waits until the loss of any one node could be borne. "call" gives a node a name that later steps
// use, whatever has become of it. "rest" are the nodes that the action does not name otherwise. A cut leaves the
// nodes that it does not name connected to everybody; "|" cuts both ways, ">" only what goes from left to right.
//
// Parse returns an *Error that says where and what was expected. Everything is a pure value.
package script
