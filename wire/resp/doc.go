// Package resp is the Redis serialization protocol, RESP2 and RESP3, without sockets: bytes in,
// commands out; replies in, bytes out.
//
// # Reading commands
//
// A Reader is a push parser over a buffer that it owns. Fill reads once from a connection (Feed takes
// bytes at hand); Next yields the commands that are complete, and never blocks:
//
//	for {
//		if _, err := r.Fill(conn); err != nil {
//			return err
//		}
//		for {
//			ok, err := r.Next(&cmd)
//			if err != nil {
//				return err // a *ProtocolError: send its text, then close
//			}
//			if !ok {
//				break
//			}
//			handle(cmd.Args)
//		}
//		r.Release()
//	}
//
// Arguments alias the buffer, and stay as they are until Release; Fill and Feed never move or
// overwrite them. A caller that wants to go on reading while others still use the arguments calls
// Swap, which hands the buffer over and continues in another one.
//
// The texts of errors, and what counts as one, are those of Redis 7. How the input was cut into reads
// makes no difference.
//
// # Bounds
//
// Every length that the peer names is checked against Limits before anything is allocated for it, and
// the buffer grows only as bytes arrive, by doubling. The memory of a Reader is thus at most a small
// multiple of what was received, and what was received for one command at most Limits.MaxCommand.
// In steady state (no argument list longer than before, no pipeline larger than keepBuffer) a command
// costs no allocation.
//
// # Writing replies
//
// A Writer appends to a byte slice. Each method writes the form that the chosen protocol version has
// for the value; RESP2 gets what Redis sends to RESP2 clients for it (a map becomes a flat array, a
// double a bulk string, …).
//
// # Reading replies
//
// ParseReply reads one reply of either version: for the HTTP gateway, for tests and tools.
//
// Nothing here is safe for concurrent use; a Reader or a Writer belongs to one goroutine at a time.
package resp
