package keyspace

import (
	"fmt"
	"strings"
	"testing"
)

// Each side restores what the other one dumped.
func TestDumpsAsRedis(t *testing.T) {
	server := startRedis(t)
	differDumps(t, server, newServerGen(t, server), 20*more(t))
}

func differDumps(t *testing.T, server *redis, g *gen, rounds int) {
	b := newBench(t)
	server.ask(t, "CONFIG", "SET", "sanitize-dump-payload", "yes")
	for range rounds {
		differOn(t, server, b, g, 2, 1)
		for i := range 12 {
			g.swapDumps(t, server, b, fmt.Sprintf("{t}%d", i))
		}
		for i := range 3 {
			g.swapDumps(t, server, b, fmt.Sprintf("{t}s%d", i))
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
