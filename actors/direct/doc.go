// Package direct writes files past the page cache (O_DIRECT), and reads them.
//
// What a node writes in bulk, its snapshots, is read again seldom and much later, and so is its log. Through the page cache
// each byte is copied into memory that was just taken from others, which is dear in a virtual machine, and written from
// there at a moment of the kernel's choosing, often just when the log is to be synced.
//
// [File] gathers what is written in one aligned buffer of 256 KiB, which is kept for the next file, and writes that. Where
// the file system does not have it, a file stays as it was. Who has other ways of writing has [Bypass] and [Buffer], and a
// [Queue] for what is waited for all the time.
//
// # Failure contract
//
// As with any file: what was written is durable once Sync or SyncData has returned without an error, and for a Queue once
// a Write with sync has. A File is for one goroutine at a time, and so is a Queue. A File's errors are *os.PathError, and
// final: after one nothing more is written. A Queue's are those of pwritev2(2), or final ones of its own. A file system
// that makes writes fail must not pass the descriptor of the file below it on.
package direct
