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

// BenchmarkDispatch measures a run that needs a few KiB of stack, as those of raft do, beside protoactor's
// dispatcher, which starts a goroutine for each.
func BenchmarkDispatch(b *testing.B) {
	for _, d := range []struct {
		name string
		actor.Dispatcher
	}{{"workers", Workers()}, {"stock", actor.NewDefaultDispatcher(300)}} {
		for _, depth := range []int{1, 16, 64} {
			b.Run(fmt.Sprintf("%s/frames=%d", d.name, depth), func(b *testing.B) {
				done := make(chan byte)
				run := func() { done <- deep(depth) }
				for range b.N {
					d.Schedule(run)
					<-done
				}
			})
		}
	}
}

//go:noinline
func deep(frames int) byte {
	var room [256]byte
	if frames == 0 {
		return room[0]
	}
	room[frames] = deep(frames - 1)
	return room[frames]
}
