// Package nowait makes system calls that cannot wait, without telling the runtime's scheduler of them.
//
// Before each system call the runtime prepares for the case that it blocks. If its monitor thread sleeps, as it does
// whenever no goroutine was running, it is woken, finds nothing to do, and looks again every 20 µs for a while. A node that
// does a few microseconds of work at a time, which is what a request at a time on each connection comes to, pays more
// for that than for the call: a futex and two context switches for each of them. A call on a non-blocking descriptor
// returns at once in any case, so nobody need stand by.
//
// # Rules
//
// The descriptor is non-blocking. A call moves [MaxBytes] at most, for nothing else runs on its processor meanwhile, and
// the garbage collector waits for it: of more, so much is read, and all is written by an ordinary call. No call is
// repeated after EINTR.
//
// [Wrap] has it for a TCP connection of package net, whose goroutines still wait as ever, by the runtime's poller.
//
// A program built with the race detector makes ordinary calls, which tell it what happened before what.
package nowait

// MaxBytes is how much a call moves at most: some 10 µs of copying.
const MaxBytes = 64 << 10

// pieces is how many buffers of a Writev need no memory but the stack's.
const pieces = 32
