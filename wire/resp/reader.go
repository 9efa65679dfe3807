package resp

import (
	"bytes"
	"math"
)

// Command is one command as received.
type Command struct {
	Args [][]byte // never empty; aliases the Reader's buffer
	Size int      // bytes received for it
}

// Reader parses commands out of received bytes. Use NewReader.
type Reader struct {
	buffer
	limits Limits
	err    error

	// The command in progress. All offsets count from buffer.pos, where it begins.
	scan int    // where to go on
	left int    // arguments still to come; 0: at the beginning of a command
	bulk int    // length of the argument being received, noBulk when it is not known yet
	args []span // arguments received
	text []byte // arguments of an inline command, unquoted
}

type span struct{ from, to int32 }

const (
	noBulk   = -1
	keepArgs = 1024 // an argument list larger than this is not kept for the next command
)

// NewReader makes a Reader with no input.
func NewReader(limits Limits) *Reader {
	return &Reader{limits: limits, bulk: noBulk}
}

// SetLimits changes the limits for what is parsed from now on.
func (r *Reader) SetLimits(l Limits) { r.limits = l }

// Next yields the next command, or ok false when none is complete. Args' backing array is reused.
// An error is a *ProtocolError and final.
func (r *Reader) Next(cmd *Command) (ok bool, err error) {
	if r.err != nil {
		return false, r.err
	}
	for r.Buffered() > 0 {
		more, perr := r.step(cmd)
		if perr != nil {
			r.err = perr
			return false, perr
		}
		if len(cmd.Args) > 0 && more {
			return true, nil
		}
		if !more {
			return false, nil
		}
	}
	return false, nil
}

// step works on the command at the head of the buffer. It reports false when more input is needed;
// true with cmd.Args empty means that what was there is to be ignored.
func (r *Reader) step(cmd *Command) (bool, *ProtocolError) {
	cmd.Args = cmd.Args[:0]
	if cap(cmd.Args) > keepArgs {
		cmd.Args = nil
	}
	if r.left == 0 && r.buf[r.pos] != '*' {
		return r.inline(cmd)
	}
	if r.left == 0 {
		if ok, err := r.head(); !ok || err != nil {
			return ok, err
		}
		if r.left == 0 {
			r.consume(cmd)
			return true, nil
		}
	}
	for r.left > 0 {
		if ok, err := r.argument(); !ok || err != nil {
			return ok, err
		}
	}
	r.yield(cmd, r.buf[r.pos:])
	return true, nil
}

// head reads "*<count>". A count of zero or less stands for no command.
func (r *Reader) head() (bool, *ProtocolError) {
	line, ok, err := r.line("too big mbulk count string")
	if !ok {
		return false, err
	}
	n, ok := parseInt(line[1:])
	if !ok || n > int64(r.limits.hardArgs()) {
		return false, protocolError("invalid multibulk length")
	}
	if n > int64(r.limits.MaxArgs) {
		return false, protocolError("unauthenticated multibulk length")
	}
	r.left = int(max(n, 0))
	return true, nil
}

// argument reads "$<length>" and then that many bytes.
func (r *Reader) argument() (bool, *ProtocolError) {
	if r.bulk == noBulk {
		if ok, err := r.length(); !ok {
			return false, err
		}
	}
	from := r.scan
	if r.Buffered()-from < r.bulk+2 {
		return false, nil
	}
	r.args = append(r.args, span{int32(from), int32(from + r.bulk)})
	r.scan = from + r.bulk + 2
	r.bulk = noBulk
	r.left--
	return true, nil
}

func (r *Reader) length() (bool, *ProtocolError) {
	start := r.scan
	line, ok, err := r.line("too big bulk count string")
	if !ok {
		return false, err
	}
	if c := r.buf[r.pos+start]; c != '$' {
		return false, protocolError("expected '$', got '" + string([]byte{c}) + "'")
	}
	n, ok := parseInt(line[1:])
	switch {
	case !ok || n < 0 || n > int64(r.limits.hardBulk()):
		return false, protocolError("invalid bulk length")
	case n > int64(r.limits.MaxBulk):
		return false, protocolError("unauthenticated bulk length")
	case int64(r.scan)+n+2 > int64(r.limits.MaxCommand):
		return false, protocolError("too big command")
	}
	r.bulk = int(n)
	return true, nil
}

// line returns the line at scan without its end, and moves scan behind it. Like Redis it looks for
// the CR only and takes the next byte for the LF.
func (r *Reader) line(tooLong string) ([]byte, bool, *ProtocolError) {
	rest := r.buf[r.pos+r.scan:]
	window := rest[:min(len(rest), r.limits.MaxInline+1)]
	i := bytes.IndexByte(window, '\r')
	if i < 0 && len(rest) > r.limits.MaxInline {
		return nil, false, protocolError(tooLong)
	}
	if i < 0 || i+2 > len(rest) {
		return nil, false, nil
	}
	if i == 0 { // the type byte itself is missing; what it is gets checked by the caller
		r.scan += 2
		return rest[:1], true, nil
	}
	r.scan += i + 2
	return rest[:i], true, nil
}

// yield fills cmd with the arguments found, which lie in text, and moves on.
func (r *Reader) yield(cmd *Command, text []byte) {
	for _, s := range r.args {
		cmd.Args = append(cmd.Args, text[s.from:s.to:s.to])
	}
	if cap(r.args) > keepArgs {
		r.args = nil
	}
	r.held = true
	r.consume(cmd)
}

func (r *Reader) consume(cmd *Command) {
	cmd.Size = r.scan
	r.pos += r.scan
	r.scan, r.left, r.bulk, r.args = 0, 0, noBulk, r.args[:0]
}

// parseInt reads a decimal number as Redis does: no sign but '-', no leading zeros, no spaces.
func parseInt(b []byte) (int64, bool) {
	if len(b) == 1 && b[0] == '0' {
		return 0, true
	}
	negative := len(b) > 0 && b[0] == '-'
	if negative {
		b = b[1:]
	}
	if len(b) == 0 || len(b) > 19 || b[0] < '1' || b[0] > '9' {
		return 0, false
	}
	var v uint64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + uint64(c-'0')
	}
	if negative {
		return -int64(v), v <= -math.MinInt64
	}
	return int64(v), v <= math.MaxInt64
}
