// Package chaos is the engine of troupe-chaos: it loads a cluster, does to it what a script says, and judges
// every answer that the cluster gave.
//
// A run has four kinds of clients, each with a session of its own over go-redis that retries nothing:
//
//   - writers SET keys of their own, each once, in pipelines at full speed, and between them read back some
//     that were acknowledged. The ledger remembers the fate of every write.
//   - contenders GET, SET, INCR and compare-and-set (WATCH, MULTI, EXEC) a few shared keys. The recorder
//     remembers every operation with its times.
//   - workers hand jobs to each other by lists, sorted sets and pairs of lists, and wait for them (BLPOP,
//     BZPOPMIN, BLMOVE), and by consumer groups of streams. Every acknowledged job is taken once, or left at the end.
//   - a prober for each shard writes every few milliseconds. Its writes are in the ledger too.
//
// The conductor follows the script (package script). What it does is a Fault, which is charged with the longest
// time that a shard took no write on its account.
//
// When the time is over everything is undone, and the cluster may heal. Then the audit reads back every key of
// the ledger and each contended key once more, and the histories go to porcupine. The Report holds the figures
// and the violations; any violation fails the run, and so do a node that ended by itself, one that lives on after
// its disk failed, and a run that proved nothing because nothing was acknowledged, or nothing done.
//
// Every random choice follows from the seed; the order of events in real processes of course does not.
package chaos
