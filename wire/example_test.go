package wire_test

import (
	"bufio"
	"bytes"
	"fmt"

	"github.com/troupedb/troupe/wire"
)

// One end of a link appends frames to a buffer that it writes at once; the other reads them one by one.
func ExampleAppendFrame() {
	var out []byte
	out = wire.AppendFrame(out, "", &wire.Ping{ID: 1})
	out = wire.AppendFrame(out, "shard3", &wire.Removed{Shard: 3, Replica: 2, Index: 17})

	r := bufio.NewReader(bytes.NewReader(out))
	var buf []byte
	for range 2 {
		var err error
		if buf, err = wire.ReadFrame(r, buf, wire.MaxFrame); err != nil {
			panic(err)
		}
		target, m, err := wire.DecodeFrame(buf)
		fmt.Printf("%q %T %v\n", target, m, err)
	}
	// Output:
	// "" *wire.Ping <nil>
	// "shard3" *wire.Removed <nil>
}
