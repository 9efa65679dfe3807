package session

import (
	"fmt"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/resp"
)

// model answers commands one after the other, from one state that owns every slot.
type model struct {
	state *keyspace.State
	index uint64
	tx    [][][]byte
	open  bool
}

func newModel() *model {
	return &model{state: keyspace.New(keyspace.Config{Slots: slotmap.Even(1)})}
}

func (m *model) do(line string) string {
	var args [][]byte
	for _, w := range words(line) {
		args = append(args, []byte(w))
	}
	name := string(args[0])
	switch {
	case name == "echo":
		return string(args[1])
	case name == "multi":
		m.open = true
		return "OK"
	case name == "exec":
		m.open = false
		op := &keyspace.Op{Slot: 0, Tx: &keyspace.Tx{Cmds: m.tx}}
		m.tx = nil
		return m.exec(op)
	case m.open:
		m.tx = append(m.tx, args)
		return "QUEUED"
	}
	return m.exec(&keyspace.Op{Slot: slotmap.Slot(args[len(args)-1]), Args: args})
}

func (m *model) exec(op *keyspace.Op) string {
	m.index++
	env := keyspace.Env{Index: m.index, Now: 1_700_000_000_000, ReadNow: 1_700_000_000_000}
	var w resp.Writer
	m.state.Exec(&env, op, &w)
	v, _, _ := resp.ParseReply(w.Bytes())
	return render(v)
}

// drawPipeline draws commands on a few keys in several shards, with transactions between.
func drawPipeline(t *rapid.T) (lines []string) {
	key := func() string { return rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}).Draw(t, "key") }
	single := func(k string) string {
		return rapid.SampledFrom([]string{"incr " + k, "get " + k, "append " + k + " 1", "del " + k, "strlen " + k, "set " + k + " 7"}).Draw(t, "command")
	}
	for range rapid.IntRange(1, 40).Draw(t, "commands") {
		switch rapid.IntRange(0, 9).Draw(t, "kind") {
		case 0:
			lines = append(lines, "echo x")
		case 1:
			lines = append(lines, "dbsize")
		case 2:
			k := key()
			lines = append(lines, "multi")
			for range rapid.IntRange(1, 4).Draw(t, "queued") {
				lines = append(lines, single(k))
			}
			lines = append(lines, "exec")
		default:
			lines = append(lines, single(key()))
		}
	}
	return lines
}

// TestPipelinesAreSequential: however a client's pipelines are cut and wherever their keys are, the
// replies are those of one command after the other.
func TestPipelinesAreSequential(t *testing.T) {
	b := newBed(t, 3)
	c := b.dial()
	rapid.Check(t, func(rt *rapid.T) {
		if got := c.do("FLUSHALL"); got != "OK" {
			rt.Fatal(got)
		}
		m := newModel()
		lines := drawPipeline(rt)
		raw := pack(lines...)
		for len(raw) > 0 {
			n := rapid.IntRange(1, len(raw)).Draw(rt, "bytes in one write")
			if _, err := c.Write(raw[:n]); err != nil {
				rt.Fatal(err)
			}
			raw = raw[n:]
		}
		for i, line := range lines {
			if got, want := c.reply(), m.do(line); got != want {
				rt.Fatalf("command %d, %s: %q, want %q", i, line, got, want)
			}
		}
	})
}

// TestRefusalsKeepOrder: whatever a shard refuses and serves in turn, no command takes effect behind
// one that was refused, if both were received before the refusal could be known.
func TestRefusalsKeepOrder(t *testing.T) {
	b := newBed(t, 1)
	f := b.shards[1]
	c := b.dial()
	var raw []byte
	const n = 2000
	for i := range n {
		raw = append(raw, pack(fmt.Sprintf("set k %d", i))...)
	}
	for round := range 30 {
		f.mode.Store(uint32(replica.Done))
		f.hold.Store(true)
		if _, err := c.Write(raw); err != nil {
			t.Fatal(err)
		}
		eventually(t, "a batch arrives", func() bool { n, _ := f.handle.Budget.InUse(); return n > 0 })
		b.send(1, refuseOnce{after: round % 4})
		f.hold.Store(false)
		b.send(1, release{})
		refused := false
		for i := range n {
			got := c.reply()
			if got == "OK" && refused {
				t.Fatalf("round %d: command %d was done after an earlier one was refused", round, i)
			}
			refused = refused || got == "-"+lineDown
		}
		b.send(1, refuseOnce{after: -1})
		c.want("SET k done", "OK")
	}
}

// refuseOnce makes a fake replica refuse one batch, after having served some.
type refuseOnce struct{ after int }

// TestManyClients runs clients side by side; each sees its own replies in order.
func TestManyClients(t *testing.T) {
	b := newBed(t, 4)
	var wg sync.WaitGroup
	for n := range 32 {
		c := b.dial()
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range 50 {
				key := fmt.Sprintf("c%d:%d", n, i)
				c.want("SET "+key+" "+key, "OK", "GET "+key, key, "ECHO "+key, key)
			}
		}()
	}
	wg.Wait()
}
