package link

import (
	"errors"
	"testing"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/secret"
)

func secretOf(t testing.TB, text ...string) *secret.Secret {
	t.Helper()
	var c Config
	withSecret(t, text...)(&c)
	return c.Secret
}

func (x *node) rekey(text ...string) {
	x.t.Helper()
	if err := x.links.SetSecret(secretOf(x.t, text...)); err != nil {
		x.t.Fatal(err)
	}
}

// renewed has the node change its secret, and waits until its connection to another was made by the new one.
func (x *node) renewed(to slotmap.NodeID, text ...string) {
	x.t.Helper()
	p := x.links.peer(to)
	before := p.outbound.Load()
	x.rekey(text...)
	until(x.t, "a renewed connection", func() bool { return p.outbound.Load() != before })
}

// Nodes change their secret one after the other while they talk. Nobody is told that a link is down, and what
// arrives does so in order.
func TestRotation(t *testing.T) {
	b := newBook()
	nodes := []*node{startNode(t, b, 1, withSecret(t, oneSecret)), startNode(t, b, 2, withSecret(t, oneSecret))}
	got := []<-chan *Inbound{nodes[0].actor("x"), nodes[1].actor("x")}
	var last [2]uint64
	var sent uint64
	talk := func(to int) { // until something arrives that was sent from here on
		t.Helper()
		pid, first := actor.NewPID(nodes[to].id.String(), "x"), sent+1
		for last[to] < first {
			sent++
			nodes[1-to].system.Root.Send(pid, raftMessage(sent, 100))
			for len(got[to]) > 0 {
				index := indexOf((<-got[to]).Message)
				if index <= last[to] {
					t.Fatalf("%d arrives behind %d", index, last[to])
				}
				last[to] = index
			}
		}
	}
	for i, x := range nodes {
		x.links.Connect(nodes[1-i].id)
		receive(t, "Up", x.ups)
	}
	talk(0)
	talk(1)
	for _, step := range [][]string{{oneSecret, anotherSecret}, {anotherSecret, oneSecret}, {anotherSecret}} {
		for i, x := range nodes {
			x.renewed(nodes[1-i].id, step...)
			talk(0)
			talk(1)
		}
	}
	for _, x := range nodes {
		nothing(t, "a link down", x.downs)
	}
	old := startNode(t, b, 3, withSecret(t, oneSecret))
	old.links.Connect(nodes[0].id)
	until(t, "complaints about the old secret", func() bool {
		return old.lines.count(secret.ErrStranger.Error()) > 0 && nodes[0].lines.count(ErrRefusedSecret.Error()) > 0
	})
	if n := old.links.Stats().Up; n != 0 {
		t.Fatal("one with the old secret is let in")
	}
}

// A peer that has not heard of the new secret loses its connections when the old one counts no more, not before.
func TestALeftBehindPeer(t *testing.T) {
	b := newBook()
	one, two := startNode(t, b, 1, withSecret(t, oneSecret)), startNode(t, b, 2, withSecret(t, oneSecret))
	got := two.actor("x")
	for _, x := range []*node{one, two} {
		x.links.Connect(map[*node]*node{one: two, two: one}[x].id)
		receive(t, "Up", x.ups)
	}
	one.rekey(anotherSecret, oneSecret) // two takes no connection by the new one
	until(t, "a complaint about the renewal", func() bool { return one.lines.count(ErrRefusedSecret.Error()) > 0 })
	one.send(two.id, "x", 1)
	receive(t, "message by the old connection", got)
	nothing(t, "a link down", one.downs)

	one.rekey(anotherSecret)
	receive(t, "Down", one.downs)
	receive(t, "Down", two.downs)
	two.rekey(anotherSecret)
	one.endless(two.id, "x", got)
}

func TestSecretsAreNotBegunOrEnded(t *testing.T) {
	b := newBook()
	plain, keyed := startNode(t, b, 1), startNode(t, b, 2, withSecret(t, oneSecret))
	if err := plain.links.SetSecret(secretOf(t, oneSecret)); !errors.Is(err, ErrPlain) {
		t.Errorf("without one: %v", err)
	}
	if err := keyed.links.SetSecret(nil); !errors.Is(err, ErrPlain) {
		t.Errorf("with one: %v", err)
	}
}
