// Package history remembers what a run asked for and was told, and judges it against what was read.
//
// There are several memories, because there are several kinds of proof:
//
//   - Ledger holds very many writes, each to a key of its own that is written once. Two bits a write are
//     kept; key and value follow from the writer and a sequence number. Afterwards each key is read
//     back and judged alone: an acknowledged write that is absent is Lost, a refused one that is there
//     is a Phantom, any other value is Corrupt.
//   - Recorder holds every operation on a few contended keys, with the times of call and return. A key's
//     history is judged by porcupine: is there an order of its operations, each between its call and
//     its return, that a plain register would have answered like that?
//   - Log, Queue, Relay and Group are histories of strings, lists, sorted sets and streams whose values tell
//     by themselves what became of each operation, so that nothing has to be searched for.
//   - Channel is what was published, and holds what is heard against it.
//
// An operation of unknown outcome may take effect at any time after its call, or never. The checker
// therefore lets it return after all others. Each such operation doubles the work in the worst case, so
// a key that has collected some is retired and a new one takes its place.
//
// A refused operation has no effect, so it has no part in the history. If a history is broken and shows what
// only a refused operation can have stored, the verdict says so: RefusedButDone.
//
// A Writer belongs to one goroutine while it writes. A Recorder and its keys may be shared. Times are
// nanoseconds since the recorder was made, from the monotonic clock.
package history
