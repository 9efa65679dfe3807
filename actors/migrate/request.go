package migrate

import (
	"net"
	"strconv"
	"time"

	"github.com/troupedb/troupe/wire/resp"
)

// Request is what a MIGRATE asks for.
type Request struct {
	Address  string
	Database int
	Timeout  time.Duration // of each exchange with the target
	Copy     bool          // the keys stay here
	Replace  bool          // what the target holds under them goes
	Auth     [][]byte      // the arguments of AUTH, none: it needs none
	Keys     [][]byte
}

const (
	defaultTimeout = time.Second
	maxTimeout     = 24 * time.Hour

	errSyntax  = "ERR syntax error"
	errInteger = "ERR value is not an integer or out of range"
	errKeyword = "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string"
)

// Parse reads "MIGRATE host port key|"" database timeout [COPY] [REPLACE] [AUTH password] [AUTH2 user password]
// [KEYS key …]", of at least six arguments. The error line is "" if nothing is wrong.
func Parse(args [][]byte) (r *Request, line string) {
	r = &Request{Address: net.JoinHostPort(string(args[1]), string(args[2])), Keys: args[3:4]}
	if line := r.options(args[6:], len(args[3]) == 0); line != "" {
		return nil, line
	}
	timeout, err := strconv.ParseInt(string(args[5]), 10, 64)
	if err != nil {
		return nil, errInteger
	}
	if r.Database, err = strconv.Atoi(string(args[4])); err != nil {
		return nil, errInteger
	}
	r.Timeout = defaultTimeout
	if timeout > 0 {
		r.Timeout = time.Duration(min(timeout, maxTimeout.Milliseconds())) * time.Millisecond
	}
	return r, ""
}

func (r *Request) options(args [][]byte, several bool) (line string) {
	for i := 0; i < len(args); i++ {
		left := len(args) - i - 1
		switch a := args[i]; {
		case resp.Is(a, "copy"):
			r.Copy = true
		case resp.Is(a, "replace"):
			r.Replace = true
		case resp.Is(a, "auth") && left >= 1:
			r.Auth = args[i+1 : i+2]
			i++
		case resp.Is(a, "auth2") && left >= 2:
			r.Auth = args[i+1 : i+3]
			i += 2
		case resp.Is(a, "keys") && !several:
			return errKeyword
		case resp.Is(a, "keys"):
			r.Keys = args[i+1:]
			return ""
		default:
			return errSyntax
		}
	}
	return ""
}
