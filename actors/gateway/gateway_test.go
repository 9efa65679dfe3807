package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/troupedb/troupe/actors/session"
	"github.com/troupedb/troupe/gossip"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/rest"
)

func ok([]string) string { return "+OK\r\n" }

// script answers one line after the other, the last for ever.
func script(replies ...string) func([]string) string {
	return func([]string) string {
		r := replies[0]
		if len(replies) > 1 {
			replies = replies[1:]
		}
		return r
	}
}

func TestForms(t *testing.T) {
	b := newBed(t, func(args []string) string {
		switch args[0] {
		case "EXEC":
			return "*2\r\n+OK\r\n-WRONGTYPE x\r\n"
		case "BAD":
			return "-ERR bad\r\n"
		}
		return "$2\r\n\xffx\r\n"
	})
	b.want(b.do("POST", "/", `["GET","k"]`), 200, "{\"result\":\"\ufffdx\"}")
	b.want(b.do("POST", "/", `["GET","k"]`, "Upstash-Encoding", "base64"), 200, `{"result":"/3g="}`)
	b.want(b.do("GET", "/get/a%2Fb/../c", ""), 200, "{\"result\":\"\ufffdx\"}")
	b.want(b.do("POST", "/set/k?EX=5", "bo\r\ndy"), 200, "{\"result\":\"\ufffdx\"}")
	b.want(b.do("POST", "/pipeline", `[["GET","k"],["BAD"]]`), 200, "[{\"result\":\"\ufffdx\"},{\"error\":\"ERR bad\"}]")
	b.want(b.do("POST", "/multi-exec", `[["SET","k",1],["BLPOP","k",0]]`), 200, `[{"result":"OK"},{"error":"WRONGTYPE x"}]`)
	b.want(b.do("POST", "/", `["BAD"]`), 400, `{"error":"ERR bad"}`)
	b.want(b.do("POST", "/", `["CLIENT","SETINFO","LIB-NAME","x"]`), 200, "{\"result\":\"\ufffdx\"}")
	want := "GET k\nGET k\nget a/b .. c\nset k bo\r\ndy EX 5\nGET k\nBAD\nMULTI\nSET k 1\nBLPOP k 0\nEXEC\nBAD\nCLIENT SETINFO LIB-NAME x"
	if got := b.takeAsked(); got != want {
		t.Errorf("asked %q", got)
	}
	if b.dialled != 1 {
		t.Errorf("%d sessions for requests that come one after the other", b.dialled)
	}
}

func TestNonsense(t *testing.T) {
	b := newBed(t, ok)
	for _, tt := range []struct {
		method, target, body string
		status               int
	}{
		{"POST", "/", `{"a":1}`, 400}, {"POST", "/", ``, 400}, {"POST", "/pipeline", `[]`, 400}, {"GET", "/pipeline", ``, 400},
		{"POST", "/multi-exec", `[["GET"`, 400}, {"GET", "//k", ``, 400}, {"DELETE", "/del/k", ``, 405}, {"OPTIONS", "/get/k", ``, 405},
		{"GET", "/multi", ``, 400}, {"POST", "/", `["SUBSCRIBE","c"]`, 400}, {"GET", "/client/reply/off", ``, 400},
		{"GET", "/blpop/k/0", ``, 400}, {"POST", "/", `["XREAD","BLOCK","0","STREAMS","s","$"]`, 400},
		{"POST", "/set/k", strings.Repeat("x", 16<<20+1), 413}, {"POST", "/", strings.Repeat("x", maxBody+1), 413},
	} {
		w := b.do(tt.method, tt.target, tt.body)
		if w.Code != tt.status || !strings.HasPrefix(w.Body.String(), `{"error":"`) {
			t.Errorf("%s %s %.40s: %d %.80s", tt.method, tt.target, tt.body, w.Code, w.Body)
		}
	}
	if asked := b.takeAsked(); asked != "" {
		t.Errorf("asked %q", asked)
	}
	if _, bytes := b.h.memory.InUse(); bytes != 0 {
		t.Errorf("%d bytes are still held", bytes)
	}
}

// TestMethods: those that Upstash takes, also for what is no command; and nobody is told that pages of other sites may ask.
func TestMethods(t *testing.T) {
	b := newBed(t, ok)
	for _, tt := range []struct{ method, target, body, asked, kind string }{
		{"GET", "/set/k/v", "", "set k v", "application/json"},
		{"HEAD", "/set/k/v", "", "set k v", "application/json"},
		{"POST", "/set/k?EX=5", "v", "set k v EX 5", "application/json"},
		{"PUT", "/set/k?EX=5", "v", "set k v EX 5", "application/json"},
		{"PUT", "/", `["SET","k","v"]`, "SET k v", "application/json"},
		{"GET", "/", "", "", "text/html; charset=utf-8"},
		{"HEAD", "/", "", "", "text/html; charset=utf-8"},
		{"HEAD", "/v1/cluster", "", "", "application/json"},
		{"HEAD", "/v1/events", "", "", "text/event-stream"},
		{"HEAD", "/subscribe/c", "", "", "text/event-stream"},
	} {
		w := b.do(tt.method, tt.target, tt.body)
		if asked := b.takeAsked(); w.Code != 200 || asked != tt.asked || w.Header().Get("Content-Type") != tt.kind {
			t.Errorf("%s %s: %d %q, asked %q", tt.method, tt.target, w.Code, w.Header().Get("Content-Type"), asked)
		}
	}
	w := b.do("OPTIONS", "/get/k", "", "Origin", "http://evil.example", "Access-Control-Request-Method", "PUT")
	if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD, POST, PUT" || w.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

// TestBodiesOfAnyType: what a body is said to be makes no difference, but that it is compressed does.
func TestBodiesOfAnyType(t *testing.T) {
	b := newBed(t, ok)
	for _, kind := range []string{"", "application/json", "application/x-www-form-urlencoded", "text/plain; charset=latin1", "multipart/form-data", "no such type"} {
		b.want(b.do("POST", "/", `["SET","k","v"]`, "Content-Type", kind), 200, `{"result":"OK"}`)
		b.want(b.do("POST", "/set/k", "v&w=%zz", "Content-Type", kind), 200, `{"result":"OK"}`)
		if asked := b.takeAsked(); asked != "SET k v\nset k v&w=%zz" {
			t.Errorf("%s: asked %q", kind, asked)
		}
	}
	for coding, status := range map[string]int{"gzip": 415, "br": 415, "identity": 200} {
		if w := b.do("POST", "/set/k", "\x1f\x8b", "Content-Encoding", coding); w.Code != status || (b.takeAsked() != "") != (status == 200) {
			t.Errorf("%s: %d %s", coding, w.Code, w.Body)
		}
	}
}

// TestRetries: what was not done is asked again, and only that.
func TestRetries(t *testing.T) {
	tests := []struct {
		name, reply string
		status      int
		body        string
		asked       int
	}{
		{"a leader is elected", "-CLUSTERDOWN x\r\n", 200, `{"result":"OK"}`, 2},
		{"the map was old", "-MOVED 1 127.0.0.1:1\r\n", 200, `{"result":"OK"}`, 2},
		{"room comes", "-TRYAGAIN x\r\n", 200, `{"result":"OK"}`, 2},
		{"nobody knows", "-UNKNOWN x\r\n", 503, `{"error":"UNKNOWN x","applied":"unknown"}`, 1},
		{"no disk", "-MISCONF x\r\n", 503, `{"error":"MISCONF x","applied":"no"}`, 1},
		{"a mistake", "-ERR x\r\n", 400, `{"error":"ERR x"}`, 1},
		{"two slots", "-CROSSSLOT x\r\n", 409, `{"error":"CROSSSLOT x"}`, 1},
		{"the session ends", "", 503, `{"error":"` + lineLost + `","applied":"unknown"}`, 1},
	}
	for _, tt := range tests {
		b := newBed(t, script(tt.reply, "+OK\r\n"))
		b.want(b.do("POST", "/", `["SET","k","v"]`), tt.status, tt.body)
		if n := strings.Count(b.takeAsked(), "SET"); n != tt.asked {
			t.Errorf("%s: asked %d times", tt.name, n)
		}
	}
	b := newBed(t, func([]string) string { return "" })
	b.want(b.do("POST", "/", `["GET","k"]`), 503, `{"error":"`+lineReadLost+`","applied":"no"}`)
}

// TestPatienceEnds: without time left an error is told, with when to come again.
func TestPatienceEnds(t *testing.T) {
	for reply, status := range map[string]int{"-CLUSTERDOWN x\r\n": 503, "-TRYAGAIN x\r\n": 429} {
		b := newBed(t, script(reply))
		w := b.do("POST", "/", `["SET","k","v"]`, "Request-Timeout", "0")
		if w.Code != status || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), `"applied":"no"`) {
			t.Errorf("%s: %d %v %s", reply, w.Code, w.Header(), w.Body)
		}
		if n := strings.Count(b.takeAsked(), "SET"); n != 1 {
			t.Errorf("asked %d times", n)
		}
	}
}

// TestPipelineRetries: commands that were done are not done again, and the order of the others stays.
func TestPipelineRetries(t *testing.T) {
	refused := 2
	b := newBed(t, func(args []string) string {
		if args[1] == "b" && refused > 0 {
			refused--
			return "-MOVED 1 127.0.0.1:1\r\n"
		}
		return "$1\r\n" + args[2] + "\r\n"
	})
	b.want(b.do("POST", "/pipeline", `[["SET","a",1],["SET","b",2],["SET","b",3],["SET","c",4]]`), 200,
		`[{"result":"1"},{"result":"2"},{"result":"3"},{"result":"4"}]`)
	if got, want := b.takeAsked(), "SET a 1\nSET b 2\nSET b 3\nSET c 4\nSET b 2\nSET b 3"; got != want {
		t.Errorf("asked %q", got)
	}
}

// TestPipelineRefusesEach: a command that makes no sense in a request stops no other, unless all are to be done together.
func TestPipelineRefusesEach(t *testing.T) {
	b := newBed(t, ok)
	const body = `[["SET","a",1],["BLPOP","l",0],["WATCH","a"],["SUBSCRIBE","c"],["GET","a"]]`
	w := b.do("POST", "/pipeline", body)
	var got []struct{ Result, Error string }
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 || len(got) != 5 {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	for i, want := range []string{"", "ERR 'BLPOP' waits", "ERR 'WATCH' is about a connection", "ERR 'SUBSCRIBE' is answered with a stream", ""} {
		if !strings.HasPrefix(got[i].Error, want) || (want == "") != (got[i].Result == "OK") {
			t.Errorf("command %d: %+v, want %q", i, got[i], want)
		}
	}
	if asked := b.takeAsked(); asked != "SET a 1\nGET a" {
		t.Errorf("asked %q", asked)
	}
	b.want(b.do("POST", "/pipeline", `[["MULTI"]]`), 200, `[{"error":"`+unfit(rest.Command{[]byte("MULTI")}, pipeline)+`"}]`)
	if w := b.do("POST", "/pipeline", body, "Idempotency-Key", "k"); w.Code != 400 {
		t.Errorf("applied once: %d %s", w.Code, w.Body)
	}
	if asked := b.takeAsked(); asked != "" {
		t.Errorf("asked %q", asked)
	}
}

func TestTransactionRetries(t *testing.T) {
	replies := map[string]func([]string) string{
		"MULTI": script("+OK\r\n"), "INCR": script("-MOVED 1 127.0.0.1:1\r\n", "+QUEUED\r\n"),
		"EXEC": script("-EXECABORT x\r\n", "-CLUSTERDOWN x\r\n", "*1\r\n:1\r\n"),
	}
	b := newBed(t, func(args []string) string { return replies[args[0]](args) })
	b.want(b.do("POST", "/multi-exec", `[["INCR","k"]]`), 200, `[{"result":1}]`)
	if n := strings.Count(b.takeAsked(), "EXEC"); n != 3 {
		t.Errorf("EXEC %d times", n)
	}
	replies["INCR"] = script("-CROSSSLOT x\r\n")
	replies["EXEC"] = script("-EXECABORT x\r\n")
	b.want(b.do("POST", "/multi-exec", `[["INCR","k"]]`), 409, `{"error":"CROSSSLOT x"}`)
	replies["EXEC"] = script("-UNKNOWN x\r\n")
	b.want(b.do("POST", "/multi-exec", `[["INCR","k"]]`), 503, `{"error":"UNKNOWN x","applied":"unknown"}`)
}

func TestWhoMayAsk(t *testing.T) {
	b := newBed(t, ok)
	tests := []struct {
		name, password string
		open           bool
		target         string
		headers        []string
		status         int
	}{
		{"loopback", "", false, "/get/k", nil, 200},
		{"IPv6 loopback", "", false, "/get/k", []string{"from", "[::1]:80"}, 200},
		{"elsewhere", "", false, "/get/k", []string{"from", "10.0.0.1:80"}, 403},
		{"elsewhere, not protected", "", true, "/get/k", []string{"from", "10.0.0.1:80"}, 200},
		{"another site", "", false, "/get/k", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"another site of old", "", false, "/get/k", []string{"Origin", "http://evil.example"}, 403},
		{"a name of its own for us", "", false, "/get/k", []string{"Host", "evil.example:8379"}, 403},
		{"our own page", "", false, "/get/k", []string{"Sec-Fetch-Site", "same-origin", "Origin", "http://127.0.0.1:8379"}, 200},
		{"no name at all", "", false, "/get/k", []string{"Host", ""}, 200},
		{"localhost", "", false, "/get/k", []string{"Host", "localhost:8379"}, 200},
		{"no token", "pw", false, "/get/k", nil, 401},
		{"wrong token", "pw", false, "/get/k", []string{"Authorization", "Bearer no"}, 401},
		{"another scheme", "pw", false, "/get/k", []string{"Authorization", "Basic pw"}, 401},
		{"token", "pw", false, "/get/k", []string{"Authorization", "Bearer pw", "from", "10.0.0.1:80"}, 200},
		{"token of the query", "pw", false, "/get/k?_token=pw", nil, 200},
		{"wrong token of the query", "pw", false, "/get/k?_token=x", nil, 401},
	}
	for _, tt := range tests {
		b.password, b.open = tt.password, tt.open
		w := b.do("GET", tt.target, "", tt.headers...)
		if w.Code != tt.status {
			t.Errorf("%s: %d %s", tt.name, w.Code, w.Body)
		}
		if asked := b.takeAsked(); (asked != "") != (tt.status == 200) || strings.Contains(asked, "pw") {
			t.Errorf("%s: asked %q", tt.name, asked)
		}
		if w.Code == 401 && w.Header().Get("WWW-Authenticate") == "" {
			t.Errorf("%s: no WWW-Authenticate", tt.name)
		}
	}
}

// TestPagesOfOtherSites: without a password, no page of another site changes anything, whatever a browser says of it.
func TestPagesOfOtherSites(t *testing.T) {
	b := newBed(t, ok)
	b.open = true
	const browser = "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0"
	for _, tt := range []struct {
		name, method, target string
		headers              []string
		status               int
	}{
		{"a stream for a page that is not told", "GET", "/monitor", []string{"User-Agent", browser}, 403},
		{"an image in a page elsewhere", "GET", "/set/k/v", []string{"User-Agent", browser, "Referer", "http://evil.example/x"}, 403},
		{"which only reads", "GET", "/get/k", []string{"User-Agent", browser, "Referer", "http://evil.example/"}, 403},
		{"a page that names us in its path", "GET", "/get/k", []string{"User-Agent", browser, "Referer", "http://evil.example/127.0.0.1:8379"}, 403},
		{"a page on another port", "GET", "/get/k", []string{"User-Agent", browser, "Referer", "http://127.0.0.1:80/"}, 403},
		{"a program that follows a redirect", "GET", "/set/k/v", []string{"Referer", "http://127.0.0.1:8380/"}, 200},
		{"a page that hides itself", "GET", "/set/k/v", []string{"User-Agent", browser}, 403},
		{"or its form", "POST", "/set/k/v", []string{"User-Agent", browser}, 403},
		{"and only reads", "GET", "/get/k", []string{"User-Agent", browser}, 200},
		{"a hidden origin", "POST", "/set/k/v", []string{"User-Agent", browser, "Origin", "null"}, 403},
		{"our own page", "GET", "/set/k/v", []string{"User-Agent", browser, "Referer", "http://127.0.0.1:8379/"}, 200},
		{"our own page posts", "POST", "/set/k/v", []string{"User-Agent", browser, "Origin", "http://127.0.0.1:8379"}, 200},
		{"an address that was typed", "GET", "/set/k/v", []string{"User-Agent", browser, "Sec-Fetch-Site", "none"}, 200},
		{"a program", "GET", "/set/k/v", []string{"User-Agent", "curl/8.5.0"}, 200},
	} {
		w := b.do(tt.method, tt.target, "", tt.headers...)
		if asked := b.takeAsked(); w.Code != tt.status || (asked != "") != (tt.status == 200) {
			t.Errorf("%s: %d %s, asked %q", tt.name, w.Code, w.Body, asked)
		}
	}
	if w := b.do("POST", "/pipeline", `[["GET","k"],["DEL","k"]]`, "User-Agent", browser); w.Code != 403 {
		t.Errorf("a pipeline: %d", w.Code)
	}
	b.password = "pw"
	if w := b.do("GET", "/set/k/v", "", "User-Agent", browser, "Authorization", "Bearer pw"); w.Code != 200 {
		t.Errorf("with the password: %d", w.Code)
	}
}

func TestRedirect(t *testing.T) {
	b := newBed(t, ok)
	self := gossip.Node{ID: slotmap.NodeID{1}, Client: "127.0.0.1:1", HTTP: "127.0.0.1:2001"}
	other := gossip.Node{ID: slotmap.NodeID{2}, Client: "127.0.0.1:2", HTTP: "127.0.0.1:2002"}
	shard := func(id slotmap.ShardID, leader slotmap.NodeID) slotmap.Shard {
		return slotmap.Shard{ID: id, Term: 1, Leader: 1, Members: []slotmap.Member{{Replica: 1, Node: leader}}}
	}
	b.routes.Store(&session.Routes{
		Self: self, Nodes: map[slotmap.NodeID]gossip.Node{self.ID: self, other.ID: other},
		Map: slotmap.New(slotmap.Even(2), []slotmap.Shard{shard(1, self.ID), shard(2, other.ID)}),
	})
	// "a" is in slot 15495, "b" in 3300.
	for body, want := range map[string]string{
		`["GET","a"]`: "http://127.0.0.1:2002/?x=1", `["GET","b"]`: "", `["PING"]`: "",
	} {
		w := b.do("POST", "/?x=1", body, "Prefer", "wait=5, redirect")
		if got := w.Header().Get("Location"); got != want || (w.Code == http.StatusTemporaryRedirect) != (want != "") {
			t.Errorf("%s: %d to %q", body, w.Code, got)
		}
	}
	if w := b.do("POST", "/pipeline", `[["GET","a"],["GET","b"]]`, "Prefer", "redirect"); w.Code != 200 {
		t.Errorf("keys of two nodes: %d", w.Code)
	}
	w := b.do("GET", "/get/a", "")
	if head := w.Header(); w.Code != 200 || head.Get("Troupe-Slot") != "15495" || head.Get("Troupe-Shard") != "2" || head.Get("Troupe-Leader") != other.ID.String() {
		t.Errorf("%d %v", w.Code, head)
	}
}

// TestOverload: without room a request is refused at once, and not carried out.
func TestOverload(t *testing.T) {
	b := newBed(t, ok)
	b.h.gate.here.TryAcquire(maxRequests, 0)
	w := b.do("GET", "/get/k", "")
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	b.h.gate.here.Release(maxRequests, 0)
	b.h.memory.TryAcquire(0, maxMemory)
	for _, method := range []string{"GET", "POST"} {
		w := b.do(method, "/get/k", "")
		if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" {
			t.Errorf("%d %v", w.Code, w.Header())
		}
	}
	b.h.memory.Release(0, maxMemory)
	b.full = true
	if w := b.do("GET", "/get/k", ""); w.Code != http.StatusTooManyRequests {
		t.Errorf("%d", w.Code)
	}
	b.full = false
	if asked := b.takeAsked(); asked != "" {
		t.Errorf("asked %q", asked)
	}
	b.want(b.do("GET", "/get/k", ""), 200, `{"result":"OK"}`)
}

// TestStops: who waits for a leader while the node stops is told so, and who waits for an answer that nobody knows.
func TestStops(t *testing.T) {
	b := newBed(t, script("-CLUSTERDOWN x\r\n"))
	b.h.Drain()
	b.want(b.do("POST", "/", `["SET","k","v"]`), 503, `{"error":"CLUSTERDOWN x","applied":"no"}`)
	b.want(b.do("POST", "/", `["SET","k","v"]`, "Idempotency-Key", "x"), 503, `{"error":"CLUSTERDOWN x","applied":"no"}`)
	if got := strings.Count(b.takeAsked(), "SET k v"); got != 2 {
		t.Errorf("asked %d times: each of the two is asked once, for a node that stops does not wait for a leader", got)
	}
	b.h.Drain() // again is harmless

	asked, never := make(chan struct{}), make(chan struct{})
	b = newBed(t, func([]string) string { close(asked); <-never; return "" })
	t.Cleanup(func() { close(never) })
	ctx, giveUp := context.WithCancel(t.Context())
	r := httptest.NewRequestWithContext(ctx, "GET", "/set/k/v", nil)
	r.Host, r.RemoteAddr = "127.0.0.1:1", "127.0.0.1:2"
	w, done := httptest.NewRecorder(), make(chan struct{})
	go func() { defer close(done); b.h.ServeHTTP(w, r) }()
	<-asked
	giveUp()
	<-done
	b.want(w, 503, `{"error":"`+lineLost+`","applied":"unknown"}`)
}
