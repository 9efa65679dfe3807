package gateway

import (
	"net/http"
	"strings"
	"testing"
)

func TestOnceKey(t *testing.T) {
	for value, want := range map[string]string{
		`"8e03978e-40d5"`: "8e03978e-40d5", "8e03978e-40d5": "8e03978e-40d5", ` "a b" `: "a b", strings.Repeat("x", 255): strings.Repeat("x", 255),
		"": "", `""`: "", `"a`: "", `"a"b"`: "", `"a\\"`: "", "a\x7f": "", "é": "", strings.Repeat("x", 256): "",
	} {
		key, err := onceKey(http.Header{"Idempotency-Key": {value}})
		if string(key) != want || (err == nil) != (want != "") {
			t.Errorf("%.40q: %q, %v", value, key, err)
		}
	}
	if key, err := onceKey(http.Header{}); key != nil || err != nil {
		t.Errorf("none: %q, %v", key, err)
	}
	if _, err := onceKey(http.Header{"Idempotency-Key": {"a", "b"}}); err == nil {
		t.Error("two keys are one too many")
	}
}

// TestOnce: every form with a key is one transaction, and an unknown outcome is asked again.
func TestOnce(t *testing.T) {
	exec := script("-UNKNOWN x\r\n", "", "*1\r\n:1\r\n")
	b := newBed(t, func(args []string) string {
		if args[0] == "EXEC" {
			return exec(args)
		}
		return "+OK\r\n"
	})
	key := []string{"Idempotency-Key", `"k"`}
	b.want(b.do("POST", "/", `["INCR","n"]`, key...), 200, `{"result":1}`)
	one := "CLIENT ONCE k\nMULTI\nINCR n\nEXEC"
	if got, want := b.takeAsked(), one+"\n"+one+"\n"+one; got != want {
		t.Errorf("asked %q", got)
	}
	b.want(b.do("POST", "/pipeline", `[["INCR","n"]]`, key...), 200, `[{"result":1}]`)
	b.want(b.do("POST", "/multi-exec", `[["INCR","n"]]`, key...), 200, `[{"result":1}]`)
	if got, want := b.takeAsked(), one+"\n"+one; got != want {
		t.Errorf("asked %q", got)
	}
	b.want(b.do("GET", "/get/n", "", key...), 200, `{"result":"OK"}`)
	if got := b.takeAsked(); got != "get n" {
		t.Errorf("a read needs no key: %q", got)
	}
	exec = script("*1\r\n-WRONGTYPE x\r\n", "-IDEMPOTENCY x\r\n", "-APPLIED x\r\n")
	b.want(b.do("GET", "/incr/n", "", key...), 400, `{"error":"WRONGTYPE x"}`)
	b.want(b.do("GET", "/incr/n", "", key...), 422, `{"error":"IDEMPOTENCY x","applied":"no"}`)
	b.want(b.do("POST", "/multi-exec", `[["INCR","n"]]`, key...), 409, `{"error":"APPLIED x","applied":"yes"}`)
	b.takeAsked()
	if w := b.do("GET", "/incr/n", "", "Idempotency-Key", ""); w.Code != 400 || b.takeAsked() != "" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestOnceStaysInDoubt: what is refused after an unknown outcome may have been done all the same.
func TestOnceStaysInDoubt(t *testing.T) {
	exec := script("-UNKNOWN x\r\n", "-MISCONF x\r\n")
	b := newBed(t, func(args []string) string {
		if args[0] == "EXEC" {
			return exec(args)
		}
		return "+OK\r\n"
	})
	b.want(b.do("GET", "/incr/n", "", "Idempotency-Key", "k"), 503, `{"error":"UNKNOWN x","applied":"unknown"}`)
	b.want(b.do("GET", "/incr/n", "", "Idempotency-Key", "k"), 503, `{"error":"MISCONF x","applied":"no"}`)
}
