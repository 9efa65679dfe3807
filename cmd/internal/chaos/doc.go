// Package chaos is troupe-chaos as a library: it loads a cluster, kills its leaders, and judges every
// answer that the cluster gave.
//
// A run has four kinds of clients, each with a session of its own over go-redis that retries nothing:
//
//   - writers SET keys of their own, each once, in pipelines at full speed, and between them read back some
//     that were acknowledged. The ledger remembers the fate of every write.
//   - contenders GET, SET, INCR and compare-and-set (WATCH, MULTI, EXEC) a few shared keys. The recorder
//     remembers every operation with its times.
//   - a prober for each shard writes every few milliseconds, to see when the shard takes writes again.
//     Its writes are in the ledger too.
//   - the nemesis, seeded, waits for a healthy cluster, kills the node that leads a shard of its choice,
//     and starts it again.
//
// When the time is over the cluster may heal. Then the audit reads back every key of the ledger and each
// contended key once more, and the histories go to porcupine. The Report holds the figures and the
// violations; any violation fails the run, and so do a node that ended by itself and a run that proved
// nothing because nothing was acknowledged.
//
// Every random choice follows from the seed; the order of events in real processes of course does not.
package chaos
