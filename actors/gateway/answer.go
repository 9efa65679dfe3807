package gateway

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/troupedb/troupe/wire/resp"
	"github.com/troupedb/troupe/wire/rest"
)

// failure is an error that is the whole answer.
type failure struct {
	status int
	line   string
}

// errorOf is the failure that an error line means.
func errorOf(line string) *failure { return &failure{rest.Judge(line).Status, line} }

func (f *failure) write(w http.ResponseWriter) {
	switch f.status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Bearer realm="troupe"`)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		if rest.Judge(f.line).Again {
			w.Header().Set("Retry-After", "1")
		}
	}
	write(w, f.status, rest.AppendError(nil, f.line))
}

func fail(w http.ResponseWriter, status int, line string) { (&failure{status, line}).write(w) }

func write(w http.ResponseWriter, status int, body []byte) {
	head := w.Header()
	head.Set("Content-Type", "application/json")
	head.Set("Content-Length", strconv.Itoa(len(body)))
	head.Set("Cache-Control", "no-store")
	head.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	w.Write(body)
}

// answerTime is how long an answer may take beyond the time for asking again: that in which any batch is answered.
const answerTime = 10 * time.Second

// answer carries a request out and writes the replies.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request, q *request) {
	until := time.Now().Add(q.within)
	ctx, cancel := context.WithDeadline(r.Context(), until.Add(answerTime))
	defer cancel()
	h.tellWhere(w, q)
	var replies []resp.Value
	switch q.form {
	case transaction:
		reply := h.calls.transact(ctx, until, q.cmds)
		if reply.Kind != resp.Array {
			writeSingle(w, reply, q.b64)
			return
		}
		replies = reply.Items
	default:
		replies = h.calls.run(ctx, until, q.cmds)
		if q.form == single {
			writeSingle(w, replies[0], q.b64)
			return
		}
	}
	write(w, http.StatusOK, rest.AppendAnswers(nil, replies, q.b64))
}

func writeSingle(w http.ResponseWriter, v resp.Value, b64 bool) {
	if v.Kind == resp.Error {
		errorOf(string(v.Str)).write(w)
		return
	}
	write(w, http.StatusOK, rest.AppendAnswer(nil, v, b64))
}
