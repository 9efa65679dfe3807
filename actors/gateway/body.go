package gateway

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
)

// What a body costs: each byte is there in the body, in the commands that are made of it and in what a session is
// sent; and each argument of a JSON body, which a comma parts from the next, has memory of its own.
const (
	copiesOfBody = 3
	perArgument  = 64
	firstRead    = 4 << 10
)

const lineCrowded = "BUSY there are as many requests, or they and their answers hold as much, as may be: not done"

// readBody reads the body. Room is taken as its bytes arrive, not by what it is said to have.
func readBody(r *http.Request, held *hold) ([]byte, *failure) {
	if c := r.Header.Get("Content-Encoding"); c != "" && !strings.EqualFold(c, "identity") {
		return nil, &failure{http.StatusUnsupportedMediaType, "ERR a body comes as it is, not compressed"}
	}
	if r.ContentLength > maxBody {
		return nil, bodyTooLarge()
	}
	if r.ContentLength == 0 {
		return nil, nil
	}
	var body []byte
	for {
		if len(body) == cap(body) {
			grown := min(max(2*cap(body), firstRead), maxBody+1)
			if !held.use(copiesOfBody * int64(grown-cap(body))) {
				return nil, errorOf(lineCrowded)
			}
			body = append(make([]byte, 0, grown), body...)
		}
		n, err := r.Body.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case len(body) > maxBody:
			return nil, bodyTooLarge()
		case errors.Is(err, io.EOF):
			return body, nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			return nil, &failure{http.StatusRequestTimeout, "ERR the body did not arrive in time"}
		case err != nil:
			return nil, &failure{http.StatusBadRequest, "ERR the body did not arrive whole, or is no HTTP"}
		}
	}
}

// roomForArguments takes room for as many arguments as a body of JSON may have.
func (h *Handler) roomForArguments(body []byte, held *hold) *failure {
	if !held.use(perArgument * int64(min(bytes.Count(body, []byte{','})+1, h.limits.MaxArgs))) {
		return errorOf(lineCrowded)
	}
	return nil
}

func bodyTooLarge() *failure {
	return errorOf("TOOLARGE a body may have " + strconv.Itoa(maxBody) + " bytes")
}
