package actors

import (
	"testing"

	"github.com/asynkron/protoactor-go/actor"
)

// A real node leaves the connections of its clients to the sessions' pollers; a simulated one gives them turns of its
// own.
func TestSessionsOfARealNodeArePolled(t *testing.T) {
	n := &Node{world: realWorld(), system: actor.NewActorSystem(), links: struct{ Links }{}}
	if cfg := n.sessionConfig(); cfg.Dispatcher != nil || cfg.Drive != nil {
		t.Errorf("dispatcher %T", cfg.Dispatcher)
	}
	n.world.Dispatcher = func(string) actor.Dispatcher { return actor.NewSynchronizedDispatcher(1) }
	if cfg := n.sessionConfig(); cfg.Dispatcher == nil {
		t.Error("no dispatcher")
	}
}
