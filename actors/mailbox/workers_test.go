package mailbox

import (
	"sync"
	"sync/atomic"
	"testing"
)

type herald struct{ n int }

func (herald) RunHere() {}

// working makes a mailbox on the shared workers.
func working() (*box, *recorder) {
	b := New()().(*box)
	r := &recorder{}
	b.RegisterHandlers(r, Workers())
	b.Start()
	return b, r
}

func TestIdleActorRunsOnItsSender(t *testing.T) {
	b, r := working()
	b.PostUserMessage(herald{1})
	expect(t, r.got, herald{1}, Drained{1}) // without a wait: the turn is over when the post returns
	b.PostSystemMessage("s")
}

// While a turn goes on, a message waits for it, whoever sends it.
func TestBusyActorIsNotRunByASender(t *testing.T) {
	b, r := working()
	inside, leave := make(chan struct{}), make(chan struct{})
	r.hook = func(m any) {
		if m == "slow" {
			close(inside)
			<-leave
		}
	}
	b.PostUserMessage("slow")
	<-inside
	b.PostUserMessage(herald{1}) // returns, though nobody delivers it yet
	if n := b.UserMessageCount(); n != 1 {
		t.Fatalf("%d messages wait", n)
	}
	done := make(chan struct{})
	r.hook = func(m any) {
		if m == (herald{1}) {
			close(done)
		}
	}
	close(leave)
	<-done
}

func TestSeededNeverRunsOnASender(t *testing.T) {
	b, r, d := stepped()
	b.PostUserMessage(herald{1})
	expect(t, r.got)
	d.Run(10)
	expect(t, r.got, herald{1}, Drained{1})
}

// Every run happens once, whether a worker was idle or had to be started, and idle ones are bounded.
func TestWorkers(t *testing.T) {
	var p workers
	var ran atomic.Int64
	var wg sync.WaitGroup
	const runs = 20 * maxIdle
	gate := make(chan struct{})
	for i := range runs {
		wg.Add(1)
		p.Schedule(func() {
			defer wg.Done()
			if i < 2*maxIdle {
				<-gate // so that more work at a time than may idle
			}
			ran.Add(1)
		})
		if i == 2*maxIdle {
			close(gate)
		}
	}
	wg.Wait()
	if ran.Load() != runs {
		t.Fatalf("%d of %d", ran.Load(), runs)
	}
	p.mu.Lock()
	idle := len(p.idle)
	p.mu.Unlock()
	if idle > maxIdle {
		t.Fatalf("%d idle workers", idle)
	}
}
