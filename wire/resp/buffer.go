package resp

import "io"

const (
	minBuffer  = 4 << 10   // first allocation
	maxRead    = 64 << 10  // space offered to a peer that sends much, unless one command needs more
	keepBuffer = 128 << 10 // a larger buffer is given up once it is empty
)

// buffer holds what was received. Invariant: 0 <= pos <= len(buf); buf[:pos] belongs to commands
// that were yielded and may still be in use while held is true, buf[pos:] is yet to be parsed.
type buffer struct {
	buf  []byte
	pos  int
	held bool
	full bool // the last read filled all the space there was: offer more to the next
}

// Feed appends bytes that are already at hand.
func (b *buffer) Feed(p []byte) {
	b.room(len(p))
	b.buf = append(b.buf, p...)
}

// Fill reads once from r into the free part of the buffer. It returns what r returned.
func (b *buffer) Fill(r io.Reader) (int, error) {
	want := minBuffer / 4
	if b.full {
		want = min(cap(b.buf), maxRead)
	}
	b.room(want)
	n, err := r.Read(b.buf[len(b.buf):cap(b.buf)])
	b.full = len(b.buf)+n == cap(b.buf)
	b.buf = b.buf[:len(b.buf)+n]
	return n, err
}

// Buffered is the number of bytes received and not yet yielded as commands.
func (b *buffer) Buffered() int { return len(b.buf) - b.pos }

// Release says that no argument yielded so far is in use any more.
func (b *buffer) Release() {
	b.held = false
	if b.Buffered() == 0 {
		b.buf, b.pos = b.buf[:0], 0
		if cap(b.buf) > keepBuffer {
			b.buf = nil
		}
	}
}

// Swap hands over the buffer that the yielded arguments alias and goes on in next, to which it moves
// what is not parsed yet. The returned buffer may serve as next of a later Swap, once the arguments
// are not in use any more; it is nil where keeping it is not worth the memory.
func (b *buffer) Swap(next []byte) []byte {
	used := b.buf[:0]
	b.buf = append(next[:0], b.buf[b.pos:]...)
	b.pos, b.held = 0, false
	if cap(used) > keepBuffer {
		return nil
	}
	return used
}

// room makes space for n more bytes. Arguments in use stay where they are: only what is not parsed
// yet moves.
func (b *buffer) room(n int) {
	if cap(b.buf)-len(b.buf) >= n {
		return
	}
	tail := b.buf[b.pos:]
	if !b.held && len(tail)+n <= cap(b.buf)/2 {
		b.buf = b.buf[:copy(b.buf, tail)]
		b.pos = 0
		return
	}
	size := max(minBuffer, len(tail)+n, 2*len(tail), min(2*cap(b.buf), keepBuffer))
	b.buf = append(make([]byte, 0, size), tail...)
	b.pos, b.held = 0, false
}
