package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits bound one request.
type Limits struct {
	MaxArg      int // bytes of one argument
	MaxBytes    int // of a command, with perArg for each argument
	MaxArgs     int // of all commands together
	MaxCommands int // of a pipeline
}

// DefaultLimits are those that the store has for a command, with fewer arguments: each takes memory of its own here.
func DefaultLimits() Limits {
	return Limits{MaxArg: 16 << 20, MaxBytes: 20<<20 - perArg, MaxArgs: 1 << 18, MaxCommands: 16 << 10}
}

// perArg is more than the protocol of the store adds to an argument, and to a command.
const perArg = 16

// Command is the arguments of one command, its name the first.
type Command [][]byte

var (
	// ErrMalformed is returned for what is not of the shape of a request.
	ErrMalformed = errors.New("ERR malformed request")
	// ErrTooLarge is returned for a request beyond the limits.
	ErrTooLarge = errors.New("TOOLARGE")
)

func malformed(format string, v ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, v...))
}

// ParseCommand reads the body of one command.
func ParseCommand(body []byte, l Limits) (Command, error) {
	p, err := newParser(body, l)
	if err != nil {
		return nil, err
	}
	if err := p.open("a command is an array"); err != nil {
		return nil, err
	}
	cmd, err := p.command()
	if err == nil {
		err = p.end()
	}
	if err != nil {
		return nil, err
	}
	return cmd, nil
}

// ParsePipeline reads a body that is an array of commands; there is at least one.
func ParsePipeline(body []byte, l Limits) (cmds []Command, err error) {
	p, err := newParser(body, l)
	if err != nil {
		return nil, err
	}
	if err := p.open("a pipeline is an array of commands"); err != nil {
		return nil, err
	}
	for p.dec.More() {
		if len(cmds) == l.MaxCommands {
			return nil, fmt.Errorf("%w a pipeline may have %d commands", ErrTooLarge, l.MaxCommands)
		}
		if err := p.open("a command is an array"); err != nil {
			return nil, err
		}
		cmd, err := p.command()
		if err != nil {
			return nil, err
		}
		cmds = append(cmds, cmd)
	}
	if _, err := p.token(); err != nil {
		return nil, err
	}
	if err := p.end(); err != nil {
		return nil, err
	}
	if len(cmds) == 0 {
		return nil, malformed("an empty pipeline")
	}
	return cmds, nil
}

type parser struct {
	dec  *json.Decoder
	l    Limits
	args int // of all commands so far
}

func newParser(body []byte, l Limits) (*parser, error) {
	if !utf8.Valid(body) {
		return nil, malformed("JSON is UTF-8; send other bytes as the body of a command in the path")
	}
	p := &parser{dec: json.NewDecoder(bytes.NewReader(body)), l: l}
	p.dec.UseNumber()
	return p, nil
}

func (p *parser) token() (json.Token, error) {
	t, err := p.dec.Token()
	if err != nil {
		return nil, malformed("%v", err)
	}
	return t, nil
}

func (p *parser) open(what string) error {
	t, err := p.token()
	if err == nil && t != json.Delim('[') {
		err = malformed("%s", what)
	}
	return err
}

// command reads a command after its bracket.
func (p *parser) command() (cmd Command, err error) {
	size := 0
	for {
		t, err := p.token()
		if err != nil {
			return nil, err
		}
		if t == json.Delim(']') {
			break
		}
		arg, err := argument(t)
		if err != nil {
			return nil, err
		}
		p.args++
		if size += len(arg) + perArg; size > p.l.MaxBytes || len(arg) > p.l.MaxArg || p.args > p.l.MaxArgs {
			return nil, p.l.exceeded()
		}
		cmd = append(cmd, arg)
	}
	return cmd, named(cmd)
}

func (l Limits) exceeded() error {
	return fmt.Errorf("%w a command may have %d bytes, an argument %d, and a request %d of them", ErrTooLarge, l.MaxBytes, l.MaxArg, l.MaxArgs)
}

func named(cmd Command) error {
	if len(cmd) == 0 || len(cmd[0]) == 0 {
		return malformed("a command without a name")
	}
	return nil
}

func argument(t json.Token) ([]byte, error) {
	switch t := t.(type) {
	case string:
		return []byte(t), nil
	case json.Number:
		return []byte(t), nil
	case bool:
		return strconv.AppendBool(nil, t), nil
	}
	return nil, malformed("an argument is a string, a number or a boolean")
}

// end refuses anything behind the body.
func (p *parser) end() error {
	if _, err := p.dec.Token(); !errors.Is(err, io.EOF) {
		return malformed("something follows the array")
	}
	return nil
}

// Path is a command in the path and the query of a request.
type Path struct {
	Token string // of the query's _token, "" if there is none

	before, behind [][]byte // the value that a body is
}

// ParsePath reads a command whose arguments are the segments of an escaped path, then the pairs of the query, each
// as two arguments and without a value as one, in order; but for _token.
func ParsePath(path, query string, l Limits) (p Path, err error) {
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	if pairs := strings.Count(query, "&") + 1; len(segments)+2*pairs > l.MaxArgs || len(path)+len(query) > l.MaxBytes {
		return Path{}, l.exceeded()
	}
	for _, s := range segments {
		arg, err := url.PathUnescape(s)
		if err != nil {
			return Path{}, malformed("%v", err)
		}
		p.before = append(p.before, []byte(arg))
	}
	for pair := range strings.SplitSeq(query, "&") {
		if err := p.option(pair); err != nil {
			return Path{}, err
		}
	}
	return p, named(p.before)
}

// option takes one pair of the query.
func (p *Path) option(pair string) error {
	name, value, _ := strings.Cut(pair, "=")
	n, err1 := url.QueryUnescape(name)
	v, err2 := url.QueryUnescape(value)
	switch err := errors.Join(err1, err2); {
	case err != nil:
		return malformed("%v", err)
	case n == "_token":
		p.Token = v
	case n != "" && v != "":
		p.behind = append(p.behind, []byte(n), []byte(v))
	case n != "":
		p.behind = append(p.behind, []byte(n))
	}
	return nil
}

// Command is the whole command. A body, of any bytes, stands where the path ends: what follows a value is in the
// query, as EX is in SET k v EX 100.
func (p Path) Command(body []byte, l Limits) (Command, error) {
	cmd := slices.Clone(p.before)
	if len(body) > 0 {
		cmd = append(cmd, body)
	}
	cmd = append(cmd, p.behind...)
	size := 0
	for _, arg := range cmd {
		size += len(arg) + perArg
	}
	if size > l.MaxBytes || len(body) > l.MaxArg || len(cmd) > l.MaxArgs {
		return nil, l.exceeded()
	}
	return cmd, nil
}
