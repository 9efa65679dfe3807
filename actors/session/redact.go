package session

import (
	"slices"

	"github.com/troupedb/troupe/wire/resp"
)

var hidden = []byte("(redacted)")

// redacted gives the arguments of a command for others to see: without passwords.
func redacted(v *verb, args [][]byte) [][]byte {
	switch v.cmd.FullName() {
	case "auth":
		return hideFrom(args, 1)
	case "hello":
		return hideLogin(args)
	case "migrate":
		return hideAfter(hideAfter(args, 6, "auth", 1), 6, "auth2", 2)
	case "config|set":
		for i := 2; i+1 < len(args); i += 2 {
			if resp.Is(args[i], "requirepass") || resp.Is(args[i], "masterauth") {
				args = slices.Clone(args)
				args[i+1] = hidden
			}
		}
	}
	return args
}

// hideLogin hides the users and passwords of HELLO, but not what is a name by SETNAME.
func hideLogin(args [][]byte) [][]byte {
	out := slices.Clone(args)
	for i := 2; i < len(out); i++ {
		switch {
		case resp.Is(args[i], "setname"):
			i++
		case resp.Is(args[i], "auth"):
			for end := min(i+2, len(out)-1); i < end; {
				i++
				out[i] = hidden
			}
		}
	}
	return out
}

// hideAfter hides n arguments after an option, which is looked for from an index on.
func hideAfter(args [][]byte, from int, option string, n int) [][]byte {
	for i := from; i < len(args); i++ {
		if resp.Is(args[i], option) {
			tail := args[min(i+1+n, len(args)):]
			return append(hideFrom(args[:min(i+1+n, len(args))], i+1), tail...)
		}
	}
	return args
}

// hideFrom hides all arguments from an index on.
func hideFrom(args [][]byte, from int) [][]byte {
	out := slices.Clone(args)
	for i := from; i < len(out); i++ {
		out[i] = hidden
	}
	return out
}
