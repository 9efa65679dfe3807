package gossip

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

var (
	errStream = errors.New("not a stream of ours")
	errBound  = errors.New("over the bound")
)

// Bounds of a stream. memberlist's list has the dead of the last half minute
// beside those alive.
const (
	maxListed    = 4 * maxNodes
	maxFieldSize = 1 << 10 // metadata has at most half of that
	maxStream    = maxState + maxListed<<10
)

// skim reads a message of memberlist without keeping more of it than the bytes
// that have come, so that no length in it has to be believed. It fails once.
type skim struct {
	src io.Reader // nil: all is in buf
	buf []byte
	pos int
	err error
}

func (s *skim) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// take returns the next n bytes, valid until the next call.
func (s *skim) take(n int) []byte {
	for s.err == nil && len(s.buf)-s.pos < n {
		s.fill(n - (len(s.buf) - s.pos))
	}
	if s.err != nil {
		return make([]byte, min(n, 8)) // what numbers are made of
	}
	s.pos += n
	return s.buf[s.pos-n : s.pos]
}

// fill reads what is there, of the missing bytes and beyond.
func (s *skim) fill(missing int) {
	const chunk = 4 << 10
	switch {
	case len(s.buf)+missing > maxStream:
		s.fail(fmt.Errorf("%w: longer than %d bytes", errBound, maxStream))
		return
	case s.src == nil:
		s.fail(io.ErrUnexpectedEOF)
		return
	}
	have := len(s.buf)
	s.buf = append(s.buf, make([]byte, max(chunk, have))...)
	n, err := s.src.Read(s.buf[have:])
	s.buf = s.buf[:have+n]
	switch {
	case n > 0: // an error comes again
	case err == io.EOF && have > 0:
		s.fail(io.ErrUnexpectedEOF)
	case err != nil:
		s.fail(err)
	}
}

func (s *skim) byte() byte { return s.take(1)[0] }

// number takes n big-endian bytes.
func (s *skim) number(n int) uint64 {
	var b [8]byte
	copy(b[8-n:], s.take(n))
	return binary.BigEndian.Uint64(b[:])
}

// message skims one message: its type, its fields and what they announce.
func (s *skim) message() {
	switch kind := s.byte(); kind {
	case pushPullMsg:
		head := s.fields()
		for n := bounded(s, head, "Nodes", maxListed); n > 0 && s.err == nil; n-- {
			s.fields()
		}
		s.take(bounded(s, head, "UserStateLen", maxState))
	case userMsg:
		s.take(bounded(s, s.fields(), "UserMsgLen", maxMessage))
	case pingMsg, ackRespMsg, errMsg:
		s.fields()
	default:
		s.fail(fmt.Errorf("%w: message of type %d", errStream, kind))
	}
}

// bounded is a number among the fields, 0 if there is none or it is no good.
func bounded(s *skim, fields map[string]uint64, name string, most uint64) int {
	n := fields[name]
	if n > most {
		s.fail(fmt.Errorf("%w: %s=%d", errBound, name, n))
		return 0
	}
	return int(n)
}

// fields takes a map of names and plain values, and returns the numbers in it.
// What is no number counts as one over every bound.
func (s *skim) fields() map[string]uint64 {
	const fixMap = 0x80
	head := s.byte()
	if head&0xf0 != fixMap {
		s.fail(fmt.Errorf("%w: no fields", errStream))
		return nil
	}
	numbers := make(map[string]uint64)
	for n := head & 0x0f; n > 0 && s.err == nil; n-- {
		name := s.name()
		numbers[name] = s.value()
	}
	return numbers
}

func (s *skim) name() string {
	const fixStr = 0xa0
	head := s.byte()
	if head&0xe0 != fixStr {
		s.fail(fmt.Errorf("%w: a field without a name", errStream))
		return ""
	}
	return string(s.take(int(head & 0x1f)))
}

// value takes a value that has no parts. It returns one that is a number, else
// one over every bound.
func (s *skim) value() uint64 {
	const none = 1<<64 - 1
	switch head := s.byte(); {
	case head < 0x80:
		return uint64(head)
	case head >= 0xcc && head <= 0xcf: // unsigned, 1 to 8 bytes
		return s.number(1 << (head - 0xcc))
	case head >= 0xd0 && head <= 0xd3: // signed
		size := 1 << (head - 0xd0)
		if n := s.number(size); n>>(8*size-1) == 0 {
			return n
		}
	case head >= 0xe0, head == 0xc0, head == 0xc2, head == 0xc3: // negative, nil, false, true
	case head&0xe0 == 0xa0: // short string
		s.take(int(head & 0x1f))
	case head >= 0xc4 && head <= 0xc6: // bytes
		s.text(1 << (head - 0xc4))
	case head >= 0xd9 && head <= 0xdb: // string
		s.text(1 << (head - 0xd9))
	default:
		s.fail(fmt.Errorf("%w: a value of kind %#x", errStream, head))
	}
	return none
}

// text takes a string or bytes whose length has the given size.
func (s *skim) text(size int) {
	if n := s.number(size); n > maxFieldSize {
		s.fail(fmt.Errorf("%w: a value of %d bytes", errBound, n))
	} else {
		s.take(int(n))
	}
}
