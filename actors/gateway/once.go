package gateway

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/wire/resp"
	"github.com/troupedb/troupe/wire/rest"
)

var errOnceKey = errors.New(`ERR an Idempotency-Key is one string of 1 to 255 printable characters: "8e03978e-40d5-43dd-bc93-6894a57f9324"`)

// onceKey reads Idempotency-Key, a string of RFC 8941, or as many clients have it without its quotes. nil: there is none.
func onceKey(head http.Header) ([]byte, error) {
	values := head.Values("Idempotency-Key")
	if len(values) == 0 {
		return nil, nil
	}
	key := strings.TrimSpace(values[0])
	if strings.HasPrefix(key, `"`) {
		text, ok := strings.CutSuffix(key[1:], `"`)
		if key = text; !ok || strings.ContainsAny(text, `"\`) {
			return nil, errOnceKey
		}
	}
	unprintable := strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r > '~' })
	if len(values) > 1 || key == "" || len(key) > keyspace.MaxOnceKey || unprintable {
		return nil, errOnceKey
	}
	return []byte(key), nil
}

// writes reports whether a request may change something. One that does not may be carried out again at any time.
func (q *request) writes() bool {
	return slices.ContainsFunc(q.cmds, func(cmd rest.Command) bool { return !reads(cmd) })
}

// once carries commands out as a transaction that is applied once. Also an unknown outcome is asked again then. The reply
// is that of EXEC, or the error that stands for it.
func (c *caller) once(ctx context.Context, until time.Time, key []byte, cmds []rest.Command, held *hold) resp.Value {
	all := slices.Concat([]rest.Command{{[]byte("CLIENT"), []byte("ONCE"), key}}, inTransaction(cmds))
	var doubt *resp.Value // what was answered when nobody could tell: a later refusal tells no more
	mark := held.used
	for try := c.newPatience(until); ; held.rewind(mark) {
		reply := verdictOf(c.roundTrip(ctx, all, held))
		if reply.Kind != resp.Error {
			return reply
		}
		line := string(reply.Str)
		applied := rest.Judge(line).Applied
		if applied == rest.Unknown {
			doubt = &reply
		}
		switch {
		case (try.worth(line) || try.doubtful(line)) && try.wait(ctx):
		case doubt != nil && applied == rest.NotApplied:
			return *doubt
		default:
			return reply
		}
	}
}
