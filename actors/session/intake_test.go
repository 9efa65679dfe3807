package session

import (
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/troupedb/troupe/wire/resp"
)

// TestIntakeKeepsOrder runs a reader against a session that takes at its own pace.
func TestIntakeKeepsOrder(t *testing.T) {
	const commands = 20_000
	client, server := net.Pipe()
	in := newIntake()
	msgs := make(chan any, 1)
	r := newReader(server, in, func(m any) { msgs <- m }, func(int) {})
	go run(r)
	go func() {
		defer client.Close()
		var b []byte
		for i := range commands {
			b = fmt.Appendf(b, "*2\r\n$4\r\nECHO\r\n$6\r\n%06d\r\n", i)
			if len(b) > 100+i%9000 {
				client.Write(b)
				b = b[:0]
			}
		}
		client.Write(b)
	}()
	got := 0
	use := func(p *pipeline) {
		for _, c := range p.cmds[:p.n] {
			if want := fmt.Sprintf("%06d", got); len(c.Args) != 2 || string(c.Args[1]) != want {
				t.Fatalf("command %d is %q", got, c.Args)
			}
			got++
		}
	}
	for done := false; !done; {
		switch m := (<-msgs).(type) {
		case *pipeline:
			use(m)
		case inputEnded:
			done = true
		}
		for {
			p, end := in.take()
			if p == nil {
				if end != nil && !errors.Is(end, io.EOF) {
					t.Fatal(end)
				}
				break
			}
			use(p)
		}
	}
	if got != commands {
		t.Fatalf("%d commands of %d", got, commands)
	}
}

// TestIntakeBackpressure: a reader whose two pipelines are full does not read on.
func TestIntakeBackpressure(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	in := newIntake()
	msgs := make(chan any, 1)
	r := newReader(server, in, func(m any) { msgs <- m }, func(int) {})
	done := make(chan struct{})
	go func() { defer close(done); run(r) }()
	written := make(chan int, 1<<16)
	go func() {
		defer close(written)
		for {
			n, err := client.Write([]byte("*1\r\n$4\r\nPING\r\n"))
			if err != nil {
				return
			}
			written <- n
		}
	}()
	first := (<-msgs).(*pipeline)
	total := 0
	for total < maxPipeline+first.n-1 {
		<-written
		total++
	}
	in.mu.Lock()
	for !(in.parked && in.filling != nil && in.filling.full()) {
		in.mu.Unlock()
		in.mu.Lock()
	}
	in.mu.Unlock()
	if n := len(written); n > 4 {
		t.Errorf("%d commands were read beyond the bound", n)
	}
	in.close()
	server.Close()
	<-done
}

// TestIntakeSingle: in single mode nothing is parsed beyond a command that is not finished.
func TestIntakeSingle(t *testing.T) {
	client, server := net.Pipe()
	in := newIntake()
	in.single.Store(true)
	msgs := make(chan any, 1)
	r := newReader(server, in, func(m any) { msgs <- m }, func(int) {})
	go run(r)
	go func() {
		client.Write([]byte("*1\r\n$4\r\nAUTH\r\n*11\r\n"))
		client.Close()
	}()
	if p := (<-msgs).(*pipeline); p.n != 1 {
		t.Fatalf("%d commands at once", p.n)
	}
	in.single.Store(false)
	if p, end := in.take(); p != nil || end != nil {
		t.Fatal("the reader went on before the command was finished", p, end)
	}
	<-msgs
	var bad *resp.ProtocolError
	if _, end := in.take(); errors.As(end, &bad) {
		t.Fatalf("judged by old limits: %v", end)
	}
}

// run reads until the input ends.
func run(r *reader) {
	r.start()
	for r.step() {
	}
}
