// Package cluster runs a cluster of real processes on this machine, to be killed, paused, wiped and
// restarted, by tests and by troupe-chaos.
//
//	func TestMain(m *testing.M) {
//		cluster.MaybeRunNode(daemon.Main) // a node is this very program, run again
//		os.Exit(m.Run())
//	}
//
//	func TestFailover(t *testing.T) {
//		c := cluster.StartT(t, cluster.Options{Nodes: 3})
//		leader, _ := c.LeaderOf(ctx, 1)
//		leader.Kill9()
//		…
//		leader.Restart(ctx)
//		c.WaitReady(ctx)
//	}
//
// Everything is on loopback. The ports of a cluster are a block of its own below 32768, so that no
// outgoing connection takes one while its node is down; the block is kept by a listener until Close.
// Each node has a directory with its data and its log; a killed node is started again by the same
// command. Nothing is left behind: a child dies with its parent (where the system can do that), and
// only processes that were started here are ever signalled, through their handles.
//
// A System says how a node is run and how the cluster is asked for its shards: Troupe, RedisCluster to
// measure the harness by something known, or what Troupe is measured beside, Etcd and RedisRaft.
//
// All methods are safe for concurrent use, but two Restarts of one node at a time are a mistake that the
// second is told of.
package cluster
