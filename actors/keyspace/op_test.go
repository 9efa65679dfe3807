package keyspace

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/pack"
)

// own copies an operation out of the buffers that it aliases.
func own(op *Op) Op {
	c := Op{Slot: op.Slot, Args: cloneArgs(op.Args)}
	if op.Tx != nil {
		c.Tx = &Tx{Watches: append([]Watch{}, op.Tx.Watches...), Cmds: [][][]byte{}, Once: bytes.Clone(op.Tx.Once)}
		for _, args := range op.Tx.Cmds {
			c.Tx.Cmds = append(c.Tx.Cmds, cloneArgs(args))
		}
	}
	return c
}

func cloneArgs(args [][]byte) [][]byte {
	var out [][]byte
	for _, a := range args {
		out = append(out, append([]byte{}, a...))
	}
	return out
}

func appendAny(dst []byte, op *Op) []byte {
	if op.Tx != nil && op.Tx.Once != nil {
		if op.Tx.Recall {
			return AppendRecall(dst, op.Slot, op.Tx.Cmds, op.Tx.Once)
		}
		return AppendOnce(dst, op.Slot, op.Tx.Watches, op.Tx.Cmds, op.Tx.Once)
	}
	if op.Tx != nil {
		return AppendTx(dst, op.Slot, op.Tx.Watches, op.Tx.Cmds)
	}
	return AppendOp(dst, op.Slot, op.Args)
}

func drawArgs(t *rapid.T) [][]byte {
	return rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 40), 1, 20).Draw(t, "args")
}

func drawOp(t *rapid.T) Op {
	op := Op{Slot: rapid.Uint16Range(0, slotmap.Count-1).Draw(t, "slot")}
	if rapid.Bool().Draw(t, "command") {
		op.Args = drawArgs(t)
		return op
	}
	op.Tx = &Tx{Watches: []Watch{}, Cmds: [][][]byte{}}
	for range rapid.IntRange(0, 4).Draw(t, "watches") {
		op.Tx.Watches = append(op.Tx.Watches, Watch{rapid.Uint16().Draw(t, "bucket"), rapid.Uint64().Draw(t, "index")})
	}
	for range rapid.IntRange(0, 5).Draw(t, "commands") {
		op.Tx.Cmds = append(op.Tx.Cmds, drawArgs(t))
	}
	if rapid.Bool().Draw(t, "once") {
		op.Tx.Once = rapid.SliceOfN(rapid.Byte(), 1, MaxOnceKey).Draw(t, "key")
	}
	return op
}

func TestOpsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ops := rapid.SliceOfN(rapid.Custom(drawOp), 0, 10).Draw(t, "ops")
		var body []byte
		for i := range ops {
			body = appendAny(body, &ops[i])
		}
		var r OpReader
		r.Reset(body)
		var op Op
		ahead := rapid.SliceOfN(rapid.Bool(), len(ops)+1, len(ops)+1).Draw(t, "ahead")
		for i := range ops {
			if ahead[i] {
				r.readAhead()
			}
			if !r.Next(&op) {
				t.Fatalf("operation %d of %d: %v", i, len(ops), r.Err())
			}
			if got := own(&op); !reflect.DeepEqual(got, ops[i]) {
				t.Fatalf("operation %d is %+v, want %+v", i, got, ops[i])
			}
		}
		if r.Next(&op) || r.Err() != nil {
			t.Fatalf("no clean end: %v", r.Err())
		}
	})
}

func TestOpReaderRefuses(t *testing.T) {
	good := AppendOp(nil, 5, argsOf("get", "k"))
	head := func(kind, n int) []byte {
		b := pack.AppendUint(pack.AppendArray(nil, n), uint64(kind))
		return pack.AppendUint(b, 5)
	}
	for name, body := range map[string][]byte{
		"cut short":      good[:len(good)-1],
		"no array":       {0x05},
		"unknown kind":   pack.AppendArray(head(9, 3), 0),
		"no arguments":   pack.AppendArray(head(opCommand, 3), 0),
		"slot too large": AppendOp(nil, slotmap.Count, argsOf("get", "k")),
		"odd watches":    pack.AppendArray(pack.AppendUint(pack.AppendArray(head(opTx, 4), 1), 3), 0),
		"claimed length": append(head(opCommand, 3), 0xdd, 0xff, 0xff, 0xff, 0xff),
		"empty command":  AppendTx(nil, 5, nil, [][][]byte{{}}),
		"empty key":      AppendOnce(nil, 5, nil, [][][]byte{argsOf("get", "k")}, nil),
		"long key":       AppendOnce(nil, 5, nil, [][][]byte{argsOf("get", "k")}, make([]byte, MaxOnceKey+1)),
	} {
		var r OpReader
		var op Op
		r.Reset(append(bytes.Clone(good), body...))
		if !r.Next(&op) {
			t.Errorf("%s: the good operation before it was refused: %v", name, r.Err())
		}
		if r.Next(&op) || r.Err() == nil {
			t.Errorf("%s: accepted as %+v", name, op)
		}
		if r.Next(&op) {
			t.Errorf("%s: goes on after a failure", name)
		}
	}
	var r OpReader
	r.Reset(pack.AppendNil(head(opTx, 3)))
	if r.Next(&Op{}); !errors.Is(r.Err(), ErrOp) {
		t.Errorf("kind and length that do not go together: %v", r.Err())
	}
}

func TestOpReaderAllocatesNothing(t *testing.T) {
	body := AppendOp(nil, 5, argsOf("set", "k", "v"))
	body = AppendTx(body, 5, []Watch{{1, 2}}, [][][]byte{argsOf("get", "k"), argsOf("set", "k", "w")})
	var r OpReader
	var op Op
	read := func() {
		r.Reset(body)
		for r.Next(&op) {
		}
	}
	if n := testing.AllocsPerRun(100, read); n != 0 {
		t.Errorf("%v allocations to read an entry", n)
	}
}

// What is read ahead is bounded, whatever the operations hold.
func TestOpReaderReadsAheadWithinBounds(t *testing.T) {
	many := make([]string, aheadArgs-1)
	for i := range many {
		many[i] = "x"
	}
	short, long := AppendOp(nil, 5, argsOf("get", "k")), AppendOp(nil, 5, argsOf(many...))
	tx := AppendTx(nil, 5, nil, [][][]byte{argsOf("get", "k")})
	for name, tc := range map[string]struct {
		body []byte
		want int
	}{
		"nothing":                  {nil, 0},
		"short ones":               {bytes.Repeat(short, AheadMax+9), AheadMax},
		"long ones":                {bytes.Repeat(long, 5), 2},
		"up to a transaction":      {slices.Concat(short, short, tx, short), 2},
		"a transaction":            {slices.Concat(tx, short), 0},
		"up to damage":             {slices.Concat(short, []byte{0x93, 0x05}), 1},
		"damage":                   {[]byte{0x93, 0x05}, 0},
		"a command without a name": {slices.Concat(short, []byte{0x93, 0, 5, 0x90}), 1},
		"an array of another size": {slices.Concat(short, []byte{0x94, 0, 5, 0x90}), 1},
	} {
		var r OpReader
		r.Reset(tc.body)
		if got := len(r.readAhead()); got != tc.want || r.Buffered() != tc.want {
			t.Errorf("%s: %d operations read ahead, %d of them buffered, want %d", name, got, r.Buffered(), tc.want)
		}
		if r.Err() != nil {
			t.Errorf("%s: reading ahead failed: %v", name, r.Err())
		}
	}
}

// Nothing holds on to the operations of an entry that is done with, however many there were.
func TestOpReaderLetsGo(t *testing.T) {
	var r OpReader
	for n := range AheadMax + 1 {
		r.Reset(slices.Concat(bytes.Repeat(AppendOp(nil, 5, argsOf("get", "k")), n), []byte{0x93, 0, 5, 0x92, 0xc4, 1, 'x', 0}))
		if got := len(r.readAhead()); got != n {
			t.Fatalf("%d operations read ahead, want %d", got, n)
		}
		r.Reset(nil)
		for i := range r.ops {
			if !reflect.DeepEqual(r.ops[i], Op{}) {
				t.Fatalf("operation %d after %d were read: %+v", i, n, r.ops[i])
			}
		}
	}
}

func FuzzOpReader(f *testing.F) {
	f.Add(AppendOp(nil, 5, argsOf("set", "k", "v")))
	f.Add(AppendTx(nil, 9, []Watch{{1, 2}, {3, 4}}, [][][]byte{argsOf("get", "k"), argsOf("del", "a", "b")}))
	f.Add(AppendRecall(nil, 9, [][][]byte{argsOf("set", "k", "v")}, []byte("key")))
	f.Add(AppendOnce(nil, 9, nil, [][][]byte{argsOf("set", "k", "v")}, []byte("key")))
	f.Add([]byte{0x93, 0x00, 0x05, 0xdd, 0x7f, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, body []byte) {
		var r OpReader
		var op Op
		var again, ahead []byte
		r.Reset(body)
		for r.Next(&op) {
			again = appendAny(again, &op)
		}
		err := r.Err()
		r.Reset(body)
		for r.readAhead(); r.Next(&op); r.readAhead() {
			ahead = appendAny(ahead, &op)
		}
		if !bytes.Equal(again, ahead) || (r.Err() == nil) != (err == nil) {
			t.Fatalf("read ahead %x (%v), otherwise %x (%v)", ahead, r.Err(), again, err)
		}
		var r2 OpReader
		r2.Reset(again)
		for r2.Next(&op) {
		}
		if r2.Err() != nil {
			t.Fatalf("what was read does not read back: %v", r2.Err())
		}
	})
}
