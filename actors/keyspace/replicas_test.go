package keyspace

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
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
		if g.rareFlush && g.IntN(40) > 0 {
			return g.setLimit()
		}
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

// setLimit changes where small forms of collections end.
func (g *gen) setLimit() []string {
	if g.IntN(10) > 0 {
		return []string{"keys", "*"}
	}
	return []string{"setlimit", LimitNames[g.IntN(len(LimitNames))], g.pick("0", "3", "64", "512")}
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

// apply runs an entry as a replica does, and returns of how many commands it was.
func apply(s *State, env Env, body []byte, w *resp.Writer) (commands int) {
	s.Tick(&env, 3)
	var r OpReader
	var op Op
	r.Reset(body)
	for r.Next(&op) {
		s.Exec(&env, &op, w)
		if commands++; op.Tx != nil {
			commands += len(op.Tx.Cmds)
		}
	}
	return commands
}

// replicas are some of one shard: one that answers, one that nobody listens to, one that serves reads in between, and
// one that begins with a snapshot of another.
type replicas struct {
	t                             testing.TB
	fail                          func(format string, args ...any)
	g                             *gen
	env                           Env
	answers, silent, reader, late *State // late: nil at first

	told, toldReader, toldLate, discard resp.Writer
	commands                            int // carried out by each
}

func newReplicas(t testing.TB, g *gen) *replicas {
	r := &replicas{t: t, fail: t.Fatalf, g: g, env: Env{Now: testNow}}
	r.answers, r.silent, r.reader = New(testConfig()), New(testConfig()), New(testConfig())
	r.answers.SetEviction(Eviction{Policy: AllKeysLRU, Samples: 5})
	r.discard.SetDiscard(true)
	return r
}

// entry has all replicas carry out one more entry, which begins with an eviction now and then.
func (r *replicas) entry() {
	g := r.g
	r.env.Index++
	r.env.Now += int64(g.IntN(20))
	r.env.Seed = g.Uint64()
	var body []byte
	if g.IntN(50) == 0 {
		read := Env{Index: r.env.Index - 1, Now: r.env.Now, ReadNow: r.env.Now, Seed: g.Uint64(), Read: true}
		body, _ = r.answers.AppendEviction(body, &read, int64(g.IntN(3000)))
	}
	body = append(body, g.body()...)
	r.told.Reset(nil, 2)
	r.toldReader.Reset(nil, 3)
	r.toldLate.Reset(nil, 2)
	r.commands += apply(r.answers, r.env, body, &r.told)
	apply(r.silent, r.env, body, &r.discard)
	apply(r.reader, r.env, body, &r.toldReader)
	if r.late != nil {
		apply(r.late, r.env, body, &r.toldLate)
		if !bytes.Equal(r.toldLate.Bytes(), r.told.Bytes()) {
			r.fail("entry %d: one answers %q, the other %q", r.env.Index, r.told.Bytes(), r.toldLate.Bytes())
		}
	}
	reads := Env{Index: r.env.Index, Now: r.env.Now, ReadNow: r.env.Now + 10, Read: true}
	for range g.IntN(4) {
		r.reader.Exec(&reads, opOf(g.anything()...), &r.toldReader)
	}
}

// join has the late one begin, or begin anew, with a snapshot of another.
func (r *replicas) join() { r.late = copyOf(r.t, r.answers) }

// lead begins another term: the waits of the last one end.
func (r *replicas) lead() {
	for _, s := range r.all() {
		s.EndWaits()
	}
}

func (r *replicas) all() []*State {
	return slices.DeleteFunc([]*State{r.answers, r.silent, r.reader, r.late}, func(s *State) bool { return s == nil })
}

// same checks that the replicas are equal, and that no command panicked.
func (r *replicas) same() {
	want := r.answers.Hash()
	for i, s := range r.all() {
		if s.Hash() != want {
			r.fail("entry %d: replica %d differs", r.env.Index, i)
		}
		if n := s.Panics(); n > 0 {
			r.fail("entry %d: %d commands panicked", r.env.Index, n)
		}
	}
}

// end checks what takes longer.
func (r *replicas) end() {
	r.same()
	checkConsistent(r.t, r.answers)
	sameState(r.t, r.silent, r.answers)
	sameState(r.t, copyOf(r.t, r.reader), r.answers)
}

func TestReplicasStayEqual(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := newReplicas(t, newGen(rt))
		r.fail = rt.Fatalf
		entries := rapid.IntRange(1, 60).Draw(rt, "entries")
		joins := rapid.IntRange(0, entries).Draw(rt, "joins")
		for i := range entries {
			r.entry()
			if i == joins {
				r.join()
			}
			if i%20 == 19 {
				r.lead()
			}
			if i%6 == 0 { // a hash takes long
				r.same()
			}
		}
		r.end()
	})
}

// The long form, by ranges of seeds: a seed is about 50,000 commands, and takes some seconds.
//
//	go test ./actors/keyspace -run TestReplicasStayEqualForLong -v -timeout 0 -replicas.seeds 1-25
var replicaSeeds = flag.String("replicas.seeds", "", "first-last: the seeds of TestReplicasStayEqualForLong, which is skipped without")

func TestReplicasStayEqualForLong(t *testing.T) {
	if *replicaSeeds == "" {
		t.Skip("-replicas.seeds names no seeds")
	}
	first, last := seedRange(t, *replicaSeeds)
	commands, restored := 0, map[string]int{}
	for n := first; n <= last; n++ {
		t.Run(fmt.Sprint("seed=", n), func(t *testing.T) {
			r := newReplicas(t, &gen{Rand: rand.New(rand.NewPCG(n, 5)), now: testNow, rareFlush: true})
			defer func() { commands += r.commands }()
			for i := range 10_000 {
				r.entry()
				switch {
				case i%1000 == 500:
					r.join()
					countTypes(r.late, restored)
				case i%1000 == 700:
					r.lead()
				case i%100 == 0:
					r.same()
				}
			}
			r.end()
		})
	}
	t.Logf("%d commands on each replica; snapshots restored keys of types %v", commands, restored)
}

// countTypes counts the keys of each type.
func countTypes(s *State, n map[string]int) {
	for _, d := range s.dicts {
		if d != nil {
			d.each(func(e *entry) bool { n[e.typeName()+" "+encodingNames[e.encoding()]]++; return true })
		}
	}
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
