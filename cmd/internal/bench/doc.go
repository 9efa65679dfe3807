// Package bench measures Troupe beside other systems on one machine: the same load for each, in turns.
//
//	Contender   a system that can be started: Troupe, asked in one way or another, Redis Cluster, Valkey Cluster,
//	            etcd, RedisRaft
//	Load        a kind of request, with how many connections send it how deeply pipelined
//	Client      gives a load: Spread over all slots, RedisBenchmark by that program, JSON over HTTP, Etcd for etcd alone
//	Run         starts the contenders and measures
//	Report      what came of it, as text, CSV and a page of HTML
//	Overload    is a run by itself: what becomes of requests over HTTP when there are many times too many
//
// All contenders run from the beginning to the end, and only one at a time is loaded. A round gives every
// load to every contender, one right after the other, each round beginning with another contender: what
// changes slowly on the machine changes all alike.
//
// A Sample is one load on one contender in one round. What a server puts off until the load is over is part
// of its price: its CPU is counted until Config.Settle after the last reply.
//
// A ratio is the median of the ratios of single rounds, each of two samples that are close in time. Where
// those lie too far apart no ratio is told, only why not.
package bench
