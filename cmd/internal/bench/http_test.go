package bench

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/troupedb/troupe/wire/resp"
)

// Every test's request is an array of the same words.
func TestJSONRequests(t *testing.T) {
	for _, test := range tests {
		var w resp.Writer
		test.request(&w, test.appendKey(nil, 7), []byte("value"))
		v, _, err := resp.ParseReply(w.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		var words []string
		if err := json.Unmarshal(appendJSON(nil, w.Bytes()), &words); err != nil || len(words) != len(v.Items) {
			t.Fatalf("%s: %q, %v", test.Name, words, err)
		}
		for i, word := range words {
			if word != string(v.Items[i].Str) {
				t.Errorf("%s: word %d is %q, not %q", test.Name, i, word, v.Items[i].Str)
			}
		}
	}
}

// A plain server answers what a cluster answers, and its client counts it.
func TestPlainHTTP(t *testing.T) {
	addrs := fake(t)
	cluster := redis.NewClusterClient(&redis.ClusterOptions{Addrs: addrs})
	defer cluster.Close()
	srv := httptest.NewServer(plainHandler(cluster))
	defer srv.Close()
	client := &JSON{at: []string{srv.Listener.Addr().String()}}
	for _, name := range []string{"get", "set", "incr"} {
		l := load(t, name)
		l.Pipeline = 1
		if err := client.Prepare(t.Context(), addrs, l); err != nil {
			t.Fatal(err)
		}
		o, err := client.Run(t.Context(), addrs, l)
		if err != nil || o.Failed != 0 || o.Done < int64(l.Clients) || o.P50 <= 0 {
			t.Errorf("%s: %+v, %v", name, o, err)
		}
	}
}

// What is refused is told apart from what fails, and no latency of it counts among those of what was done.
func TestAsker(t *testing.T) {
	answers := []func(http.ResponseWriter){
		func(w http.ResponseWriter) { w.Write([]byte(`{"result":"OK"}`)) },
		func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
		},
		func(w http.ResponseWriter) { w.WriteHeader(http.StatusTooManyRequests) },
		func(w http.ResponseWriter) { http.Error(w, "no", http.StatusServiceUnavailable) },
		func(w http.ResponseWriter) { w.Write([]byte(`{"result":null}`)) },
	}
	n := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answers[n%len(answers)](w); n++ }))
	defer srv.Close()
	conns, err := dialHTTP(t.Context(), []string{srv.Listener.Addr().String()}, 1)
	if err != nil {
		t.Fatal(err)
	}
	a, one := newAsker(), load(t, "get")
	for range answers {
		answer, err := conns[0].post(newRequests(one, 0).next())
		if err != nil {
			t.Fatal(err)
		}
		a.note(answer, time.Millisecond)
	}
	sum := newAsker()
	sum.add(&a)
	p := sum.phase()
	if p.Asked != 5 || p.Done != 1 || p.Refused != 2 || p.Mute != 1 || p.Failed != 2 || !strings.HasPrefix(p.Failure, "no") {
		t.Errorf("%+v", p)
	}
	if sum.accepted.TotalCount() != 1 || sum.refused.TotalCount() != 2 {
		t.Errorf("%d latencies, and %d of what was refused", sum.accepted.TotalCount(), sum.refused.TotalCount())
	}
}

// What servers of net/http answer is read whole, so that the next answer begins where it ends; nothing else is taken for one.
func TestHTTPAnswers(t *testing.T) {
	large := strings.Repeat("x", 10000) // which net/http sends in chunks
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch string(body) {
		case "large":
			io.WriteString(w, large)
		case "refused":
			w.Header().Set("Retry-After", "2")
			w.WriteHeader(http.StatusTooManyRequests)
		default:
			w.Write(body)
		}
	}))
	defer srv.Close()
	conns, err := dialHTTP(t.Context(), []string{srv.Listener.Addr().String()}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for _, tt := range []struct {
			asked string
			want  httpAnswer
		}{
			{"small", httpAnswer{200, []byte("small"), ""}}, {"large", httpAnswer{200, []byte(large), ""}}, {"refused", httpAnswer{429, nil, "2"}},
		} {
			a, err := conns[0].post([]byte(tt.asked))
			if err != nil || a.status != tt.want.status || string(a.body) != string(tt.want.body) || a.retryAfter != tt.want.retryAfter {
				t.Errorf("%s: %d %q %.20q, %v", tt.asked, a.status, a.retryAfter, a.body, err)
			}
		}
	}
	for _, text := range []string{"", "HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx", "SSH-2.0 200 \r\n\r\n"} {
		c := httpConn{from: bufio.NewReader(strings.NewReader(text))}
		if a, err := c.answer(); err == nil {
			t.Errorf("%q is taken for %+v", text, a)
		}
	}
}
