package keyspace

import "testing"

func TestGlobMatch(t *testing.T) {
	cases := []struct {
		pattern, text string
		want, folded  bool
	}{
		{"", "", true, true}, {"", "a", false, false}, {"a", "", false, false}, {"*", "", true, true},
		{"*", "abc", true, true}, {"a*c", "abbc", true, true}, {"a*c", "abbd", false, false}, {"a**", "a", true, true},
		{"*a*b*", "xxaxxbxx", true, true}, {"*a*b*", "xxbxxaxx", false, false}, {"h?llo", "hello", true, true},
		{"?", "", false, false}, {"a?", "a", false, false}, {"HELLO", "hello", false, true}, {"h[ae]llo", "hallo", true, true},
		{"h[ae]llo", "hillo", false, false}, {"h[^e]llo", "hallo", true, true}, {"h[^e]llo", "hello", false, false},
		{"[a-c]", "b", true, true}, {"[c-a]", "b", true, true}, {"[A-C]", "b", false, true}, {"[a-c]", "d", false, false},
		{`\*`, "*", true, true}, {`\*`, "a", false, false}, {`\`, `\`, true, true}, {`[\]]`, "]", true, true},
		{"[a", "a", true, true}, {"[", "a", false, false}, {"[^", "a", true, true}, {"[]", "]", false, false},
		{"[^]", "a", true, true}, {"[a-", "-", true, true}, {"a[b]*d", "abcd", true, true}, {"*[0-9]", "k1a2", true, true},
	}
	for _, c := range cases {
		if got := globMatch([]byte(c.pattern), []byte(c.text), false, globBudget); got != c.want {
			t.Errorf("%q %q: %v", c.pattern, c.text, got)
		}
		if got := globMatch([]byte(c.pattern), []byte(c.text), true, globBudget); got != c.folded {
			t.Errorf("%q %q in any case: %v", c.pattern, c.text, got)
		}
	}
}

// slowGlob is the same by recursion over every way to use a star.
func slowGlob(pattern, text []byte) bool {
	if len(pattern) == 0 {
		return len(text) == 0
	}
	if pattern[0] == '*' {
		return slowGlob(pattern[1:], text) || len(text) > 0 && slowGlob(pattern, text[1:])
	}
	if len(text) == 0 {
		return false
	}
	next, ok := globOne(pattern, 0, text[0], false)
	return ok && slowGlob(pattern[next:], text[1:])
}

func FuzzGlobMatch(f *testing.F) {
	f.Add([]byte("*a*[b-c]?*"), []byte("xxaxxbyyc"))
	f.Add([]byte(`\[^[^`), []byte("[^"))
	f.Fuzz(func(t *testing.T, pattern, text []byte) {
		globMatch(pattern, text, true, globBudget)
		if len(pattern) > 12 || len(text) > 16 {
			return
		}
		if got, want := globMatch(pattern, text, false, globBudget), slowGlob(pattern, text); got != want {
			t.Fatalf("%q %q: %v", pattern, text, got)
		}
	})
}
