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
			w.Header()["Retry-After"] = retryAfter
		}
	}
	write(w, f.status, rest.AppendError(nil, f.line))
}

func fail(w http.ResponseWriter, status int, line string) { (&failure{status, line}).write(w) }

// Values of headers, which nobody changes.
var (
	ofJSON     = []string{"application/json"}
	notStored  = []string{"no-store"}
	notGuessed = []string{"nosniff"}
	retryAfter = []string{strconv.Itoa(int(comeAgain / time.Second))}
)

func write(w http.ResponseWriter, status int, body []byte) {
	head := w.Header()
	head["Content-Type"] = ofJSON
	head["Content-Length"] = []string{strconv.Itoa(len(body))}
	head["Cache-Control"] = notStored
	head["X-Content-Type-Options"] = notGuessed
	w.WriteHeader(status)
	w.Write(body)
}

// answerTime is how long an answer may take beyond the time for asking again: that in which any batch is answered.
const answerTime = 10 * time.Second

// answer carries a request out in its turn, and writes the replies.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request, q *request) {
	begin := time.Now()
	if !q.held.reserve(sureAnswer) {
		h.refuse(w, r, begin)
		return
	}
	t, ok := h.gate.enter(r.Context())
	if !ok {
		h.refuse(w, r, begin)
		return
	}
	defer t.leave()
	visitorOf(r.Context()).welcome.Store(0)
	defer func() { h.answered.Observe(time.Since(begin)) }()
	h.tellWhere(w, q)
	o := h.carryOut(r.Context(), q)
	t.end() // the reader may be slow
	if o.one {
		q.writeSingle(w, o.replies[0])
		return
	}
	q.writeAll(w, o.replies)
}

// crowdedAnswer is made once: there is the less time for it, the more often it is given.
var crowdedAnswer = rest.AppendError(nil, lineCrowded)

// refuse tells that there are too many requests.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, begin time.Time) {
	h.gate.putOff(visitorOf(r.Context()))
	w.Header()["Retry-After"] = retryAfter
	write(w, http.StatusTooManyRequests, crowdedAnswer)
	if r.Context().Err() == nil { // nor has the client gone away in line
		h.refused.Observe(time.Since(begin))
	}
}

// outcome is what came of a request: a reply to each command, or one to them all.
type outcome struct {
	replies []resp.Value
	one     bool
}

func (h *Handler) carryOut(ctx context.Context, q *request) outcome {
	until := time.Now().Add(q.within)
	ctx, cancel := context.WithDeadline(ctx, until.Add(answerTime))
	defer cancel()
	switch {
	case q.once != nil && q.writes():
		return q.ofExec(h.calls.once(ctx, until, q.once, q.cmds, q.held))
	case q.form == transaction:
		return q.ofExec(h.calls.transact(ctx, until, q.cmds, q.held))
	}
	return outcome{q.all(h.calls.run(ctx, until, q.fit(), q.held)), q.form == single}
}

// ofExec is the outcome of a request that was carried out as a transaction.
func (q *request) ofExec(reply resp.Value) outcome {
	if reply.Kind != resp.Array {
		return outcome{[]resp.Value{reply}, true}
	}
	return outcome{reply.Items, q.form == single && len(reply.Items) == 1}
}

// writeAll answers with an array. What finds no room there was carried out all the same.
func (q *request) writeAll(w http.ResponseWriter, replies []resp.Value) {
	size := rest.AnswersSize(replies, q.b64)
	if !q.held.use(int64(size)) {
		errorOf(q.noRoom()).write(w)
		return
	}
	write(w, http.StatusOK, rest.AppendAnswers(make([]byte, 0, size), replies, q.b64))
}

func (q *request) writeSingle(w http.ResponseWriter, v resp.Value) {
	size := rest.AnswerSize(v, q.b64)
	switch {
	case v.Kind == resp.Error:
		errorOf(string(v.Str)).write(w)
	case !q.held.use(int64(size)):
		errorOf(q.noRoom()).write(w)
	default:
		write(w, http.StatusOK, rest.AppendAnswer(make([]byte, 0, size), v, q.b64))
	}
}

// noRoom is the error of a request whose replies came, and have no room as an answer.
func (q *request) noRoom() string {
	if q.writes() {
		return lineNoRoomW
	}
	return lineNoRoom
}
