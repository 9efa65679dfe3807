package resp

import (
	"bytes"
	"errors"
	"strconv"
)

// Kind says what a Value is.
type Kind uint8

const (
	Null Kind = iota
	Simple
	Error
	Integer
	Bulk
	Double
	Boolean
	BigNumber
	Verbatim
	Array
	Map
	Set
	Push
)

// Value is one reply as read.
type Value struct {
	Kind  Kind
	Str   []byte  // Simple, Error, Bulk, BigNumber, Verbatim (without its format): aliases the input
	Int   int64   // Integer; Boolean: 0 or 1
	Float float64 // Double
	Items []Value // Array, Set, Push; Map: key, value, key, value, …
}

// Bounds of ParseReply.
const (
	MaxReplyDepth = 32
	MaxReplyBulk  = 512 << 20
	MaxReplyItems = 1 << 26
)

var (
	// ErrIncomplete is returned for a reply that goes on after the input's end.
	ErrIncomplete = errors.New("resp: incomplete reply")
	// ErrReply is returned for input that is not a reply, or one beyond the bounds.
	ErrReply = errors.New("resp: malformed reply")
)

// ParseReply reads the reply at the head of b, in either protocol version, and returns its length.
// Attributes are skipped. Memory is taken for items that are there, not for those that are claimed.
func ParseReply(b []byte) (v Value, n int, err error) {
	p := replyParser{rest: b}
	v, err = p.value(0)
	if err != nil {
		return Value{}, 0, err
	}
	return v, len(b) - len(p.rest), nil
}

type replyParser struct{ rest []byte }

func (p *replyParser) value(depth int) (Value, error) {
	if depth > MaxReplyDepth {
		return Value{}, ErrReply
	}
	line, err := p.line()
	if err != nil {
		return Value{}, err
	}
	body := line[1:]
	switch line[0] {
	case '$':
		return p.bulk(Bulk, body)
	case '=':
		return p.verbatim(body)
	case '*':
		return p.items(Array, body, 1, depth)
	case '~':
		return p.items(Set, body, 1, depth)
	case '>':
		return p.items(Push, body, 1, depth)
	case '%':
		return p.items(Map, body, 2, depth)
	case '|':
		if _, err := p.items(Map, body, 2, depth); err != nil {
			return Value{}, err
		}
		return p.value(depth + 1)
	}
	return scalar(line[0], body)
}

func scalar(kind byte, body []byte) (Value, error) {
	switch kind {
	case '+':
		return Value{Kind: Simple, Str: body}, nil
	case '-':
		return Value{Kind: Error, Str: body}, nil
	case '(':
		return Value{Kind: BigNumber, Str: body}, nil
	case ':':
		if n, ok := parseInt(body); ok {
			return Value{Kind: Integer, Int: n}, nil
		}
	case ',':
		if f, err := strconv.ParseFloat(string(body), 64); err == nil {
			return Value{Kind: Double, Float: f}, nil
		}
	case '#':
		if len(body) == 1 && (body[0] == 't' || body[0] == 'f') {
			v := Value{Kind: Boolean}
			if body[0] == 't' {
				v.Int = 1
			}
			return v, nil
		}
	case '_':
		if len(body) == 0 {
			return Value{Kind: Null}, nil
		}
	}
	return Value{}, ErrReply
}

func (p *replyParser) bulk(kind Kind, length []byte) (Value, error) {
	n, ok := parseInt(length)
	if ok && n == -1 && kind == Bulk {
		return Value{Kind: Null}, nil
	}
	if !ok || n < 0 || n > MaxReplyBulk {
		return Value{}, ErrReply
	}
	if int64(len(p.rest)) < n+2 {
		return Value{}, ErrIncomplete
	}
	if p.rest[n] != '\r' || p.rest[n+1] != '\n' {
		return Value{}, ErrReply
	}
	v := Value{Kind: kind, Str: p.rest[:n:n]}
	p.rest = p.rest[n+2:]
	return v, nil
}

func (p *replyParser) verbatim(length []byte) (Value, error) {
	v, err := p.bulk(Verbatim, length)
	if err == nil && (len(v.Str) < 4 || v.Str[3] != ':') {
		err = ErrReply
	}
	if err != nil {
		return Value{}, err
	}
	v.Str = v.Str[4:]
	return v, nil
}

func (p *replyParser) items(kind Kind, count []byte, each int64, depth int) (Value, error) {
	n, ok := parseInt(count)
	if ok && n == -1 && kind == Array {
		return Value{Kind: Null}, nil
	}
	if !ok || n < 0 || n > MaxReplyItems {
		return Value{}, ErrReply
	}
	n *= each
	const shortest = 3 // "_\r\n"
	if n*shortest > int64(len(p.rest)) {
		return Value{}, ErrIncomplete
	}
	v := Value{Kind: kind, Items: make([]Value, 0, min(n, 64))}
	for range n {
		item, err := p.value(depth + 1)
		if err != nil {
			return Value{}, err
		}
		v.Items = append(v.Items, item)
	}
	return v, nil
}

// line takes a line with its type byte off the input.
func (p *replyParser) line() ([]byte, error) {
	i := bytes.IndexByte(p.rest, '\r')
	if i < 0 || i+1 == len(p.rest) {
		return nil, ErrIncomplete
	}
	if i == 0 || p.rest[i+1] != '\n' {
		return nil, ErrReply
	}
	line := p.rest[:i:i]
	p.rest = p.rest[i+2:]
	return line, nil
}
