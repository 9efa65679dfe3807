package keyspace

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/troupedb/troupe/actors/keyspace/rdb"
	"github.com/troupedb/troupe/wire/resp"
)

// body makes a random entry of commands and transactions.
func (g *gen) body() []byte {
	var body []byte
	for range 1 + g.IntN(8) {
		switch g.IntN(12) {
		case 0, 1:
		case 2:
			op := opOf(g.blocking()...)
			body = AppendWait(body, op.Slot, op.Args)
			continue
		default:
			op := opOf(g.anything()...)
			body = AppendOp(body, op.Slot, op.Args)
			continue
		}
		var cmds [][][]byte
		for range g.IntN(4) {
			cmds = append(cmds, argsOf(g.command()...))
		}
		watch := Watch{uint16(g.Uint32()), g.Uint64() % 1000}
		slot := opOf("get", "{t}").Slot
		if g.IntN(2) == 0 {
			body = AppendOnce(body, slot, []Watch{watch}, cmds, []byte(g.pick("a", "b", "c", "d")))
			continue
		}
		body = AppendTx(body, slot, []Watch{watch}, cmds)
	}
	return body
}

// blocking is a command that may wait, now and then the end of a wait.
func (g *gen) blocking() []string {
	switch g.IntN(6) {
	case 0:
		return []string{g.pick("blpop", "brpop", "bzpopmin", "bzpopmax"), g.key(), g.key(), "0"}
	case 1:
		return []string{"blmove", g.key(), g.key(), g.side(), g.side(), "0"}
	case 2:
		return []string{"blmpop", "0", "2", g.key(), g.key(), "left", "count", "2"}
	case 3:
		return []string{"unblock", g.pick("timeout", "error"), strconv.Itoa(g.IntN(60)<<24 + 1 + g.IntN(2))}
	}
	return []string{"brpoplpush", g.key(), g.key(), "0"}
}

func (g *gen) anything() []string {
	switch g.IntN(10) {
	case 0:
		return []string{g.pick("flushall", "randomkey", "dbsize", "keys", "scan"), "*"}
	case 1, 2:
		return []string{"set", g.anyKey(), g.value(), "px", g.pick("5", "20", "90")}
	case 3, 4:
		return []string{"set", g.anyKey(), g.value()}
	case 5:
		return []string{"del", g.anyKey()}
	case 6:
		return g.notForDiff()
	}
	return g.command()
}

// notForDiff makes commands of families that have differential tests of their own.
func (g *gen) notForDiff() []string {
	switch g.IntN(4) {
	case 0:
		return g.sortCommand()
	case 1:
		return []string{"dump", g.key()}
	case 2:
		return g.restore()
	}
	return g.geoCommand()
}

// restore is a RESTORE of a value of any type, now and then a damaged one.
func (g *gen) restore() []string {
	values := dumpedValues()
	value := bytes.Clone(values[g.IntN(len(values))])
	if g.IntN(3) == 0 {
		value[g.IntN(len(value))] ^= 1 << g.IntN(8)
	}
	return []string{"restore", g.key(), g.pick("0", "0", "15"), string(rdb.Seal(value)), "replace"}
}

// dumpedValues are the values of dumpScripts, in the order of their names.
var dumpedValues = sync.OnceValue(func() (values [][]byte) {
	scripts := dumpScripts()
	for _, name := range slices.Sorted(maps.Keys(scripts)) {
		b := newBench(nil)
		for _, line := range scripts[name] {
			b.run(words(line)...)
		}
		value, _ := rdb.Open([]byte(b.payload("{d}k")))
		values = append(values, value)
	}
	return values
})

// apply runs an entry as a replica does.
func apply(s *State, env Env, body []byte, w *resp.Writer) {
	s.Tick(&env, 3)
	var r OpReader
	var op Op
	r.Reset(body)
	for r.Next(&op) {
		s.Exec(&env, &op, w)
	}
}

// Replicas are equal after every entry: one that answers, one that nobody
// listens to, one that serves reads in between, and one that began with a
// snapshot of another.
func TestReplicasStayEqual(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		g := newGen(rt)
		answers, silent, reader := New(testConfig()), New(testConfig()), New(testConfig())
		var late *State
		var w1, w3, w4, discard resp.Writer
		discard.SetDiscard(true)
		env := Env{Now: testNow}
		entries := rapid.IntRange(1, 60).Draw(rt, "entries")
		joins := rapid.IntRange(0, entries).Draw(rt, "joins")
		for i := range entries {
			env.Index++
			env.Now += int64(g.IntN(20))
			env.Seed = g.Uint64()
			body := g.body()
			w1.Reset(nil, 2)
			w3.Reset(nil, 3)
			w4.Reset(nil, 2)
			apply(answers, env, body, &w1)
			apply(silent, env, body, &discard)
			apply(reader, env, body, &w3)
			if late != nil {
				apply(late, env, body, &w4)
				if string(w4.Bytes()) != string(w1.Bytes()) {
					rt.Fatalf("entry %d: one answers %q, the other %q", i, w1.Bytes(), w4.Bytes())
				}
			}
			reads := Env{Index: env.Index, Now: env.Now, ReadNow: env.Now + 10, Read: true}
			for range g.IntN(4) {
				reader.Exec(&reads, opOf(g.anything()...), &w3)
			}
			if i == joins {
				late = copyOf(t, answers)
			}
			if i%20 == 19 { // another leader
				for _, s := range []*State{answers, silent, reader, late} {
					if s != nil {
						s.EndWaits()
					}
				}
			}
			if i%6 != 0 && i != entries-1 { // a hash takes long
				continue
			}
			want := answers.Hash()
			if silent.Hash() != want || reader.Hash() != want || late != nil && late.Hash() != want {
				rt.Fatalf("entry %d: replicas differ", i)
			}
		}
		checkConsistent(t, answers)
		sameState(t, silent, answers)
	})
}

func TestHashSeesEverything(t *testing.T) {
	b := newBench(t)
	b.run("set", "{k}1", "a")
	seen := map[uint64]string{b.s.Hash(): "start"}
	for _, cmd := range []string{"set {k}2 a", "append {k}2 b", "expire {k}2 10", "set {k}3 1", "incr {k}3", "persist {k}2",
		"del {k}2", "flushall"} {
		b.run(words(cmd)...)
		h := b.s.Hash()
		if before, there := seen[h]; there {
			t.Errorf("after %s the hash is as after %s", cmd, before)
		}
		seen[h] = cmd
	}
	b.s.DropSlots(&b.env, b.s.Slots()[0].Range)
	if _, there := seen[b.s.Hash()]; there {
		t.Error("the hash does not see the slots")
	}
}
