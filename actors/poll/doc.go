// Package poll serves many connections on few goroutines: one that reads, and one on which their actors run.
//
// The runtime wakes a goroutine for each connection that has input, which reads twice: what came, and that nothing
// more did. For small requests on many connections both cost more than the requests do. Here one goroutine, the loop,
// waits for an epoll instance of its own (through the runtime's poller, so that no thread is blocked for it), and has
// each connection's driver read once when the kernel says that there is something. A [Conn] is also the dispatcher of
// its connection's actor: what becomes ready together (the answers to a batch) runs one after the other on one
// goroutine, the drain, which is woken once.
//
// # Who calls what
//
//	loop   -> driver   see Conn.Drive
//	drain  -> actor    its turns; the loop makes one too, where a driver's message may run at once (mailbox.Here)
//	any    -> Conn     Close, Aside, Schedule
//
// # What blocks
//
// Drivers and actors may block: in a Write that the client does not take, or for want of room. Before they do, they are
// set aside ([Conn.Aside]; Write does it by itself): another goroutine takes over the loop or the drain, and the one
// that blocks ends when it is done with that one connection, of which no input is reported meanwhile. That is the
// pattern Leader/Followers (Schmidt et al., Pattern-Oriented Software Architecture 2, 2000). What blocks on behalf of
// another connection than its own stops the others. What takes long without blocking should be set aside, too.
//
// # Bounds
//
// A connection that does not block costs no goroutine and no buffer. What is scheduled is at most one run of each
// connection's actor. The kernel is asked for at most 64 connections at a time.
//
// On systems without epoll there is no Poller, and New says so.
package poll

import "errors"

// ErrNothing is what Conn.Read says when there is no input: the driver is called again when there is.
var ErrNothing = errors.New("poll: nothing to read")
