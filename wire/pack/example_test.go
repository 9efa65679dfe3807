package pack_test

import (
	"fmt"

	"github.com/troupedb/troupe/wire/pack"
)

// A Reader is asked for what should be there, and once at the end whether it was.
func Example() {
	b := pack.AppendArray(nil, 2)
	b = pack.AppendUint(b, 7)
	b = pack.AppendBytes(b, []byte("value"))

	r := pack.NewReader(b)
	fmt.Printf("%d %d %q %v\n", r.ArrayLen(2), r.Uint(), r.Bytes(100), r.Finish())

	r = pack.NewReader(b[:len(b)-1])
	fmt.Printf("%d %d %q %v\n", r.ArrayLen(2), r.Uint(), r.Bytes(100), r.Finish())
	// Output:
	// 2 7 "value" <nil>
	// 2 7 "" pack: reading bytes at byte 4: input ends too early
}
