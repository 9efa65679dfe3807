package keyspace_test

import (
	"fmt"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/resp"
)

// command appends a command to the body of a log entry.
func command(body []byte, words ...string) []byte {
	var args [][]byte
	for _, w := range words {
		args = append(args, []byte(w))
	}
	return keyspace.AppendOp(body, slotmap.Slot(args[1]), args)
}

// apply carries out the operations of an entry, as each replica does once the entry is committed. What they may know of
// the time stands in the entry, so that all replicas find the same.
func apply(s *keyspace.State, env keyspace.Env, body []byte) string {
	var w resp.Writer
	w.Reset(nil, 2)
	var r keyspace.OpReader
	r.Reset(body)
	s.Tick(&env, 100)
	for op := (keyspace.Op{}); r.Next(&op); {
		s.Exec(&env, &op, &w)
	}
	return string(w.Bytes())
}

func newState() *keyspace.State { return keyspace.New(keyspace.Config{Slots: slotmap.Even(1)}) }

func ExampleState_Exec() {
	s := newState()
	body := command(nil, "set", "greeting", "hello", "px", "500")
	body = command(body, "append", "greeting", " world")
	fmt.Printf("%q\n", apply(s, keyspace.Env{Index: 1, Now: 1000}, body))

	get := command(nil, "get", "greeting")
	fmt.Printf("%q\n", apply(s, keyspace.Env{Index: 2, Now: 1500}, get))
	fmt.Printf("%q\n", apply(s, keyspace.Env{Index: 3, Now: 1501}, get))
	// Output:
	// "+OK\r\n:11\r\n"
	// "$11\r\nhello world\r\n"
	// "$-1\r\n"
}

// A snapshot is the state as it was when it began, though it is written while operations go on.
func ExampleState_BeginSnapshot() {
	s := newState()
	apply(s, keyspace.Env{Index: 1, Now: 1000}, command(nil, "set", "color", "red"))
	snap := s.BeginSnapshot(1)
	apply(s, keyspace.Env{Index: 2, Now: 1000}, command(nil, "set", "color", "blue"))

	restorer := keyspace.NewRestorer(keyspace.Config{})
	for done := false; !done; {
		var block []byte
		block, done = snap.Next(nil, 64<<10)
		if err := restorer.Add(block); err != nil {
			panic(err)
		}
	}
	restored, err := restorer.Finish()
	fmt.Println(err)

	get := command(nil, "get", "color")
	fmt.Printf("%q %q\n", apply(restored, keyspace.Env{Index: 2, Now: 1000}, get), apply(s, keyspace.Env{Index: 3, Now: 1000}, get))
	// Output:
	// <nil>
	// "$3\r\nred\r\n" "$4\r\nblue\r\n"
}
