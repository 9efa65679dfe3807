package keyspace

import (
	"fmt"
	"strings"
	"testing"
)

func TestHyperLogLog(t *testing.T) {
	b := newBench(t)
	const corrupt = "-" + errCorruptSketch + "|"
	const none = "-WRONGTYPE Key is not a valid HyperLogLog string value.|"
	b.steps(
		step{"pfadd h", ":1|"}, step{"pfadd h", ":0|"}, step{"pfcount h", ":0|"},
		step{"pfadd h a b c", ":1|"}, step{"pfadd h a c", ":0|"}, step{"pfcount h", ":3|"},
		step{"pfadd g c d e", ":1|"}, step{"pfcount h g none", ":5|"}, step{"pfcount none", ":0|"},
		step{"pfmerge u h g none", "+OK|"}, step{"pfcount u", ":5|"}, step{"pfdebug encoding u", "+sparse|"},
		step{"pfdebug todense g", ":1|"}, step{"pfdebug todense g", ":0|"}, step{"pfcount g", ":3|"},
		step{"pfmerge u g", "+OK|"}, step{"pfdebug encoding u", "+dense|"}, step{"pfcount u", ":5|"},
		step{"append h hello", ":32|"}, step{"pfcount h", corrupt}, step{"pfadd h a", corrupt}, step{"pfmerge u h", corrupt},
		step{"pfmerge h u", corrupt}, step{"pfdebug getreg h", corrupt},
		step{"set h 12345", "+OK|"}, step{"pfadd h a", none}, step{"pfcount h u", none},
		step{"hset x f v", ":1|"}, step{"pfadd x a", "-" + errWrongType + "|"}, step{"pfmerge x u", "-" + errWrongType + "|"},
	)
	checkConsistent(t, b.s)
}

func TestSketchKeepsItsTime(t *testing.T) {
	b := newBench(t)
	b.steps(
		step{"pfadd h a", ":1|"}, step{"pexpireat h 1700000009000", ":1|"}, step{"pfadd h b", ":1|"},
		step{"pfmerge h none", "+OK|"}, step{"pexpiretime h", ":1700000009000|"},
	)
}

// The size at which a sketch becomes dense is a limit of the state.
func TestSketchLimit(t *testing.T) {
	b := newBench(t)
	b.run("setlimit", "hll-sparse-max-bytes", "60")
	for i := 0; ; i++ {
		b.run("pfadd", "h", fmt.Sprint(i))
		if b.run("pfdebug", "encoding", "h") == "+dense\r\n" {
			break
		}
		if n := b.s.lookup([]byte("h")).e.textLen(); n > 60 {
			t.Fatalf("sparse, and %d bytes", n)
		}
	}
	checkConsistent(t, b.s)
}

func TestSketchEvents(t *testing.T) {
	b := newBench(t)
	b.s.Listen(EventString)
	for _, cmd := range []string{"pfadd h", "pfadd h", "pfadd h a", "pfadd h a", "pfcount h", "pfmerge d h"} {
		b.run(words(cmd)...)
	}
	var got []string
	for _, e := range b.s.TakeEvents() {
		got = append(got, e.Name+" "+e.Key)
	}
	if want := "pfadd h,pfadd h,pfadd d"; strings.Join(got, ",") != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
