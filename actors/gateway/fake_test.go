package gateway

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/troupedb/troupe/actors/session"
	"github.com/troupedb/troupe/actors/survey"
	"github.com/troupedb/troupe/gossip"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
	"github.com/troupedb/troupe/wire/resp"
)

// bed is a handler over sessions that answer as a test says.
type bed struct {
	t      *testing.T
	h      *Handler
	routes atomic.Pointer[session.Routes]

	mu       sync.Mutex
	answer   func(args []string) string // the bytes of the reply; "" ends the session
	asked    []string
	dialled  int
	password string
	open     bool // not protected
	full     bool // no more sessions, nor questions to other nodes
	others   map[slotmap.NodeID]*wire.Surveyed
}

func newBed(t *testing.T, answer func(args []string) string) *bed {
	b := &bed{t: t, answer: answer}
	b.routes.Store(&session.Routes{Map: &slotmap.Map{}, Nodes: map[slotmap.NodeID]gossip.Node{}})
	b.h = New(Config{Sessions: b, Routes: b.routes.Load, Survey: b})
	t.Cleanup(b.h.Close)
	return b
}

func (b *bed) Authentic(p []byte) bool { return string(p) == b.password }
func (b *bed) HasPassword() bool       { return b.password != "" }
func (b *bed) Protected() bool         { return !b.open }

func (b *bed) Own() *wire.Surveyed { return &wire.Surveyed{Replicas: []wire.Standing{{Shard: 1}}} }

func (b *bed) Others(context.Context, []slotmap.NodeID) (map[slotmap.NodeID]*wire.Surveyed, error) {
	if b.full {
		return nil, survey.ErrBusy
	}
	return b.others, nil
}

func (b *bed) Dial() (net.Conn, error) {
	if b.full {
		return nil, session.ErrBusy
	}
	b.mu.Lock()
	b.dialled++
	b.mu.Unlock()
	here, there := net.Pipe()
	go b.serve(there)
	return duplex{here}, nil
}

// duplex writes as a session's connection does: without waiting for the reader.
type duplex struct{ net.Conn }

func (d duplex) Write(p []byte) (int, error) {
	go d.Conn.Write(bytes.Clone(p))
	return len(p), nil
}

func (b *bed) serve(conn net.Conn) {
	defer conn.Close()
	r := resp.NewReader(resp.DefaultLimits())
	var cmd resp.Command
	for {
		for {
			ok, err := r.Next(&cmd)
			if err != nil {
				b.t.Errorf("a session was sent nonsense: %v", err)
				return
			}
			if !ok {
				break
			}
			reply := b.reply(cmd.Args)
			if reply == "" {
				return
			}
			if _, err := io.WriteString(conn, reply); err != nil {
				return
			}
		}
		if _, err := r.Fill(conn); err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrClosedPipe) {
				b.t.Error(err)
			}
			return
		}
	}
}

func (b *bed) reply(args [][]byte) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var words []string
	for _, a := range args {
		words = append(words, string(a))
	}
	b.asked = append(b.asked, strings.Join(words, " "))
	return b.answer(words)
}

// takeAsked returns what sessions were asked since the last time, a command a line.
func (b *bed) takeAsked() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	asked := strings.Join(b.asked, "\n")
	b.asked = nil
	return asked
}

// do makes a request from loopback. Headers are name, value, name, value.
func (b *bed) do(method, target, body string, headers ...string) *httptest.ResponseRecorder {
	b.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host, r.RemoteAddr = "127.0.0.1:8379", "127.0.0.1:5000"
	r.Header.Set("Request-Timeout", "30")
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "from" {
			r.RemoteAddr = headers[i+1]
		} else if headers[i] == "Host" {
			r.Host = headers[i+1]
		} else {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	w := httptest.NewRecorder()
	b.h.ServeHTTP(w, r)
	return w
}

func (b *bed) want(w *httptest.ResponseRecorder, status int, body string) {
	b.t.Helper()
	if w.Code != status || w.Body.String() != body {
		b.t.Errorf("%d %s, want %d %s", w.Code, w.Body, status, body)
	}
}

var _ http.Handler = (*Handler)(nil)
