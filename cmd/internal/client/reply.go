package client

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// Bounds on what a reply may claim; the servers under test are not trusted either.
const (
	maxBulk  = 64 << 20
	maxArray = 1 << 20
	maxDepth = 8
)

// ErrProtocol is a reply that is not RESP2.
var ErrProtocol = errors.New("malformed reply")

// Reply is one RESP2 reply. Kind is the byte that opens it: + - : $ *
type Reply struct {
	Kind  byte
	Text  string // + - $
	Int   int64  // :
	Items []Reply
	Null  bool // $-1 or *-1
}

// Err is the error line of an error reply, else "".
func (r Reply) Err() string {
	if r.Kind == '-' {
		return r.Text
	}
	return ""
}

func readReply(br *bufio.Reader, depth int) (Reply, error) {
	line, err := readLine(br)
	if err != nil {
		return Reply{}, err
	}
	if len(line) == 0 {
		return Reply{}, fmt.Errorf("%w: empty line", ErrProtocol)
	}
	r, rest := Reply{Kind: line[0]}, line[1:]
	switch r.Kind {
	case '+', '-':
		r.Text = rest
		return r, nil
	case ':':
		r.Int, err = strconv.ParseInt(rest, 10, 64)
		if err != nil {
			return r, fmt.Errorf("%w: integer %q", ErrProtocol, rest)
		}
		return r, nil
	case '$':
		return readBulk(br, r, rest)
	case '*':
		return readArray(br, r, rest, depth)
	}
	return r, fmt.Errorf("%w: type byte %q", ErrProtocol, r.Kind)
}

func readBulk(br *bufio.Reader, r Reply, size string) (Reply, error) {
	n, err := readLength(size, maxBulk)
	if err != nil || n < 0 {
		r.Null = n < 0
		return r, err
	}
	buf, err := readFull(br, n+2)
	if err != nil {
		return r, err
	}
	if buf[n] != '\r' || buf[n+1] != '\n' {
		return r, fmt.Errorf("%w: bulk string of %d bytes does not end there", ErrProtocol, n)
	}
	r.Text = string(buf[:n])
	return r, nil
}

// readFull reads n bytes. A large buffer grows with what arrives, not by the claim.
func readFull(br *bufio.Reader, n int) ([]byte, error) {
	if n <= 64<<10 {
		buf := make([]byte, n)
		_, err := io.ReadFull(br, buf)
		return buf, err
	}
	buf, err := io.ReadAll(io.LimitReader(br, int64(n)))
	if err == nil && len(buf) < n {
		err = io.ErrUnexpectedEOF
	}
	return buf, err
}

func readArray(br *bufio.Reader, r Reply, size string, depth int) (Reply, error) {
	n, err := readLength(size, maxArray)
	if err != nil || n < 0 {
		r.Null = n < 0
		return r, err
	}
	if depth >= maxDepth {
		return r, fmt.Errorf("%w: nested too deep", ErrProtocol)
	}
	for range n {
		item, err := readReply(br, depth+1)
		if err != nil {
			return r, err
		}
		r.Items = append(r.Items, item)
	}
	return r, nil
}

// readLength reads a length; -1 is null.
func readLength(s string, limit int) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < -1 || n > limit {
		return 0, fmt.Errorf("%w: length %q", ErrProtocol, s)
	}
	return n, nil
}

// readLine returns a line without its CRLF, bounded by the reader's buffer.
func readLine(br *bufio.Reader) (string, error) {
	line, err := br.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", fmt.Errorf("%w: line too long", ErrProtocol)
	}
	if err != nil {
		return "", err
	}
	if len(line) < 2 || line[len(line)-2] != '\r' {
		return "", fmt.Errorf("%w: line does not end in CRLF", ErrProtocol)
	}
	return string(line[:len(line)-2]), nil
}
