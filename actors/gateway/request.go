package gateway

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/troupedb/troupe/wire/rest"
)

// form is how the commands of a request belong together.
type form uint8

const (
	single form = iota
	pipeline
	transaction
	follow
)

// request is what an HTTP request asks for. Its commands alias nothing.
type request struct {
	form   form
	cmds   []rest.Command
	unfit  map[int]string // why commands of a pipeline are not carried out, by their place in it
	b64    bool
	within time.Duration // that may be spent on asking again
	once   []byte        // key under which it is applied once, nil: it is carried out whenever it comes
	held   *hold         // what it may take of the budget of bytes
}

// How long may be spent on asking again what was not done.
const (
	defaultWithin = 5 * time.Second
	maxWithin     = 30 * time.Second
)

// inBody are the paths whose commands are in the body.
var inBody = map[string]form{"/": single, "/pipeline": pipeline, "/multi-exec": transaction}

// read admits a request and reads its commands.
func (h *Handler) read(r *http.Request, held *hold) (*request, *failure) {
	once, err := onceKey(r.Header)
	if err != nil {
		return nil, errorOf(err.Error())
	}
	form, ofBody := inBody[r.URL.Path]
	path, err := rest.ParsePath(r.URL.EscapedPath(), r.URL.RawQuery, h.limits)
	if !ofBody && err != nil {
		return nil, errorOf(err.Error())
	}
	if bad := h.admit(r, path.Token); bad != nil {
		return nil, bad
	}
	body, bad := readBody(r, held)
	if bad != nil {
		return nil, bad
	}
	q := &request{form: form, once: once, b64: strings.EqualFold(r.Header.Get("Upstash-Encoding"), "base64"), within: within(r), held: held}
	if !ofBody {
		err = q.ofPath(path, body, h.limits)
	} else if bad := h.roomForArguments(body, held); bad != nil {
		return nil, bad
	} else {
		err = q.parse(body, h.limits)
	}
	if err == nil {
		err = q.check()
	}
	if err != nil {
		return nil, errorOf(err.Error())
	}
	if bad := h.admitCommands(r, q.cmds); bad != nil {
		return nil, bad
	}
	return q, nil
}

func (q *request) ofPath(path rest.Path, body []byte, l rest.Limits) error {
	cmd, err := path.Command(body, l)
	if err != nil {
		return err
	}
	if isFollowed(cmd) {
		q.form = follow
	}
	q.cmds = []rest.Command{cmd}
	return nil
}

func (q *request) parse(body []byte, l rest.Limits) (err error) {
	if q.form != single {
		q.cmds, err = rest.ParsePipeline(body, l)
		return err
	}
	cmd, err := rest.ParseCommand(body, l)
	q.cmds = []rest.Command{cmd}
	return err
}

// within reads Request-Timeout.
func within(r *http.Request) time.Duration {
	s, err := strconv.ParseFloat(r.Header.Get("Request-Timeout"), 64)
	if err != nil || math.IsNaN(s) || s < 0 {
		return defaultWithin
	}
	return time.Duration(min(s, maxWithin.Seconds()) * float64(time.Second))
}
