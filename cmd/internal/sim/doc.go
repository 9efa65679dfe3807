// Package sim runs a whole cluster in one goroutine, by seed: real nodes (sessions, director, placement,
// replicas, keyspaces, the durable log) on machines, disks, links and clocks that are simulated, with clients
// that use them and troubles that befall them, and checks all that was promised.
//
//	machine    an address with a disk and a clock; it comes and goes, pauses, and may lose its disk
//	process    one run of a node on a machine; nothing of it happens after its end
//	disk       what a crash leaves: the synced, and some of the rest; it may be slow, full, or fail
//	links      TCP between nodes as package link uses it: frames in order, delayed, lost with their connection
//	gossip     rumours of who is alive and of the map: late, lost, doubled, out of order
//	client     connections to sessions, byte streams; it follows redirects, or has its commands forwarded, and
//	           gives up at times
//
// # Time
//
// Time is virtual. What takes time (a packet, a sync, a tick, a thought) is an event of the agenda; turns of
// actors are picked by the seeded dispatcher one at a time and take some microseconds each. Between two turns
// the events that are due happen. Nothing else moves, and everything drawn follows from the seed: raft's
// election timeouts too, for a run owns crypto/rand.Reader. So a process runs one simulation at a time.
//
// The same seed gives the same run, which the trace hash shows: it covers every choice of the dispatcher,
// every packet, and every reply. A failure is one line that says how to run it again.
//
// # A run
//
//	r := sim.Run(sim.Options{Seed: 7})
//	if r.Failure != "" { … }
//
// The cluster starts from empty disks. For some simulated minutes clients work while the seed's troubles come
// and go. Then everything is mended, and the cluster has a minute to become whole: every shard led, all its
// replicas there and equal, nothing pending, every map the same. Then every key is read once more.
//
// # What is checked
//
// At every moment (watch.go): one leader a term and shard, who holds all that is committed; one vote a term
// and replica; the same entry, state, clock and members at the same index on every replica; clocks that do
// not run backwards; one owner per slot, and no key elsewhere; logs that match; no node that stops without a
// reason. Of every reply (client.go): that it is one to the request that it answers. At the end
// (verdict.go): the histories, by porcupine or by checkers of their own; no acknowledged write missing, no
// refused one there; no element of a list or a sorted set taken twice, lost or overtaken, or lost or doubled on
// its way from a list to another; no entry of a stream delivered to nobody or acknowledged twice; budgets given
// back; nobody stuck. And of every message that a subscriber hears (channels.go): that it was published, and is
// not heard twice or out of order.
//
// That these find anything is shown by bugs that are planted (package plant, planted_test.go): with the tag
// plant each must be found by a checker that tells what it is.
package sim
