package keyspace

import (
	"bytes"
	"testing"

	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/resp"
)

// FuzzExec runs lines of words as commands: each gets exactly one well-formed
// reply, on the read path and in the log, and the state stays consistent.
func FuzzExec(f *testing.F) {
	for _, seed := range []string{
		"set k v\nget k\ndel k", "set k v ex 10 nx get\nappend k w\nsetrange k 5 x\ngetrange k -3 -1",
		"incrbyfloat k 0x1p-3\nincrby k 9\nlcs k k idx withmatchlen\nmset a b c d\nmsetnx a b",
		"expire k 10 gt\npexpireat k 1\nttl k\nscan 0 match * count 5 type string\nkeys [^a-\nrandomkey",
		"rename a b\ncopy a b db 0 replace\nobject encoding k\nmemory usage k samples 0\nwatch a b\nflushall async",
		"xadd s 1-1 a 1\nxadd s * a 2 b 3\nxgroup create s g 0\nxreadgroup group g c streams s >\nxpending s g - + 9\nxack s g 1-1",
		"xadd s maxlen ~ 5 7 f v\nxautoclaim s g d 0 - count 3\nxclaim s g d 0 1-1 force\nxtrim s minid = 2\nxinfo stream s full\nxdel s 7",
		"pfadd k a b c\npfcount k k\npfmerge l k\npfdebug todense k\nappend l x\npfadd l y\nsetrange k 4 \x01\npfcount k",
		"setbit k 9 1\nbitcount k 0 -1 bit\nbitpos k 0 1 2 byte\nbitop not d k\nbitfield k set i5 #3 -9 overflow sat incrby u8 3 99",
		"geoadd k 13.36 38.11 a -180 85.05112878 b\nzadd k -1 c 1e300 d\ngeosearch k frommember c bybox 9 9 mi withdist withcoord",
		"georadius k 180 0 30000000 m store k\ngeodist k a b ft\ngeohash k d\ngeopos k c\nsort k by x desc limit 1 -2 store l",
		"set k v\ndump k\nrestore k 0 \x00\x01v\x0a\x00 replace absttl\nrestore l -1 x freq 256\nrestore l 5 x idletime 1",
		"countkeysinslot 5\ngetkeysinslot 5 7\n\nget\nset k v px\ngetex k persist\nsetex k 1 v",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		cfg := testConfig()
		cfg.MaxValue = 1 << 16
		s := New(cfg)
		var cmds [][][]byte
		for _, line := range bytes.Split(script, []byte("\n")) {
			cmds = append(cmds, bytes.Split(line, []byte(" ")))
		}
		env := Env{Index: 1, Now: testNow, Seed: 3, ReadNow: testNow + 5}
		for i, args := range cmds {
			env.Index++
			env.Now += int64(len(args))
			op := &Op{Args: args, Slot: slotmap.Slot(args[len(args)-1])}
			env.Read = true
			before := s.Hash()
			oneReply(t, s, env, op)
			if s.Hash() != before {
				t.Fatalf("%q changed the state on the read path", args)
			}
			env.Read = false
			s.Tick(&env, 1)
			oneReply(t, s, env, op)
			if i == len(cmds)/2 {
				s.BeginSnapshot(env.Index)
			}
		}
		oneReply(t, s, env, &Op{Tx: &Tx{Cmds: cmds}})
		oneReply(t, s, env, &Op{})
		checkConsistent(t, s)
	})
}

func oneReply(t *testing.T, s *State, env Env, op *Op) {
	var w resp.Writer
	for proto := 2; proto <= 3; proto++ {
		w.Reset(nil, proto)
		s.Exec(&env, op, &w)
		if _, n, err := resp.ParseReply(w.Bytes()); err != nil || n != w.Len() {
			t.Fatalf("%q: reply %q: %v", op.Args, w.Bytes(), err)
		}
		if s.Panics() > 0 {
			t.Fatalf("%q panicked", op.Args)
		}
	}
}
