package client

import (
	"net"
	"reflect"
	"testing"
	"time"

	"github.com/troupedb/troupe/cmd/internal/fakecluster"
	"github.com/troupedb/troupe/cmd/internal/fate"
)

// answering is a node that answers any command with the given bytes, and hangs up.
func answering(t *testing.T, raw string) (addr string) {
	t.Helper()
	fc, err := fakecluster.New(1, 1, fakecluster.Bugs{Raw: raw})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fc.Close)
	return fc.Addrs()[0]
}

func TestAskReadsEveryKindOfReply(t *testing.T) {
	for text, want := range map[string]Reply{
		"+OK\r\n":                       {Text: "OK"},
		":-42\r\n":                      {Int: -42, number: true},
		"$5\r\na\r\nbc\r\n":             {Text: "a\r\nbc"},
		"$0\r\n\r\n":                    {},
		"$-1\r\n":                       {Null: true},
		"*-1\r\n":                       {Null: true},
		"*0\r\n":                        {},
		"*2\r\n:1\r\n*1\r\n+x\r\n":      {Items: []Reply{{Int: 1, number: true}, {Items: []Reply{{Text: "x"}}}}},
		"%1\r\n$1\r\nk\r\n*1\r\n:1\r\n": {Items: []Reply{{Text: "k"}, {Items: []Reply{{Int: 1, number: true}}}}},
		"-MOVED 1 a:2\r\n":              {err: "MOVED 1 a:2"},
		"-UNKNOWN who knows\r\n":        {err: "UNKNOWN who knows"},
		"*2\r\n-ERR no\r\n$1\r\ny\r\n":  {Items: []Reply{{err: "ERR no"}, {Text: "y"}}},
	} {
		got, err := Ask(t.Context(), answering(t, text), patience, "GET", "k")
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %+v, %v", text, got, err)
		}
	}
}

func TestAHalfReplyIsNone(t *testing.T) {
	for _, text := range []string{"\n", "$5\r\nab", "*2\r\n:1\r\n", "nonsense\r\n", "$x\r\n"} {
		if r, err := Ask(t.Context(), answering(t, text), patience, "GET", "k"); err == nil {
			t.Errorf("%q: %+v", text, r)
		}
		routes := NewRoutes([]string{answering(t, text)})
		defer routes.Close()
		if r := NewSession(t.Context(), routes, patience, 0).Do("k", "SET", "k", "v"); r.Fate != fate.Unknown || r.Err == nil {
			t.Errorf("%q: %v %+v", text, r.Fate, r.Reply)
		}
	}
}

func TestASilentNodeIsGivenUp(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	routes := NewRoutes([]string{ln.Addr().String()})
	defer routes.Close()
	r := NewSession(t.Context(), routes, 50*time.Millisecond, 0).Do("k", "SET", "k", "v")
	if r.Fate != fate.Unknown || r.Err == nil || r.Code() != "NET" {
		t.Errorf("%v %v", r.Fate, r.Err)
	}
	if _, err := Ask(t.Context(), ln.Addr().String(), 50*time.Millisecond, "PING"); err == nil {
		t.Error("a reply out of nothing")
	}
}

func TestReplyAsText(t *testing.T) {
	for want, v := range map[string]any{"true": true, "0": int64(0), "-7": int64(-7), "x": "x", "": nil} {
		if got := plain(v).String(); got != want {
			t.Errorf("%v: %q", v, got)
		}
	}
}
