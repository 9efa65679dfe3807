package secret

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

var (
	first  = strings.Repeat("a1", 16)
	second = strings.Repeat("b2", 20)
)

func parse(t testing.TB, lines ...string) *Secret {
	t.Helper()
	s, err := ParseSecret([]byte(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestParse(t *testing.T) {
	many := make([]string, maxSecrets+1)
	for i := range many {
		many[i] = fmt.Sprintf("%032d", i)
	}
	cases := []struct {
		name, file string
		keys       int
		err        error
	}{
		{"one", first, 1, nil},
		{"line end", first + "\n", 1, nil},
		{"windows line ends", first + "\r\n" + second + "\r\n", 2, nil},
		{"white space", "\n  " + first + "\t\n\n" + second + "\n\n", 2, nil},
		{"the same twice", first + "\n" + first + "\n", 1, nil},
		{"as many as allowed", strings.Join(many[1:], "\n"), maxSecrets, nil},
		{"longest", strings.Repeat("x", maxBytes), 1, nil},
		{"empty", "", 0, ErrEmpty},
		{"blank", " \n\t\r\n", 0, ErrEmpty},
		{"short", first[1:], 0, ErrShort},
		{"second is short", first + "\nshort\n", 0, ErrShort},
		{"long", strings.Repeat("x", maxBytes+1), 0, ErrLong},
		{"too many", strings.Join(many, "\n"), 0, ErrMany},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, err := ParseSecret([]byte(c.file))
			if !errors.Is(err, c.err) {
				t.Fatalf("error %v, want %v", err, c.err)
			}
			if err == nil && len(s.GossipKeys()) != c.keys {
				t.Fatalf("%d keys, want %d", len(s.GossipKeys()), c.keys)
			}
		})
	}
}

func TestParseErrorNamesTheLine(t *testing.T) {
	_, err := ParseSecret([]byte(first + "\n\nshort\n"))
	if err == nil || !strings.HasPrefix(err.Error(), "line 3: ") {
		t.Fatalf("got %v", err)
	}
}

func TestNewSecret(t *testing.T) {
	one, two := NewSecret(), NewSecret()
	if one == two {
		t.Fatal("two secrets are equal")
	}
	parse(t, one, two)
}

func TestGossipKeys(t *testing.T) {
	keys := parse(t, first, second).GossipKeys()
	again := parse(t, second, first).GossipKeys()
	for i, k := range keys {
		if len(k) != 32 {
			t.Fatalf("key %d has %d bytes", i, len(k))
		}
	}
	if !bytes.Equal(keys[0], again[1]) || !bytes.Equal(keys[1], again[0]) {
		t.Fatal("a key depends on more than its own line")
	}
	if bytes.Equal(keys[0], keys[1]) {
		t.Fatal("two secrets give one key")
	}
}

// The derivation is part of the contract between versions: a node of a newer build must still be
// able to talk to an older one.
func TestDerivationIsStable(t *testing.T) {
	s := parse(t, first)
	gossip, public := fmt.Sprintf("%x", s.GossipKeys()[0]), fmt.Sprintf("%x", []byte(s.keys[0].public))
	const wantGossip, wantPublic = "9a0f7be533fb1fa788aacd6933e2601b96a210aa1341261d788648983be9e15e",
		"6d4eefed1886a06117270d89fab589f73247f519a1e2462ed403936e40fddd01"
	if gossip != wantGossip || public != wantPublic {
		t.Fatalf("gossip key %s, public key %s", gossip, public)
	}
}

func TestGossipKeysAreCopies(t *testing.T) {
	s := parse(t, first)
	s.GossipKeys()[0][0] ^= 0xff
	if bytes.Equal(s.GossipKeys()[0], parse(t, second).GossipKeys()[0]) {
		t.Fatal("keys are mixed up")
	}
	if !bytes.Equal(s.GossipKeys()[0], parse(t, first).GossipKeys()[0]) {
		t.Fatal("a caller changed the secret")
	}
}

func TestNeverPrinted(t *testing.T) {
	s := parse(t, first)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		if got := fmt.Sprintf(verb, s); got != "secret(hidden)" {
			t.Errorf("%s prints %q", verb, got)
		}
	}
}

func FuzzParseSecret(f *testing.F) {
	for _, seed := range []string{"", first, first + "\n" + second, "short", "\r\n", strings.Repeat("\n", 100)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		s, err := ParseSecret(file)
		if (s == nil) == (err == nil) {
			t.Fatalf("secret %v, error %v", s, err)
		}
		if err == nil && (len(s.keys) == 0 || len(s.keys) > maxSecrets) {
			t.Fatalf("%d keys", len(s.keys))
		}
	})
}
