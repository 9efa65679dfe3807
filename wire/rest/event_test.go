package rest

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/troupedb/troupe/wire/resp"
)

func TestEvents(t *testing.T) {
	for text, want := range map[string]string{
		"*3\r\n$9\r\nsubscribe\r\n$4\r\nchat\r\n:1\r\n":             "data: subscribe,chat,1\n\n",
		"*3\r\n$7\r\nmessage\r\n$4\r\nchat\r\n$5\r\nhello\r\n":      "data: message,chat,hello\n\n",
		"*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$8\r\na\nb\r\nc\r\n\r\n": "data: message,c,a\ndata: b\ndata: c\ndata: \n\n",
		"*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\n\xff\r\n":          "data: message,c,\ufffd\n\n",
		"*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n":                 "data: unsubscribe,,0\n\n",
		"+OK\r\n":                         "data: \"OK\"\n\n",
		"+1.000001 [0 inner] \"GET\"\r\n": "data: 1.000001 [0 inner] \"GET\"\n\n",
	} {
		if got := string(AppendEvent(nil, reply(t, text))); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// FuzzEvent: nothing that a message holds ends its event early or begins another field.
func FuzzEvent(f *testing.F) {
	f.Add([]byte("a\r\n\r\nevent: x\n\n\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		text := string(AppendEvent(nil, resp.Value{Kind: resp.Bulk, Str: b}))
		body, ok := strings.CutSuffix(text, "\n\n")
		if !ok || !utf8.ValidString(text) || strings.Contains(text, "\r") {
			t.Fatalf("%q became %q", b, text)
		}
		for line := range strings.SplitSeq(body, "\n") {
			if !strings.HasPrefix(line, "data: ") {
				t.Fatalf("%q became %q", b, text)
			}
		}
	})
}
