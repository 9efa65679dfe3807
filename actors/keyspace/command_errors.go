package keyspace

import (
	"bytes"
	"strings"
)

// CommandError is the text of an error reply, code first: "ERR unknown command …".
type CommandError string

func (e CommandError) Error() string { return string(e) }

// maxPreview bounds what an error text repeats of the request.
const maxPreview = 128

// CheckArity answers nil, or the error for a wrong number of arguments. args begins with the name.
func (c *Command) CheckArity(args [][]byte) error {
	if n := len(args); n == c.Arity || (c.Arity < 0 && n >= -c.Arity) {
		return nil
	}
	return c.arity
}

// Unknown is the error for args whose command, or whose subcommand of a known container, does not exist.
func Unknown(args [][]byte) error {
	if len(args) == 0 {
		return CommandError("ERR unknown command '', with args beginning with: ")
	}
	if c := Lookup(args[0]); c != nil && len(c.Subs) > 0 && len(args) > 1 {
		return CommandError("ERR unknown subcommand '" + preview(args[1], maxPreview) + "'. Try " +
			strings.ToUpper(c.Name) + " HELP.")
	}
	var quoted strings.Builder
	for _, a := range args[1:] {
		if quoted.Len() >= maxPreview {
			break
		}
		quoted.WriteString("'" + preview(a, maxPreview-quoted.Len()) + "' ")
	}
	return CommandError("ERR unknown command '" + preview(args[0], maxPreview) +
		"', with args beginning with: " + quoted.String())
}

// preview is at most n bytes of b, up to its first NUL, on one line.
func preview(b []byte, n int) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	if len(b) > n {
		b = b[:n]
	}
	return strings.Map(func(r rune) rune {
		if r == '\r' || r == '\n' {
			return ' '
		}
		return r
	}, string(b))
}
