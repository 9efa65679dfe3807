package session

import (
	"fmt"
	"testing"
)

// BenchmarkPipeline is the cost of a session per command, the fake shard's included.
func BenchmarkPipeline(b *testing.B) {
	for _, depth := range []int{1, 16, 128} {
		b.Run(fmt.Sprint(depth), func(b *testing.B) {
			c := newBed(b, 3).dial()
			var raw []byte
			for i := range depth {
				raw = append(raw, pack(fmt.Sprintf("SET key:%d value", i))...)
			}
			buf := make([]byte, 64<<10)
			b.ReportAllocs()
			for n := 0; n < b.N; n += depth {
				if _, err := c.Write(raw); err != nil {
					b.Fatal(err)
				}
				for got := 0; got < 5*depth; {
					k, err := c.Read(buf)
					if err != nil {
						b.Fatal(err)
					}
					got += k
				}
			}
		})
	}
}
