package rest

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/troupedb/troupe/wire/resp"
)

func words(cmd Command) (out []string) {
	for _, a := range cmd {
		out = append(out, string(a))
	}
	return out
}

func TestParseCommand(t *testing.T) {
	tests := []struct {
		body string
		want []string // nil: refused
	}{
		{`["SET","k","v"]`, []string{"SET", "k", "v"}},
		{` [ "SET" , "k" , 12.50 , true, false, -0 ] `, []string{"SET", "k", "12.50", "true", "false", "-0"}},
		{`["GET","\u00e9\n\"\ud83d\ude00"]`, []string{"GET", "é\n\"😀"}},
		{`["SET","",""]`, []string{"SET", "", ""}},
		{`["SET","n",123456789012345678901234567890]`, []string{"SET", "n", "123456789012345678901234567890"}},
		{``, nil}, {`"GET"`, nil}, {`{"a":1}`, nil}, {`[]`, nil}, {`[""]`, nil}, {`["GET"`, nil}, {`["GET","k"]]`, nil},
		{`["GET","k"] x`, nil}, {`["GET",null]`, nil}, {`["GET",["k"]]`, nil}, {`["GET",{"k":1}]`, nil}, {`["GET" "k"]`, nil},
		{`["GET","k",]`, nil}, {"[\"GET\",\"\xff\"]", nil}, {strings.Repeat("[", 100000), nil},
	}
	for _, tt := range tests {
		cmd, err := ParseCommand([]byte(tt.body), DefaultLimits())
		if !slices.Equal(words(cmd), tt.want) || (err == nil) != (tt.want != nil) {
			t.Errorf("%.60s: %q, %v", tt.body, words(cmd), err)
		}
		if err != nil && !errors.Is(err, ErrMalformed) {
			t.Errorf("%.60s: %v", tt.body, err)
		}
	}
}

func TestParsePipeline(t *testing.T) {
	cmds, err := ParsePipeline([]byte(`[["SET","k",1],["GET","k"]]`), DefaultLimits())
	if err != nil || len(cmds) != 2 || !slices.Equal(words(cmds[0]), []string{"SET", "k", "1"}) || !slices.Equal(words(cmds[1]), []string{"GET", "k"}) {
		t.Errorf("%q, %v", cmds, err)
	}
	for _, body := range []string{`[]`, `["GET","k"]`, `[[]]`, `[["GET"]`, `[["GET"]],`, `[[["GET"]]]`, `{}`, ``} {
		if cmds, err := ParsePipeline([]byte(body), DefaultLimits()); !errors.Is(err, ErrMalformed) || cmds != nil {
			t.Errorf("%s: %q, %v", body, cmds, err)
		}
	}
}

func TestLimits(t *testing.T) {
	l := Limits{MaxArg: 10, MaxBytes: 2*perArg + 12, MaxArgs: 4, MaxCommands: 2}
	for body, want := range map[string]error{
		`[["0123456789","xy"]]`: nil, `[["0123456789","xyz"]]`: ErrTooLarge, `[["0123456789a"]]`: ErrTooLarge,
		`[["a","b"],["c","d"]]`: nil, `[["a","b"],["c","d","e"]]`: ErrTooLarge, `[["a"],["b"],["c"]]`: ErrTooLarge,
	} {
		if _, err := ParsePipeline([]byte(body), l); !errors.Is(err, want) {
			t.Errorf("%s: %v", body, err)
		}
	}
	for path, want := range map[string]error{"/a/b": nil, "/a/b/c/d/e": ErrTooLarge, "/" + strings.Repeat("a", l.MaxBytes): ErrTooLarge} {
		if _, err := ParsePath(path, "", l); !errors.Is(err, want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	path, err := ParsePath("/set/k", "", l)
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range map[int]error{8: nil, 9: ErrTooLarge, 11: ErrTooLarge} {
		l.MaxBytes = 3*perArg + 12
		got, err := path.Command(make([]byte, n), l)
		if !errors.Is(err, want) || err == nil && len(got) != 3 {
			t.Errorf("%d bytes more: %q, %v", n, got, err)
		}
	}
}

func TestParsePath(t *testing.T) {
	tests := []struct {
		path, query, body string
		want              []string
		token             string
	}{
		{"/get/k", "", "", []string{"get", "k"}, ""},
		{"/set/a%2Fb/c%20d", "EX=100&NX", "", []string{"set", "a/b", "c d", "EX", "100", "NX"}, ""},
		{"/set/k", "EX=100&_token=t&NX", "va\x00l", []string{"set", "k", "va\x00l", "EX", "100", "NX"}, "t"},
		{"/get/../..", "_token=s%3D1", "", []string{"get", "..", ".."}, "s=1"},
		{"/set/k/", "", "", []string{"set", "k", ""}, ""},
		{"/SET/k+1/%00", "a%20b=c+d", "", []string{"SET", "k+1", "\x00", "a b", "c d"}, ""},
		{"//k", "", "", nil, ""}, {"/", "", "", nil, ""}, {"/get/%zz", "", "", nil, ""}, {"/get/k", "a=%z", "", nil, ""},
	}
	for _, tt := range tests {
		p, err := ParsePath(tt.path, tt.query, DefaultLimits())
		if tt.want == nil {
			if !errors.Is(err, ErrMalformed) {
				t.Errorf("%s: %q, %v", tt.path, p, err)
			}
			continue
		}
		cmd, err2 := p.Command([]byte(tt.body), DefaultLimits())
		if !slices.Equal(words(cmd), tt.want) || p.Token != tt.token || err != nil || err2 != nil {
			t.Errorf("%s?%s: %q, %q, %v, %v", tt.path, tt.query, words(cmd), p.Token, err, err2)
		}
	}
}

func reply(t *testing.T, text string) resp.Value {
	t.Helper()
	v, n, err := resp.ParseReply([]byte(text))
	if err != nil || n != len(text) {
		t.Fatalf("%q: %d, %v", text, n, err)
	}
	return v
}

func TestAnswers(t *testing.T) {
	tests := []struct{ reply, plain, b64 string }{
		{"+OK\r\n", `{"result":"OK"}`, `{"result":"OK"}`},
		{"$2\r\nOK\r\n", `{"result":"OK"}`, `{"result":"T0s="}`},
		{"+PONG\r\n", `{"result":"PONG"}`, `{"result":"UE9ORw=="}`},
		{"$-1\r\n", `{"result":null}`, `{"result":null}`},
		{":-7\r\n", `{"result":-7}`, `{"result":-7}`},
		{"$3\r\n\"\n\x01\r\n", `{"result":"\"\n\u0001"}`, `{"result":"IgoB"}`},
		{"$2\r\n\xff<\r\n", "{\"result\":\"\ufffd\\u003c\"}", `{"result":"/zw="}`},
		{"*3\r\n:1\r\n*1\r\n+OK\r\n*-1\r\n", `{"result":[1,["OK"],null]}`, `{"result":[1,["T0s="],null]}`},
		{"#t\r\n", `{"result":true}`, `{"result":true}`},
		{",1.5\r\n", `{"result":1.5}`, `{"result":1.5}`},
		{",inf\r\n", `{"result":"inf"}`, `{"result":"inf"}`},
		{"%1\r\n+a\r\n:1\r\n", `{"result":["a",1]}`, `{"result":["YQ==",1]}`},
		{"-ERR no\r\n", `{"error":"ERR no"}`, `{"error":"ERR no"}`},
		{"-UNKNOWN x\r\n", `{"error":"UNKNOWN x","applied":"unknown"}`, `{"error":"UNKNOWN x","applied":"unknown"}`},
		{"-MOVED 1 a:1\r\n", `{"error":"MOVED 1 a:1","applied":"no"}`, `{"error":"MOVED 1 a:1","applied":"no"}`},
	}
	for _, tt := range tests {
		v := reply(t, tt.reply)
		for b64, want := range map[bool]string{false: tt.plain, true: tt.b64} {
			got := AppendAnswer(nil, v, b64)
			if string(got) != want || !json.Valid(got) {
				t.Errorf("%q: %s, want %s", tt.reply, got, want)
			}
		}
	}
	many := AppendAnswers(nil, []resp.Value{reply(t, ":1\r\n"), reply(t, "-ERR x\r\n")}, false)
	if string(many) != `[{"result":1},{"error":"ERR x"}]` {
		t.Errorf("%s", many)
	}
}

func TestJudge(t *testing.T) {
	for line, want := range map[string]Verdict{
		"ERR syntax error":      {Status: 400},
		"WRONGTYPE Operation":   {Status: 400},
		"CROSSSLOT Keys":        {Status: 409},
		"MOVED 1 127.0.0.1:1":   {Status: 503, Applied: NotApplied, Again: true},
		"TRYAGAIN":              {Status: 429, Applied: NotApplied, Again: true},
		"UNKNOWN The outcome":   {Status: 503, Applied: Unknown},
		"MISCONF Too little":    {Status: 503, Applied: NotApplied},
		discarded + "OOM much":  {Status: 503, Applied: NotApplied},
		"UNKNOWNCOMMAND is not": {Status: 400},
	} {
		if got := Judge(line); got != want {
			t.Errorf("%s: %+v", line, got)
		}
	}
}

// FuzzParse: what is taken keeps its bounds, and is read the same when it is written as JSON again.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`[["SET","k",1],["GET","k"]]`))
	f.Add([]byte(`["SET","k",true]`))
	l := Limits{MaxArg: 80, MaxBytes: 200, MaxArgs: 20, MaxCommands: 5}
	f.Fuzz(func(t *testing.T, body []byte) {
		cmds, err := ParsePipeline(body, l)
		if err != nil {
			return
		}
		var again [][]string
		for _, c := range cmds {
			again = append(again, words(c))
		}
		text, _ := json.Marshal(again)
		same, err := ParsePipeline(text, l)
		if err != nil || len(same) != len(cmds) || len(cmds) > l.MaxCommands {
			t.Fatalf("%q became %q: %v", body, text, err)
		}
		for i := range cmds {
			if !slices.Equal(words(cmds[i]), words(same[i])) {
				t.Errorf("%q became %q", cmds[i], same[i])
			}
		}
	})
}

// FuzzAnswer: whatever a reply holds, the answer is JSON.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte("*2\r\n$1\r\n\xff\r\n,nan\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		v, _, err := resp.ParseReply(b)
		if err != nil {
			return
		}
		for _, b64 := range []bool{false, true} {
			if got := AppendAnswer(nil, v, b64); !json.Valid(got) {
				t.Errorf("%q: %s", b, got)
			}
		}
	})
}
