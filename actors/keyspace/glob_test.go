package keyspace

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestMatchKey(t *testing.T) {
	for _, c := range []struct {
		pattern, key string
		want         bool
	}{
		{"", "", true}, {"", "a", false}, {"*", "a", true}, {"*", "", false}, {"**", "", false},
		{"a", "", false}, {"a*", "a", true}, {"a**", "a", true}, {"*b*", "abc", true}, {"*b", "abc", false},
		{"?", "a", true}, {"??", "a", false}, {"a?c", "abc", true},
		{"[abc]", "b", true}, {"[^abc]", "b", false}, {"[^abc]", "d", true}, {"[a-c]", "b", true}, {"[c-a]", "b", true},
		{"[a-", "a", true}, {"[a", "a", true}, {"[", "a", false}, {"[^", "a", true}, {"[]a]", "a", false}, {"[\\]]", "]", true},
		{"\\*", "*", true}, {"\\*", "a", false}, {"\\", "\\", true}, {"a\\", "a\\", true},
		{"A", "a", false}, {"*a*b*c*", "xxaxxbxxc", true}, {"*a*b*c*", "xxaxxcxxb", false},
	} {
		if got := matchKey([]byte(c.pattern), c.key); got != c.want {
			t.Errorf("%q matches %q: %v", c.pattern, c.key, got)
		}
	}
	if !matchKey(nil, "") {
		t.Error("no pattern does not match")
	}
}

// slowMatch tries all that a star may stand for.
func slowMatch(pattern, text string) bool {
	switch {
	case pattern == "":
		return text == ""
	case pattern[0] == '*':
		return slowMatch(pattern[1:], text) || text != "" && slowMatch(pattern, text[1:])
	case text == "":
		return false
	}
	return (pattern[0] == '?' || pattern[0] == text[0]) && slowMatch(pattern[1:], text[1:])
}

func TestMatchKeyModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab?*]{0,8}`).Draw(t, "pattern")
		key := rapid.StringMatching(`[ab]{1,10}`).Draw(t, "key")
		if got, want := matchKey([]byte(pattern), key), slowMatch(pattern, key); got != want {
			t.Fatalf("%q matches %q: %v", pattern, key, got)
		}
	})
}

func TestMatchKeyGivesUp(t *testing.T) {
	pattern := "*" + strings.Repeat("a", 100_000) + "b"
	if matchKey([]byte(pattern), strings.Repeat("a", 10_000_000)) {
		t.Error("matches")
	}
	long := strings.Repeat("abc", 1_000_000)
	if !matchKey([]byte(long), long) || !matchKey([]byte("*c"), long) || !matchKey([]byte("a*b*c*bc"), long) {
		t.Error("an ordinary pattern is given up")
	}
}
