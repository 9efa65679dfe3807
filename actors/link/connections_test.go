package link

import (
	"testing"

	"github.com/asynkron/protoactor-go/actor"
)

func TestConnections(t *testing.T) {
	b := newBook()
	one, two, three := startNode(t, b, 1), startNode(t, b, 2), startNode(t, b, 3)
	if all := one.links.Connections(); len(all) != 0 {
		t.Fatalf("at first %v", all)
	}
	two.links.Connect(one.id) // which has one dial back
	three.links.Connect(one.id)
	var all []Connection
	until(t, "four connections", func() bool { all = one.links.Connections(); return len(all) == 4 })
	for i, want := range []Connection{{Node: two.id}, {Node: two.id, Inbound: true}, {Node: three.id}, {Node: three.id, Inbound: true}} {
		if c := all[i]; c.Node != want.Node || c.Inbound != want.Inbound || c.Since.IsZero() || c.Queued != 0 {
			t.Errorf("%d: %+v", i, c)
		}
	}
	two.crash()
	until(t, "two of them are gone", func() bool { all = one.links.Connections(); return len(all) == 2 })
	if all[0].Node != three.id || all[1].Node != three.id {
		t.Error(all)
	}
}

func TestConnectionThatIsBusy(t *testing.T) {
	b := newBook()
	release := make(chan struct{})
	one := startNode(t, b, 1)
	f := fakePeer(t, b, 9, stuck(release))
	defer close(release)
	one.links.Connect(f.id)
	receive(t, "Up", one.ups)
	until(t, "what waits is told", func() bool {
		one.system.Root.Send(actor.NewPID(f.id.String(), "x"), raftMessage(1, 100_000))
		all := one.links.Connections()
		return len(all) > 0 && all[0].Node == f.id && all[0].Queued >= 100_000 && all[0].Allocated > all[0].Queued
	})
}
