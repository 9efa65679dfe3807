package mailbox

import (
	"fmt"
	"sync"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
)

type bulk struct{}

func benchmarkSend(b *testing.B, senders int, producer actor.MailboxProducer, msg any) {
	sys := newSystem()
	done := make(chan struct{})
	got, want := 0, b.N/senders*senders
	pid := sys.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
		switch c.Message().(type) {
		case *bulk, *front:
			if got++; got == want {
				close(done)
			}
		}
	}, actor.WithMailbox(producer)))
	b.ReportAllocs()
	b.ResetTimer()
	var wg sync.WaitGroup
	for range senders {
		wg.Go(func() {
			for range b.N / senders {
				sys.Root.Send(pid, msg)
			}
		})
	}
	wg.Wait()
	if want > 0 {
		<-done
	}
}

func BenchmarkSend(b *testing.B) {
	for _, senders := range []int{1, 2, 8} {
		for _, c := range []struct {
			name     string
			producer actor.MailboxProducer
			msg      any
		}{
			{"client", New(), &bulk{}},
			{"consensus", New(), &front{}},
			{"stock", actor.Unbounded(), &bulk{}},
		} {
			b.Run(fmt.Sprintf("%s/senders=%d", c.name, senders), func(b *testing.B) {
				benchmarkSend(b, senders, c.producer, c.msg)
			})
		}
	}
}

func BenchmarkBudget(b *testing.B) {
	budget := NewBudget(4096, 16<<20)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if budget.TryAcquire(1, 64) {
				budget.Release(1, 64)
			}
		}
	})
}
