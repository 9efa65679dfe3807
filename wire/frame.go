package wire

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/troupedb/troupe/wire/pack"
)

const frameHead = 4 // bytes of a frame's length

// AppendFrame appends the frame that carries m to target, which has at most
// MaxTarget bytes. A frame larger than the receiver takes (MaxFrame, unless
// configured) ends the connection there, so a sender whose messages are not
// bounded otherwise must compare what was appended with that.
func AppendFrame(dst []byte, target string, m Message) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, frameHead)...)
	dst = pack.AppendArray(dst, 3)
	dst = pack.AppendUint(dst, uint64(m.Kind()))
	dst = pack.AppendString(dst, target)
	dst = m.AppendMsgpack(dst)
	return closeFrame(dst, start)
}

// closeFrame fills in the length of the frame that began at start.
func closeFrame(dst []byte, start int) []byte {
	binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-start-frameHead))
	return dst
}

// ReadFrame reads the next frame and returns it without its length, in buf if
// that has room or else in a larger buffer to be passed next time. It returns
// io.EOF if the stream ends before a frame, io.ErrUnexpectedEOF if within one,
// and ErrFrameSize, having read no more, if the frame is empty or over max.
func ReadFrame(r *bufio.Reader, buf []byte, max int) ([]byte, error) {
	n, err := readFrameHead(r)
	if err != nil {
		return nil, err
	}
	if n == 0 || uint64(n) > uint64(max) {
		return nil, fmt.Errorf("frame of %d bytes, at most %d allowed: %w", n, max, ErrFrameSize)
	}
	return readGrowing(r, buf[:0], int(n))
}

func readFrameHead(r *bufio.Reader) (uint32, error) {
	head, err := r.Peek(frameHead)
	if err != nil {
		if err == io.EOF && len(head) > 0 {
			err = io.ErrUnexpectedEOF
		}
		return 0, err
	}
	n := binary.BigEndian.Uint32(head)
	_, err = r.Discard(frameHead)
	return n, err
}

// readGrowing reads n bytes into buf. Where buf is too small it grows to no
// more than twice what has arrived, beginning with firstGrowth.
func readGrowing(r io.Reader, buf []byte, n int) ([]byte, error) {
	const firstGrowth = 64 << 10
	for len(buf) < n {
		if len(buf) == cap(buf) {
			grown := make([]byte, len(buf), min(n, max(2*len(buf), firstGrowth)))
			copy(grown, buf)
			buf = grown
		}
		old := len(buf)
		buf = buf[:min(n, cap(buf))]
		if _, err := io.ReadFull(r, buf[old:]); err != nil {
			return nil, noEOF(err)
		}
	}
	return buf, nil
}

// noEOF turns the end of a stream within a frame into the error it is.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// DecodeFrame decodes what ReadFrame returned. The message does not alias body.
func DecodeFrame(body []byte) (target string, m Message, err error) {
	var r pack.Reader
	r.Reset(body)
	fields(&r, 3)
	kind := Kind(r.UintMax(255))
	target = r.String(MaxTarget)
	if err := r.Err(); err != nil {
		return "", nil, fmt.Errorf("frame: %w", err)
	}
	m = readBody(&r, kind)
	if m == nil {
		return target, nil, fmt.Errorf("frame of kind %d for %q: %w", kind, target, ErrKind)
	}
	if err := r.Finish(); err != nil {
		return target, nil, fmt.Errorf("frame of kind %d for %q: %w", kind, target, err)
	}
	return target, m, nil
}
