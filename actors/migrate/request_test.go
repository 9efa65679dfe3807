package migrate

import (
	"strings"
	"testing"
	"time"
)

func parse(line string) (*Request, string) {
	var args [][]byte
	for _, word := range strings.Split(line, " ") {
		args = append(args, []byte(strings.Trim(word, `"`)))
	}
	return Parse(args)
}

func TestParse(t *testing.T) {
	r, line := parse(`migrate host 6379 "" 3 500 copy REPLACE auth2 ann secret keys a b`)
	if line != "" {
		t.Fatal(line)
	}
	if r.Address != "host:6379" || r.Database != 3 || r.Timeout != 500*time.Millisecond || !r.Copy || !r.Replace ||
		len(r.Auth) != 2 || len(r.Keys) != 2 || string(r.Keys[1]) != "b" {
		t.Errorf("%+v", r)
	}
	r, line = parse("migrate ::1 1 k 0 0 auth secret")
	if line != "" || r.Address != "[::1]:1" || r.Timeout != defaultTimeout || len(r.Auth) != 1 || string(r.Keys[0]) != "k" {
		t.Errorf("%q: %+v", line, r)
	}
	if r, _ := parse("migrate h 1 k 0 9223372036854775807"); r.Timeout != maxTimeout {
		t.Errorf("a timeout of %v", r.Timeout)
	}
}

func TestParseRefuses(t *testing.T) {
	for line, want := range map[string]string{
		"migrate h 1 k 0 x":                   errInteger,
		"migrate h 1 k x 5":                   errInteger,
		"migrate h 1 k 0 5 nosuch":            errSyntax,
		"migrate h 1 k 0 5 auth":              errSyntax,
		"migrate h 1 k 0 5 auth2 user":        errSyntax,
		"migrate h 1 k 0 5 keys a":            errKeyword,
		`migrate h 1 "" 0 5 copy auth keys a`: errSyntax,
	} {
		if _, got := parse(line); got != want {
			t.Errorf("%s: %q", line, got)
		}
	}
}
