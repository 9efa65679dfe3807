package client

import (
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/troupedb/troupe/cmd/internal/fate"
)

// Reply is one reply, whatever its type.
type Reply struct {
	Text  string // of a string or a status
	Int   int64  // of an integer
	Items []Reply
	Null  bool

	number bool
	err    string
}

// String is the text of a string or a status, or an integer in digits.
func (r Reply) String() string {
	if r.number {
		return strconv.FormatInt(r.Int, 10)
	}
	return r.Text
}

// Err is the error line of an error reply, else "".
func (r Reply) Err() string { return r.err }

// outcome reads off what go-redis returned for a command: its fate, and either a reply or why there is none.
func outcome(v any, err error) (fate.Fate, Reply, error) {
	var answer redis.Error
	switch {
	case err == nil, errors.Is(err, redis.Nil):
		return fate.Done, plain(v), nil
	case errors.As(err, &answer):
		return fate.OfError(answer.Error()), Reply{err: answer.Error()}, nil
	case unsent(err):
		return fate.Refused, Reply{}, err
	}
	return fate.Unknown, Reply{}, err
}

// unsent reports whether an error is that of making a connection: then nothing was sent.
func unsent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// plain turns a value of go-redis into a Reply.
func plain(v any) Reply {
	switch v := v.(type) {
	case nil:
		return Reply{Null: true}
	case string:
		return Reply{Text: v}
	case int64:
		return Reply{Int: v, number: true}
	case error:
		return Reply{err: v.Error()}
	case []any:
		r := Reply{}
		for _, item := range v {
			r.Items = append(r.Items, plain(item))
		}
		return r
	case map[any]any: // of RESP3: the order is lost, and what is read this way has one key
		r := Reply{}
		for key, value := range v {
			r.Items = append(r.Items, plain(key), plain(value))
		}
		return r
	}
	return Reply{Text: fmt.Sprint(v)}
}
