package session

import (
	"net"
	"strings"
	"testing"

	"github.com/troupedb/troupe/actors/replica"
)

// The memory of an answer serves the next one that is asked of the same shard, if it is what was lent, and not large.
func TestMemoryOfAnswersComesBack(t *testing.T) {
	for _, c := range []struct {
		name   string
		size   int // of the replies
		ends   int
		other  bool
		reused bool
	}{
		{"small", 100, 1, false, true}, {"at the bound", keepAnswer - 400, 100, false, true}, {"large", keepAnswer + 1, 0, false, false},
		{"of many", 100, keepAnswer / 4, false, false},
		{"of somebody else", 100, 1, true, false},
	} {
		p := &part{}
		b := &replica.Batch{Into: p.lend()}
		a := b.Into
		if c.other {
			a = &replica.Answer{}
		}
		a.Batch, a.Replies, a.Ends = b, make([]byte, c.size), make([]uint32, c.ends)
		p.takeBack(a)
		if next := p.lend(); (next == a) != c.reused || next.Batch != nil {
			t.Errorf("%s: the next one is %+v", c.name, next)
		}
		if p.lend() == a {
			t.Errorf("%s: lent twice", c.name)
		}
	}
}

// A session that is asked again and again makes memory for one answer.
func TestSessionLendsTheSameMemory(t *testing.T) {
	b := newBed(t, 1)
	seen := make(chan *replica.Batch, 1)
	b.send(1, setSeen{seen})
	c := b.dial()
	ask := func() *replica.Batch {
		c.want("GET key", "nil")
		return <-seen
	}
	first := ask()
	for range 100 {
		if again := ask(); again == first || again.Into != first.Into {
			t.Fatal("it has made new memory, or sent the same batch")
		}
	}
}

// repeats is a connection on which the same comes again and again.
type repeats struct {
	net.Conn
	text string
}

func (r repeats) Read(p []byte) (int, error) { return copy(p, r.text), nil }

// A reader whose session keeps up with it makes one buffer, which does not grow.
func TestReaderKeepsItsBuffer(t *testing.T) {
	in := newIntake()
	got := 0
	r := newReader(repeats{text: strings.Repeat(string(pack("GET key")), 16)}, in, func(m any) { got += m.(*pipeline).n }, func(int) {})
	r.start()
	const rounds, runs = 2000, 5
	pipelines := func() {
		for range rounds {
			r.step()
			in.take()
		}
	}
	if n := testing.AllocsPerRun(runs, pipelines); n > 0 || got != 16*rounds*(runs+1) {
		t.Errorf("%.0f allocations for %d pipelines, %d commands", n, rounds, got)
	}
}
