package resp_test

import (
	"fmt"

	"github.com/troupedb/troupe/wire/resp"
)

// A Reader takes bytes as they come, and yields the commands that are complete.
func ExampleReader() {
	r := resp.NewReader(resp.DefaultLimits())
	var cmd resp.Command
	for _, part := range []string{"*2\r\n$3\r\nGET\r\n$3\r", "\nkey\r\nPING\r\n*1\r\n"} {
		r.Feed([]byte(part))
		for {
			ok, err := r.Next(&cmd)
			if !ok {
				fmt.Println("needs more", err)
				break
			}
			fmt.Printf("%q\n", cmd.Args)
		}
	}
	// Output:
	// needs more <nil>
	// ["GET" "key"]
	// ["PING"]
	// needs more <nil>
}

// The same calls write what a client of either protocol version expects.
func ExampleWriter() {
	var w resp.Writer
	for _, proto := range []int{2, 3} {
		w.Reset(nil, proto)
		w.Map(1)
		w.BulkString("score")
		w.Double(1.5)
		fmt.Printf("%q\n", w.Bytes())
	}
	// Output:
	// "*2\r\n$5\r\nscore\r\n$3\r\n1.5\r\n"
	// "%1\r\n$5\r\nscore\r\n,1.5\r\n"
}
