package pubsub

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"pgregory.net/rapid"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
	"github.com/troupedb/troupe/wire/resp"
)

// listener is a client that keeps what it is sent.
type listener struct {
	name   string
	got    []string
	full   bool // it can take no more
	counts [kinds]int
	bytes  int64
}

func (l *listener) Deliver(push []byte) bool {
	v, _, err := resp.ParseReply(push)
	if err != nil || v.Kind != resp.Push {
		panic(fmt.Sprintf("no push: %q", push))
	}
	var words []string
	for _, i := range v.Items {
		if i.Kind == resp.Integer {
			words = append(words, fmt.Sprint(i.Int))
		} else {
			words = append(words, string(i.Str))
		}
	}
	l.got = append(l.got, strings.Join(words, " "))
	return !l.full
}

func (l *listener) Count(kind Kind, n int, bytes int64) { l.counts[kind], l.bytes = n, bytes }

// take empties what was sent.
func (l *listener) take() string {
	got := strings.Join(l.got, ", ")
	l.got = nil
	return got
}

// stage is a broker without actors around it: its turns are calls.
type stage struct {
	t      *testing.T
	b      *Broker
	away   map[uint16]bool // slots of shards without a replica here
	remote map[slotmap.NodeID][]*wire.Publish
}

var nodeA, nodeB = slotmap.NodeID{1}, slotmap.NodeID{2}

func newStage(t *testing.T) *stage {
	s := &stage{t: t, away: map[uint16]bool{}, remote: map[slotmap.NodeID][]*wire.Publish{}}
	system := actor.NewActorSystem()
	t.Cleanup(system.Shutdown)
	for _, node := range []slotmap.NodeID{nodeB, nodeA} {
		// What goes to another node is seen where its link would take it.
		system.ProcessRegistry.RegisterAddressResolver(func(pid *actor.PID) (actor.Process, bool) {
			return wireTo{s, node}, pid.Address == node.String()
		})
	}
	s.b = New(Config{
		System: system, Serves: func(slot uint16) bool { return !s.away[slot] },
		Members: func(uint16) []slotmap.NodeID { return []slotmap.NodeID{nodeB} },
	})
	return s
}

type wireTo struct {
	s    *stage
	node slotmap.NodeID
}

func (w wireTo) SendUserMessage(pid *actor.PID, m any) {
	if pid.Id != Name {
		w.s.t.Errorf("sent to %v", pid)
	}
	w.s.remote[w.node] = append(w.s.remote[w.node], m.(*wire.Publish))
}
func (wireTo) SendSystemMessage(*actor.PID, any) {}
func (wireTo) Stop(*actor.PID)                   {}

func (s *stage) change(c Subscriber, kind Kind, leave bool, names ...string) string {
	var out []string
	s.b.change(&Change{Client: c, Kind: kind, Leave: leave, Names: names, Done: func(changed []Changed) {
		for _, c := range changed {
			out = append(out, fmt.Sprintf("%s%d", c.Name, c.Count))
		}
	}})
	return strings.Join(out, " ")
}

func (s *stage) publish(shard bool, channel string) int {
	n := -1
	s.b.publish(&Publish{Shard: shard, Channel: channel, Payload: []byte("x"), Done: func(sent int) { n = sent }})
	return n
}

func TestChanges(t *testing.T) {
	s, c := newStage(t), &listener{}
	for _, step := range []struct{ got, want string }{
		{s.change(c, Channel, false, "a", "b", "a"), "a1 b2 a2"},
		{s.change(c, Pattern, false, "a*"), "a*3"},
		{s.change(c, Shard, false, "a"), "a1"},
		{s.change(c, Channel, true, "c"), "c3"},
		{fmt.Sprint(s.publish(false, "a"), s.publish(false, "b"), s.publish(false, "ab"), s.publish(true, "a")), "2 1 1 1"},
		{c.take(), "message a x, pmessage a* a x, message b x, pmessage a* ab x, smessage a x"},
		{s.change(c, Channel, true), "a2 b1"},
		{s.change(c, Channel, true), "1"},
		{fmt.Sprint(c.counts), "[0 1 1]"},
	} {
		if step.got != step.want {
			t.Errorf("%q, want %q", step.got, step.want)
		}
	}
	s.b.forget(&Forget{Client: c})
	if s.publish(false, "a")+s.publish(true, "a") != 0 || len(s.b.table.clients) != 0 || c.counts != [kinds]int{} {
		t.Error("a client that is gone is known")
	}
}

// TestSubscriptionsAreBounded: a client whose subscriptions take what they may joins nothing more, not even in part,
// until it leaves some; so it is for all clients together.
func TestSubscriptionsAreBounded(t *testing.T) {
	s, c, d, e := newStage(t), &listener{}, &listener{}, &listener{}
	const each = perName + 1
	s.b.table.perClient, s.b.table.perTable = 3*each, 5*each
	for _, step := range []struct{ got, want string }{
		{s.change(c, Channel, false, "a", "b"), "a1 b2"},
		{s.change(c, Pattern, false, "c", "d"), ""},
		{s.change(c, Pattern, false, "c"), "c3"},
		{s.change(c, Channel, false, "e"), ""},
		{s.change(c, Channel, false, "a"), "a3"},
		{s.change(d, Shard, false, "a", "b"), "a1 b2"},
		{s.change(d, Shard, false, "c"), ""},
		{s.change(e, Channel, false, "a"), ""},
		{fmt.Sprint(c.bytes, d.bytes, e.bytes, s.b.table.bytes), fmt.Sprint(3*each, 2*each, 0, 5*each)},
		{s.change(c, Channel, true, "a"), "a2"},
		{s.change(c, Channel, false, "longer"), ""},
		{s.change(e, Channel, false, "a"), "a1"},
		{s.change(c, Channel, true), "b1"},
		{fmt.Sprint(c.bytes), fmt.Sprint(each)},
	} {
		if step.got != step.want {
			t.Errorf("%q, want %q", step.got, step.want)
		}
	}
	for _, c := range []*listener{c, d, e} {
		s.b.forget(&Forget{Client: c})
	}
	if s.b.table.bytes != 0 || c.bytes != 0 {
		t.Errorf("%d bytes, %d of a client that is gone", s.b.table.bytes, c.bytes)
	}
}

// TestBetweenNodes: a message goes to every node that a link leads to, one to a shard channel to those of its shard.
func TestBetweenNodes(t *testing.T) {
	s, c := newStage(t), &listener{}
	for _, node := range []slotmap.NodeID{nodeB, nodeA, nodeB} {
		s.b.up(node)
	}
	s.publish(false, "a")
	s.publish(true, "a")
	if len(s.remote[nodeA]) != 1 || len(s.remote[nodeB]) != 2 || !s.remote[nodeB][1].Shard {
		t.Errorf("sent %v", s.remote)
	}
	s.change(c, Channel, false, "a")
	s.b.here(s.remote[nodeA][0].Shard, s.remote[nodeA][0].Channel, s.remote[nodeA][0].Payload)
	if got := c.take(); got != "message a x" || len(s.remote[nodeA]) != 1 {
		t.Errorf("%q, and on: %v", got, s.remote)
	}
	s.b.peers = slices.DeleteFunc(s.b.peers, func(p peer) bool { return p.node == (&link.Down{Node: nodeA}).Node })
	if s.publish(false, "a"); len(s.remote[nodeA]) != 1 {
		t.Error("sent over a link that is down")
	}
}

func TestRerouted(t *testing.T) {
	s, c := newStage(t), &listener{}
	s.change(c, Shard, false, "{a}1", "{a}2", "{b}1")
	s.b.rerouted()
	if got := c.take(); got != "" {
		t.Errorf("%q though all is served", got)
	}
	s.away[slotmap.Slot([]byte("a"))] = true
	s.b.rerouted()
	if got := c.take(); got != "sunsubscribe {a}1 2, sunsubscribe {a}2 1" || c.counts[Shard] != 1 {
		t.Errorf("%q, %v", got, c.counts)
	}
}

// TestFullClientIsForgotten: who takes nothing is sent nothing more.
func TestFullClientIsForgotten(t *testing.T) {
	s, slow, quick := newStage(t), &listener{full: true}, &listener{}
	for _, c := range []*listener{slow, quick} {
		s.change(c, Channel, false, "a")
		s.change(c, Pattern, false, "*")
	}
	if n := s.publish(false, "a"); n != 2 || len(slow.got) != 1 || s.publish(false, "a") != 2 || len(slow.got) != 1 {
		t.Errorf("%d; %v", n, slow.got)
	}
}

func TestEvents(t *testing.T) {
	s, c := newStage(t), &listener{}
	s.change(c, Pattern, false, "__key*__:*")
	s.b.up(nodeA)
	list := []keyspace.Event{{Name: "set", Key: "k"}}
	s.b.events(&Events{ByKey: true, List: list, Done: func() {}})
	s.b.events(&Events{ByEvent: true, List: list, Done: func() {}})
	want := "pmessage __key*__:* __keyspace@0__:k set, pmessage __key*__:* __keyevent@0__:set k"
	if got := c.take(); got != want || len(s.remote) != 0 {
		t.Errorf("%q, and to others %v", got, s.remote)
	}
}

func TestQuery(t *testing.T) {
	s, c, d := newStage(t), &listener{}, &listener{}
	s.change(c, Channel, false, "a", "ab")
	s.change(d, Channel, false, "ab")
	ask := func(q *Query) (text string) {
		q.Done = func(names []string, counts []int) { text = fmt.Sprint(names, counts) }
		s.b.query(q)
		return text
	}
	for q, want := range map[*Query]string{
		{Kind: Channel}:                                "[a ab] []",
		{Kind: Channel, Pattern: []byte("?b")}:         "[ab] []",
		{Kind: Shard}:                                  "[] []",
		{Kind: Channel, Names: []string{"ab", "none"}}: "[ab none] [2 0]",
	} {
		if got := ask(q); got != want {
			t.Errorf("%+v: %s, want %s", q, got, want)
		}
	}
	s.b.show()
	if st := s.b.Stats(); st != (Stats{Channels: 2, Clients: 2}) {
		t.Errorf("%+v", st)
	}
}

// TestTableIsAsAModel compares the table with plain sets.
func TestTableIsAsAModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table, model := newTable(), map[string]bool{}
		clients := []*listener{{name: "x"}, {name: "y"}, {name: "z"}}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			c := rapid.SampledFrom(clients).Draw(t, "client")
			kind, name := Kind(rapid.IntRange(0, int(kinds)-1).Draw(t, "kind")), rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "name")
			key := func(k Kind, n string) string { return fmt.Sprint(c.name, k, n) }
			switch rapid.IntRange(0, 5).Draw(t, "do") {
			case 0:
				table.forget(c)
				for k := range kinds {
					for _, n := range []string{"a", "b", "c"} {
						delete(model, key(k, n))
					}
				}
			case 1, 2:
				table.leave(c, kind, name)
				delete(model, key(kind, name))
			default:
				table.join(c, kind, name)
				model[key(kind, name)] = true
			}
			compare(t, &table, model, clients)
		}
	})
}

func compare(t *rapid.T, table *table, model map[string]bool, clients []*listener) {
	found := 0
	for kind := range kinds {
		for _, name := range table.names[kind].list {
			members := table.subscribers(kind, name)
			if len(members) == 0 {
				t.Fatalf("%q is kept without subscribers", name)
			}
			for _, m := range members {
				if found++; !model[fmt.Sprint(m.(*listener).name, kind, name)] || !slices.Contains(table.namesOf(m, kind), name) {
					t.Fatalf("%v is subscribed to %q", m, name)
				}
			}
		}
	}
	own := 0
	for _, c := range clients {
		own += table.count(c, Channel) + table.count(c, Pattern) + table.count(c, Shard)
	}
	if found != len(model) || own != len(model) {
		t.Fatalf("%d subscriptions, %d by client, want %d", found, own, len(model))
	}
}
