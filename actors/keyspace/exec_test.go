package keyspace

import (
	"fmt"
	"testing"

	"github.com/troupedb/troupe/slotmap"
)

func TestGetSetDel(t *testing.T) {
	newBench(t).steps(
		step{"get k", "$-1|"},
		step{"set k v", "+OK|"},
		step{"get k", "$1|v|"},
		step{"del k k", ":1|"},
		step{"get k", "$-1|"},
	)
}

func TestNotOwnedHasNoEffect(t *testing.T) {
	b := newBench(t)
	b.run("set", "k", "v")
	b.s.DropSlots(&b.env, slotmap.Range{First: 0, Last: slotmap.Count - 1})
	before := b.s.Hash()
	if got := b.run("set", "k", "w"); got != "" || !b.s.NotOwned() {
		t.Fatalf("reply %q, NotOwned %v", got, b.s.NotOwned())
	}
	if b.s.Keys() != 0 || b.s.Hash() != before {
		t.Fatal("the operation had an effect")
	}
	b.s.TakeSlots(&b.env, slotmap.Even(1))
	if got := b.run("set", "k", "w"); got != "+OK\r\n" || b.s.NotOwned() {
		t.Fatalf("reply %q, NotOwned %v", got, b.s.NotOwned())
	}
}

func TestKeyOutsideTheShardIsRefused(t *testing.T) {
	b := newBench(t)
	other := slotmap.Slot([]byte("b"))
	b.s.DropSlots(&b.env, slotmap.Range{First: other, Last: other})
	b.run("set", "a", "1")
	if got := b.run("del", "a", "b"); got != "-CROSSSLOT Keys in request don't hash to the same slot\r\n" {
		t.Fatalf("reply %q", got)
	}
}

func TestReadPathChangesNothing(t *testing.T) {
	b := newBench(t)
	b.run("set", "k", "v")
	before := b.s.Hash()
	if got := b.read(testNow, "set", "k", "w"); got != "-"+string(refuseRead)+"\r\n" {
		t.Fatalf("reply %q", got)
	}
	if b.s.Hash() != before {
		t.Fatal("a read changed the state")
	}
}

func TestExpiredOnTheReadPath(t *testing.T) {
	b := newBench(t)
	b.run("set", "k", "v", "px", "100")
	if got := b.read(testNow+100, "get", "k"); got != "$1\r\nv\r\n" || b.s.NeedsLog() {
		t.Fatalf("alive: reply %q, NeedsLog %v", got, b.s.NeedsLog())
	}
	if b.read(testNow+101, "get", "k"); !b.s.NeedsLog() {
		t.Fatal("expired by the leader's clock only, and not sent to the log")
	}
	b.s.ResetNeedsLog()
	b.env.Now = testNow + 101
	if got := b.read(testNow+101, "get", "k"); got != "$-1\r\n" || b.s.NeedsLog() {
		t.Fatalf("expired: reply %q, NeedsLog %v", got, b.s.NeedsLog())
	}
	if b.s.Keys() != 1 {
		t.Fatal("a read deleted the key")
	}
}

// While keys past their time are kept they are gone for readers. Afterwards a reader has the log delete them.
func TestKeptPastItsTime(t *testing.T) {
	b := newBench(t)
	b.run("set", "k", "v", "px", "100")
	b.env.Now, b.env.Keep = testNow+101, true
	if n := b.s.Tick(&b.env, 10); n != 0 || b.s.Keys() != 1 {
		t.Fatalf("%d deleted, %d left", n, b.s.Keys())
	}
	if got := b.read(b.env.Now, "get", "k"); got != "$-1\r\n" || b.s.NeedsLog() {
		t.Fatalf("kept: reply %q, NeedsLog %v", got, b.s.NeedsLog())
	}
	b.env.Keep = false
	if b.read(b.env.Now, "get", "k"); !b.s.NeedsLog() {
		t.Fatal("not sent to the log to be deleted")
	}
	b.s.ResetNeedsLog()
	if n := b.s.Tick(&b.env, 10); n != 1 {
		t.Fatalf("%d deleted", n)
	}
	if b.read(b.env.Now, "get", "k"); b.s.NeedsLog() {
		t.Fatal("sent to the log for a key that is not there")
	}
}

func TestTickDeletesInOrder(t *testing.T) {
	b := newBench(t)
	for _, k := range []string{"c", "a", "b"} {
		b.run("set", k, "v", "px", "10")
	}
	b.run("set", "first", "v", "px", "9")
	if at := b.s.NextExpiry(); at != testNow+9 {
		t.Fatalf("NextExpiry %d", at)
	}
	b.env.Now, b.env.Index = testNow+11, 100
	if n := b.s.Tick(&b.env, 2); n != 2 {
		t.Fatalf("deleted %d", n)
	}
	if b.s.lookup([]byte("first")).e != nil || b.s.lookup([]byte("a")).e != nil || b.s.lookup([]byte("b")).e == nil {
		t.Fatal("not the first ones by time and key")
	}
	if n := b.s.Tick(&b.env, 10); n != 2 || b.s.Keys() != 0 || b.s.Expires() != 0 || b.s.NextExpiry() != 0 || b.s.Bytes() != 0 {
		t.Fatalf("then %d; left: %d keys, %d bytes", n, b.s.Keys(), b.s.Bytes())
	}
}

func TestPanicBecomesAReply(t *testing.T) {
	b := newBench(t)
	in := internal["watch"]
	in.run = func(s *State, c *call) {
		c.W.Array(3)
		panic("odd")
	}
	internal["boom"] = in
	defer delete(internal, "boom")
	if got := b.run("boom", "k"); got != "-ERR internal error in 'boom'\r\n" || b.s.Panics() != 1 {
		t.Fatalf("reply %q", got)
	}
}

// Values are copied out of entries: what the entry's buffer holds later does not matter.
func TestValuesAreCopied(t *testing.T) {
	b := newBench(t)
	op := opOf("set", "key", "value")
	b.execOp(op)
	copy(op.Args[1], "???")
	copy(op.Args[2], "?????")
	b.steps(step{"get key", "$5|value|"})
	allocs := testing.AllocsPerRun(100, func() { b.s.Exec(&b.env, op, &b.w); b.w.Truncate(0) })
	if allocs != 0 {
		t.Errorf("%v allocations to overwrite a value of the same size", allocs)
	}
}

// Looking ahead changes nothing, whatever comes: several keys, keys that go and come back, transactions, short commands,
// damaged bytes.
func TestAheadChangesNothing(t *testing.T) {
	var ops []byte
	for i := range 40 {
		k := fmt.Sprint("key", i)
		ops = AppendOp(ops, slotmap.Slot([]byte(k)), argsOf("set", k, "0123456789"))
	}
	slot := slotmap.Slot([]byte("t"))
	for i := range 10 {
		a, b := fmt.Sprintf("{t}%d", i%3), fmt.Sprintf("{t}%d", i%4)
		ops = AppendOp(ops, slot, argsOf("mset", a, "1", b, fmt.Sprint(i)))
		ops = AppendOp(ops, slot, argsOf("append", a, "0123456789"))
		ops = AppendOp(ops, slot, argsOf("rename", b, a))
		ops = AppendOp(ops, slot, argsOf("object", "encoding", a))
		ops = AppendOp(ops, slot, argsOf("object", "encoding", "other"))
		ops = AppendOp(ops, slot, argsOf("set", "other", "in another slot"))
		ops = AppendOp(ops, slot, argsOf("getdel", a))
		ops = AppendOp(ops, slot, argsOf("getset", "", "x"))
		ops = AppendOp(ops, slot, argsOf("unlink", a, b, a))
	}
	ops = AppendOp(ops, 0, argsOf("ping"))
	ops = AppendTx(ops, slot, nil, [][][]byte{argsOf("set", "t", "1"), argsOf("incr", "t")})
	ops = AppendOp(ops, slotmap.Slot([]byte("after")), argsOf("set", "after", "1"))
	var pieces [][]byte // most begin in the middle of something
	for i := 0; i+100 < len(ops); i += 37 {
		pieces = append(pieces, ops[i:i+100])
	}
	run := func(ops []byte, ahead, again bool) (string, int, error) {
		s := newBench(t)
		var r OpReader
		var op Op
		n := 0
		for r.Reset(ops); ; n++ {
			if ahead && (again || r.Buffered() == 0) {
				s.s.Ahead(&r, n%2 == 0)
				s.s.AheadOfEach(pieces)
			}
			if !r.Next(&op) {
				return fmt.Sprint(s.s.Hash(), "\n", string(s.w.Bytes())), n, r.Err()
			}
			s.s.Exec(&s.env, &op, &s.w)
		}
	}
	for cut := len(ops); cut > len(ops)-200; cut-- {
		want, n, err := run(ops[:cut], false, false)
		for _, again := range []bool{false, true} {
			got, aheadN, aheadErr := run(ops[:cut], true, again)
			if got != want || n != aheadN || (err == nil) != (aheadErr == nil) {
				t.Fatalf("cut at %d: %s after %d (%v), with looking ahead %s after %d (%v)", cut, want, n, err, got, aheadN, aheadErr)
			}
		}
	}
}

// A command is found by its whole name, whatever ran before.
func TestTheCommandBeforeIsNoOther(t *testing.T) {
	b := newBench(t)
	b.steps(
		step{"set k v", "+OK|"},
		step{"object encoding k", "$6|embstr|"},
		step{"encoding k k", "-ERR unknown command 'encoding', with args beginning with: 'k' 'k' |"},
		step{"get k", "$1|v|"},
		step{"get", "-ERR wrong number of arguments for 'get' command|"},
		step{"get k", "$1|v|"},
	)
}

// A key without bytes is one key, whether or not it was looked ahead at.
func TestTheEmptyKeyIsOneKey(t *testing.T) {
	s := newBench(t)
	for _, key := range [][]byte{{}, nil} {
		s.s.call.key = &hashed{}
		if p := s.s.lookup(key); p.hash != s.s.hash([]byte{}) || p.slot != slotmap.Slot(nil) {
			t.Errorf("%#v: %+v", key, p)
		}
	}
}
