package keyspace

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/troupedb/troupe/wire/resp"
)

// texts takes a reply apart into the strings in it.
func texts(t testing.TB, raw string) []string {
	t.Helper()
	v, n, err := resp.ParseReply([]byte(raw))
	if err != nil || n != len(raw) {
		t.Fatalf("%q: %d, %v", raw, n, err)
	}
	var out []string
	var walk func(v resp.Value)
	walk = func(v resp.Value) {
		if len(v.Items) == 0 {
			out = append(out, string(v.Str))
		}
		for _, item := range v.Items {
			walk(item)
		}
	}
	walk(v)
	return out
}

// scanStep is one call of SCAN.
func scanStep(b *bench, cursor string, opts ...string) (next string, keys []string) {
	b.t.Helper()
	reply := b.exec(append([]string{"scan", cursor}, opts...)...)
	if strings.HasSuffix(reply, "*0\r\n") {
		return texts(b.t, reply)[0], nil
	}
	all := texts(b.t, reply)
	return all[0], all[1:]
}

func scanAll(b *bench, opts ...string) (keys []string) {
	for cursor := "0"; ; {
		var some []string
		cursor, some = scanStep(b, cursor, opts...)
		keys = append(keys, some...)
		if cursor == "0" {
			slices.Sort(keys)
			return keys
		}
	}
}

// SCAN's promise: what is there from the first call to the last is answered.
func TestScanUnderGrowthAndShrink(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := newBench(t)
		format := rapid.SampledFrom([]string{"%d", "{tag}%d"}).Draw(rt, "keys")
		stay := rapid.IntRange(0, 150).Draw(rt, "stay")
		for i := range stay {
			b.exec("set", fmt.Sprintf(format, i), "v")
		}
		met := map[string]bool{}
		others := 0
		for cursor := "0"; ; {
			var some []string
			cursor, some = scanStep(b, cursor, "count", "7")
			for _, k := range some {
				met[k] = true
			}
			if cursor == "0" {
				break
			}
			for range rapid.IntRange(0, 300).Draw(rt, "grow") {
				b.exec("set", fmt.Sprintf(format, 1000+others), "v")
				others++
			}
			for range rapid.IntRange(0, others).Draw(rt, "shrink") {
				others--
				b.exec("del", fmt.Sprintf(format, 1000+others))
			}
			others %= 400 // lest the scan never ends; what is left over stays
			if len(met) > 100_000 {
				rt.Fatal("endless")
			}
		}
		for i := range stay {
			if !met[fmt.Sprintf(format, i)] {
				rt.Fatalf("key %d was there all the time and not answered", i)
			}
		}
	})
}

func TestScanOptions(t *testing.T) {
	b := newBench(t)
	for i := range 100 {
		b.exec("set", fmt.Sprintf("{a}%d", i), "v")
		b.exec("set", fmt.Sprintf("b%d", i), "v")
	}
	b.exec("set", "b200", "v", "px", "1")
	b.env.Now += 10
	if n := len(scanAll(b)); n != 200 {
		t.Errorf("%d keys", n)
	}
	if got := scanAll(b, "MATCH", "b1?", "COUNT", "1000"); len(got) != 10 || got[0] != "b10" {
		t.Errorf("matching: %v", got)
	}
	if n := len(scanAll(b, "type", "STRING", "count", "3")); n != 200 {
		t.Errorf("%d strings", n)
	}
	if n := len(scanAll(b, "type", "list")); n != 0 {
		t.Errorf("%d lists", n)
	}
	for cmd, want := range map[string]string{
		"scan x":                         "-ERR invalid cursor|",
		"scan +":                         "-ERR invalid cursor|",
		"scan 18446744073709551616":      "-ERR invalid cursor|",
		"scan 18446744073709551615":      "*2|$1|0|*0|",
		"scan -1":                        "*2|$1|0|*0|",
		`scan ""  match zzz count 10000`: "*2|$1|0|*0|",
		"scan 0 count 0":                 "-ERR syntax error|",
		"scan 0 count x":                 "-ERR value is not an integer or out of range|",
		"scan 0 count":                   "-ERR syntax error|",
		"scan 0 foo bar":                 "-ERR syntax error|",
	} {
		if got := b.exec(words(cmd)...); got != crlf(want) {
			t.Errorf("%s: %q", cmd, got)
		}
	}
}

// A cursor is good on a replica whose tables have another past.
func TestScanGoesOnAtAnotherReplica(t *testing.T) {
	b := newBench(t)
	for i := range 4000 {
		b.exec("set", fmt.Sprintf("{a}%d", i), "v")
	}
	for i := range 3500 {
		b.exec("del", fmt.Sprintf("{a}%d", i+500))
	}
	other := &bench{t: t, s: copyOf(t, b.s), env: b.env}
	met := map[string]bool{}
	for cursor, turn := "0", 0; cursor != "0" || turn == 0; turn++ {
		at := b
		if turn%2 == 1 {
			at = other
		}
		var some []string
		cursor, some = scanStep(at, cursor)
		for _, k := range some {
			met[k] = true
		}
	}
	if len(met) != 500 {
		t.Errorf("%d of 500 keys", len(met))
	}
}

func TestKeysOfASlot(t *testing.T) {
	b := newBench(t)
	for i := range 5 {
		b.exec("set", fmt.Sprintf("{a}%d", i), "v")
	}
	slot := fmt.Sprint(opOf("get", "{a}").Slot)
	ask := func(args ...string) string { return b.execOp(&Op{Args: argsOf(args...)}) }
	if got := ask("countkeysinslot", slot); got != ":5\r\n" {
		t.Errorf("count %q", got)
	}
	if got := texts(t, ask("getkeysinslot", slot, "3")); len(got) != 3 || !strings.HasPrefix(got[2], "{a}") {
		t.Errorf("keys %q", got)
	}
	for cmd, want := range map[string]string{
		"countkeysinslot 1":            ":0|",
		"countkeysinslot 16384":        "-ERR Invalid slot|",
		"countkeysinslot x":            "-ERR value is not an integer or out of range|",
		"countkeysinslot":              "-ERR wrong number of arguments for 'countkeysinslot' command|",
		"getkeysinslot 1 5":            "*0|",
		"getkeysinslot " + slot + " 0": "*0|",
		"getkeysinslot 1 -1":           "-ERR Invalid slot or number of keys|",
		"getkeysinslot -1 1":           "-ERR Invalid slot or number of keys|",
		"getkeysinslot 1 x":            "-ERR value is not an integer or out of range|",
		"getkeysinslot x 1":            "-ERR value is not an integer or out of range|",
	} {
		if got := ask(words(cmd)...); got != crlf(want) {
			t.Errorf("%s: %q", cmd, got)
		}
	}
}

func TestRandomkeyFindsAll(t *testing.T) {
	b := newBench(t)
	b.steps(step{"randomkey", "$-1|"})
	for i := range 20 {
		b.exec("set", fmt.Sprintf("{a}%d", i), "v")
		b.exec("set", fmt.Sprint(i), "v")
	}
	replica := &bench{t: t, s: copyOf(t, b.s), env: b.env}
	met := map[string]int{}
	for i := range 4000 {
		b.env.Seed, replica.env.Seed = uint64(i), uint64(i)
		key := b.run("randomkey")
		if other := replica.run("randomkey"); other != key {
			t.Fatalf("%q here, %q there", key, other)
		}
		met[key]++
	}
	if len(met) != 40 {
		t.Errorf("%d of 40 keys: %v", len(met), met)
	}
}

// Two commands of the same entry draw different numbers, and do so again after a
// replica skipped the reads before them.
func TestRandomkeyInOneEntry(t *testing.T) {
	b := newBench(t)
	for i := range 1000 {
		b.exec("set", fmt.Sprint(i), "v")
	}
	b.env.Index++
	first, second := b.exec("randomkey"), b.exec("randomkey")
	if first == second {
		t.Errorf("%q twice", first)
	}
	b.env.Index++
	b.w.SetDiscard(true)
	b.s.Exec(&b.env, opOf("randomkey"), &b.w)
	b.read(b.env.Now, "randomkey") // counts apart
	if third := b.exec("randomkey"); third != second {
		t.Errorf("%q after a skipped read, %q after one that ran", third, second)
	}
}

func TestRandomkeyAmongExpired(t *testing.T) {
	b := newBench(t)
	b.exec("set", "k", "v", "px", "1")
	b.env.Now += 10
	if got := b.exec("randomkey"); got != "$-1\r\n" {
		t.Errorf("%q", got)
	}
}
