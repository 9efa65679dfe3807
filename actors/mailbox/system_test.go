package mailbox

import (
	"io"
	"log/slog"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
)

func newSystem() *actor.ActorSystem {
	return actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger {
		return slog.New(slog.NewTextHandler(io.Discard, nil))
	}))
}

// life reports the lifecycle of an actor that panics on "bad".
func life(events chan<- string) actor.ReceiveFunc {
	return func(c actor.Context) {
		switch m := c.Message().(type) {
		case *actor.Started:
			events <- "started"
		case *actor.Stopped:
			events <- "stopped"
		case string:
			if m == "bad" {
				panic("boom")
			}
			events <- m
		}
	}
}

func TestStopNodeEndsInsteadOfRestarting(t *testing.T) {
	for name, spawn := range map[string]func(*actor.ActorSystem, *actor.Props, actor.SupervisorStrategy) *actor.PID{
		"guardian": func(sys *actor.ActorSystem, p *actor.Props, s actor.SupervisorStrategy) *actor.PID {
			return sys.Root.Spawn(p.Configure(actor.WithGuardian(s)))
		},
		"parent": func(sys *actor.ActorSystem, p *actor.Props, s actor.SupervisorStrategy) *actor.PID {
			child := make(chan *actor.PID, 1)
			sys.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
				if _, ok := c.Message().(*actor.Started); ok {
					child <- c.Spawn(p)
				}
			}, actor.WithSupervisor(s)))
			return <-child
		},
	} {
		t.Run(name, func(t *testing.T) {
			sys, events, reason := newSystem(), make(chan string, 10), make(chan any, 1)
			props := actor.PropsFromFunc(life(events), actor.WithMailbox(New()))
			pid := spawn(sys, props, StopNode(func(r any) { reason <- r }))
			for _, m := range []string{"one", "bad", "two"} {
				sys.Root.Send(pid, m)
			}
			if r := <-reason; r != "boom" {
				t.Fatalf("fatal got %v", r)
			}
			for _, want := range []string{"started", "one", "stopped"} {
				if got := <-events; got != want {
					t.Fatalf("%s, want %s", got, want)
				}
			}
		})
	}
}

func TestStockSupervisionStillWorks(t *testing.T) {
	sys, events := newSystem(), make(chan string, 10)
	pid := sys.Root.Spawn(actor.PropsFromFunc(life(events), actor.WithMailbox(New())))
	for _, m := range []string{"one", "bad", "two"} {
		sys.Root.Send(pid, m)
	}
	for _, want := range []string{"started", "one", "started", "two"} {
		if got := <-events; got != want {
			t.Fatalf("%s, want %s", got, want)
		}
	}
	if err := sys.Root.PoisonFuture(pid).Wait(); err != nil {
		t.Fatal(err)
	}
}

// gossipers pass a token around at random: any difference in the interleaving shows in the log.
func runSeeded(seed uint64) (uint64, []string) {
	sys, d := newSystem(), NewSeeded(seed)
	var log []string
	pids := make([]*actor.PID, 5)
	for i := range pids {
		name := string(rune('a' + i))
		pids[i] = sys.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
			if n, ok := c.Message().(int); ok {
				log = append(log, name)
				if n > 0 {
					c.Send(pids[(i+1)%5], n-1)
					c.Send(pids[(i+n)%5], n/2)
				}
			}
		}, actor.WithMailbox(New(smallBatch)), actor.WithDispatcher(d)))
	}
	for _, p := range pids {
		sys.Root.Send(p, 6)
	}
	for d.Step() {
	}
	return d.Trace(), log
}

func TestSeededReplays(t *testing.T) {
	seen := map[uint64]bool{}
	for seed := range uint64(20) {
		trace, log := runSeeded(seed)
		again, relog := runSeeded(seed)
		if trace != again || len(log) != len(relog) {
			t.Fatalf("seed %d: traces %x and %x", seed, trace, again)
		}
		for i := range log {
			if log[i] != relog[i] {
				t.Fatalf("seed %d: differs at %d", seed, i)
			}
		}
		seen[trace] = true
	}
	if len(seen) < 19 {
		t.Fatalf("20 seeds gave %d interleavings", len(seen))
	}
}
