package keyspace

import (
	"testing"

	"github.com/troupedb/troupe/slotmap"
)

// A transaction that is recalled is answered as it was, or refused; it changes nothing either way, and leaves it to a
// later one to be carried out.
func TestRecallCarriesNothingOut(t *testing.T) {
	b := newBench(t)
	cmds := [][][]byte{argsOf("incr", "{k}")}
	recall := func(key string, read bool) string {
		env := b.env
		defer func() { b.env = env }()
		b.env.Read, b.env.ReadNow = read, b.env.Now
		return b.execOp(&Op{Slot: slotmap.Slot([]byte("{k}")), Tx: &Tx{Cmds: cmds, Once: []byte(key), Recall: true}})
	}
	b.wantOnce("*1|:1|", "a", "incr {k}")
	before := b.s.Hash()
	for _, read := range []bool{true, false} {
		if got := recall("a", read); got != crlf("*1|:1|") {
			t.Errorf("%q of what was carried out", got)
		}
		if got := recall("b", read); got != "-"+NoMemoryInTx+"\r\n" {
			t.Errorf("%q of what was not", got)
		}
	}
	if b.s.Hash() != before {
		t.Error("something changed")
	}
	b.wantOnce("*1|:2|", "b", "incr {k}")
}

func TestGrows(t *testing.T) {
	tx := func(recall bool, cmds ...string) *Op {
		o := &Op{Tx: &Tx{Recall: recall}}
		for _, c := range cmds {
			o.Tx.Cmds = append(o.Tx.Cmds, argsOf(words(c)...))
		}
		return o
	}
	for name, o := range map[string]struct {
		op   *Op
		want bool
	}{
		"set": {opOf("set", "k", "v"), true}, "del": {opOf("del", "k"), false}, "get": {opOf("get", "k"), false},
		"xgroup create": {opOf("xgroup", "create", "k", "g", "0"), true}, "xgroup destroy": {opOf("xgroup", "destroy", "k", "g"), false},
		"unknown": {opOf("fly"), false}, "nothing": {&Op{}, false}, "tx": {tx(false, "del k", "set k v"), true},
		"tx that frees": {tx(false, "del k", "del l"), false}, "recall": {tx(true, "set k v"), false},
	} {
		if got := o.op.Grows(); got != o.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
