package keyspace

import (
	"strings"
	"testing"
)

// Each side restores what the other one dumped.
func TestDumpsAsRedis(t *testing.T) {
	server := startRedis(t)
	differDumps(t, server, newServerGen(t, server), 20*more(t))
}

// differKeys are the keys that random commands are about.
var differKeys = strings.Fields("{t}0 {t}1 {t}2 {t}3 {t}4 {t}5 {t}6 {t}7 {t}8 {t}9 {t}10 {t}11 {t}s0 {t}s1 {t}s2")

func differDumps(t *testing.T, server *redis, g *gen, rounds int) {
	b := newBench(t)
	server.ask(t, "CONFIG", "SET", "sanitize-dump-payload", "yes")
	for range rounds {
		differOn(t, server, b, g, 2, 1)
		for _, key := range differKeys {
			g.swapDumps(t, server, b, key)
		}
		compareStates(t, server, b)
		if t.Failed() {
			return
		}
	}
}

func (g *gen) swapDumps(t *testing.T, server *redis, b *bench, key string) {
	t.Helper()
	g.tally.add([]string{"dump", key}, []string{"restore", key, "0", ""})
	theirs := server.ask(t, "DUMP", key)
	if theirs.text == "" {
		if got := b.run("dump", key); got != null {
			t.Errorf("%s is there", key)
		}
		return
	}
	ours := b.payload(key)
	if got := b.run("restore", key, "0", theirs.text, "replace"); got != ok {
		t.Errorf("%s %s: %q for %q", b.run("type", key), key, got, theirs.text)
	}
	if got := server.askAll(t, [][]string{{"restore", key, "0", ours, "replace"}})[0]; got != ok {
		t.Errorf("%s: Redis says %q for %q", key, got, ours)
	}
	for _, cmd := range [][]string{{"xrange", key, "-", "+"}, {"xinfo", "groups", key}, {"xlen", key}} {
		if ours, theirs := b.run(cmd...), server.askAll(t, [][]string{cmd})[0]; ours != theirs && !strings.HasPrefix(theirs, "-") {
			t.Errorf("%q\n got %q\nwant %q", cmd, ours, theirs)
		}
	}
}
