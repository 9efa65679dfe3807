package actors

import (
	"testing"

	"github.com/asynkron/protoactor-go/actor"
)

// A node without data is not made of its registry of actors.
func TestRegistryIsSmall(t *testing.T) {
	if n := testing.AllocsPerRun(1, func() { actor.NewProcessRegistry(nil) }); n > 10_000 {
		t.Errorf("it takes %.0f allocations", n)
	}
}
