package replica

import (
	"slices"
	"testing"

	"github.com/troupedb/troupe/wire"
)

// asking notes whom a group's leader asks to confirm reads.
type asking struct {
	c    *cluster
	lead *node
	of   []int // nodes
}

func newAsking(t *testing.T, nodes int) *asking {
	c, lead := group(t, nodes, nodes)
	a := &asking{c: c, lead: lead}
	c.net.tamper = func(_, to *node, m wire.Message) wire.Message {
		if r, ok := m.(*wire.Raft); ok && beat(r.Message) != 0 {
			a.of = append(a.of, to.i)
		}
		return m
	}
	c.set(lead, "v")
	return a
}

// read reads once, and returns who was asked.
func (a *asking) read() []int {
	a.c.t.Helper()
	a.of = nil
	a.c.must(a.c.send(a.lead, kindRead, "get", "key"), "$1 v")
	slices.Sort(a.of)
	return a.of
}

func TestRoundsAskAMajority(t *testing.T) {
	for _, nodes := range []int{3, 5} {
		a := newAsking(t, nodes)
		a.c.tick(confirmersTicks)
		all, some := a.read(), a.read()
		if len(all) != nodes-1 || len(some) != nodes/2 {
			t.Errorf("%d nodes: %v and then %v were asked", nodes, all, some)
		}
		for range 10 {
			if again := a.read(); !slices.Equal(again, some) {
				t.Errorf("%d nodes: %v were asked after %v", nodes, again, some)
			}
		}
		a.c.tick(confirmersTicks)
		if again := a.read(); len(again) != nodes-1 {
			t.Errorf("%d nodes: only %v were asked after a while", nodes, again)
		}
	}
}

// A confirmer that does not answer costs a few ticks, one whose node is known to be gone none, and either is not asked
// again.
func TestReadsGoOnWithoutTheirConfirmer(t *testing.T) {
	for _, known := range []bool{false, true} {
		a := newAsking(t, 3)
		a.read()
		confirmer := a.c.nodes[a.read()[0]-1]
		a.c.net.cut(a.lead, confirmer)
		p := a.c.send(a.lead, kindRead, "get", "key")
		a.c.settle()
		if p.String() == "$1 v" {
			t.Fatal("the round was confirmed without its confirmer")
		}
		if known {
			a.lead.system.Root.Send(a.lead.handle.PID, &PeerDown{Node: confirmer.id})
		} else {
			a.c.tick(confirmPatience + 1)
		}
		a.c.must(p, "$1 v")
		if !known {
			a.c.tick(heartbeatTicks + confirmPatience + 1) // the heartbeat of the clock may have done
		}
		a.read()
		if next := a.read(); len(next) != 1 || next[0] == confirmer.i {
			t.Errorf("after n%d was cut off %v are asked", confirmer.i, next)
		}
	}
}

// An answer that comes after all were asked again still counts: on slow links each would else be too late.
func TestLateAnswerConfirms(t *testing.T) {
	a := newAsking(t, 3)
	hold := func(hold, answers bool) {
		for _, n := range a.c.nodes {
			from, to := a.lead, n
			if answers {
				from, to = to, from
			}
			if n != a.lead {
				a.c.net.pipe(from.i, to.i, false).stuck = hold
			}
		}
	}
	a.read()
	a.read()
	hold(true, true)
	p := a.c.send(a.lead, kindRead, "get", "key")
	a.c.settle()
	hold(true, false)
	a.c.tick(confirmPatience + 1)
	hold(false, true)
	a.c.must(p, "$1 v")
}

// A follower that answers late what it was asked before is none of the quick ones.
func TestConfirmerIsReplacedUnderLoad(t *testing.T) {
	a := newAsking(t, 3)
	a.c.tick(confirmersTicks)
	a.read()
	slow := a.c.nodes[a.read()[0]-1]
	back := a.c.net.pipe(slow.i, a.lead.i, false)
	back.stuck = true
	open := a.c.send(a.lead, kindRead, "get", "key")
	a.c.settle()
	a.c.tick(confirmPatience + 1) // everyone is asked for it
	a.c.must(open, "$1 v")
	back.stuck = false
	a.c.settle()
	if next := a.read(); len(next) != 1 || next[0] == slow.i {
		t.Errorf("n%d was slow, and %v are asked", slow.i, next)
	}
}

// Nobody confirms for a majority that is no more.
func TestRoundsOfAnotherConfigurationAskAll(t *testing.T) {
	a := newAsking(t, 4)
	a.c.tick(confirmersTicks)
	a.read()
	if some := a.read(); len(some) != 2 {
		t.Fatalf("%v were asked", some)
	}
	gone := a.c.nodes[a.of[0]-1]
	a.c.change(a.lead, Change{Remove: []uint64{uint64(gone.i)}})
	if all := a.read(); slices.Contains(all, gone.i) || len(all) != 2 {
		t.Errorf("%v were asked once n%d had gone", all, gone.i)
	}
}
